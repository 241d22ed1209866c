// Any bytes in any pieces are settled whole, at the same length; to do it twice changes nothing.
#include "hal/drivers/printer/escpos/redactor.h"

#include "hal/base/invariant.h"

using namespace tillhost;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    for (const auto way : {transport::Way::to_device, transport::Way::from_device}) {
        base::Bytes once(bytes.begin(), bytes.end());
        INVARIANT(drivers::escpos::make_redactor()->settle(way, once, true) == size);
        base::Bytes twice = once;
        INVARIANT(drivers::escpos::make_redactor()->settle(way, twice, true) == size);
        INVARIANT(once == twice);
        transport::Masker masker(drivers::escpos::make_redactor());
        std::size_t settled = 0;
        for (std::size_t at = 0; at < size; at += 3) {
            settled +=
                masker.add(way, bytes.subspan(at, std::min<std::size_t>(3, size - at))).size();
        }
        settled += masker.finish(way).size();
        INVARIANT(settled == size);
    }
    return 0;
}
