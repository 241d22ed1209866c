#include "hal/drivers/fiscal/shtrih/decode.h"

/// Any bytes are named, byte for byte.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using tillhost::device::Sender;
    const auto bytes = std::as_bytes(std::span(data, size));
    for (Sender sender : {Sender::unknown, Sender::host, Sender::device}) {
        std::size_t next = 0;
        for (const auto& field : tillhost::drivers::shtrih::decode(bytes, sender)) {
            INVARIANT(field.offset == next);
            next += field.length;
        }
        INVARIANT(next == size);
    }
    return 0;
}
