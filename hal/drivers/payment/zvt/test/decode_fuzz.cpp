// Any bytes are named, byte for byte.
#include "hal/drivers/payment/zvt/decode.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using tillhost::device::Sender;
    const auto bytes = std::as_bytes(std::span(data, size));
    std::size_t next = 0;
    for (const auto& field : tillhost::drivers::zvt::decode(bytes, Sender::unknown)) {
        INVARIANT(field.offset == next);
        next += field.length;
    }
    INVARIANT(next == size);
    return 0;
}
