// Any bytes are a lease or a typed error; what was read is written back as the very same bytes.
#include <cstdint>
#include <string_view>

#include "hal/base/invariant.h"
#include "licd/wire/lease_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tillhost;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto lease = licd::wire::LeaseText::read(text)) {
        const auto again = lease->text();
        INVARIANT(again && *again == text);
    }
    return 0;
}
