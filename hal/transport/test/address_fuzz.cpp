// Any text is an address or a typed error; an address survives being written and read again.
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/transport/address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto parsed = transport::parse_address(text);
    if (parsed) {
        const auto again = transport::parse_address(transport::to_text(*parsed));
        // A path near the limit may grow past it when the default speed is written out.
        INVARIANT(again ? *again == *parsed : text.size() + 16 > transport::kAddressBytesMax);
    } else {
        INVARIANT(parsed.error().code == base::ErrorCode::bad_field);
    }
    return 0;
}
