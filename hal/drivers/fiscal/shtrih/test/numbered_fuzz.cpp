#include "hal/drivers/fiscal/shtrih/frames_numbered.h"

namespace shtrih = tillhost::drivers::shtrih;

/// Whatever comes over the line, only what is written the same is a frame, and a whole frame behind
/// any junk is found.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    shtrih::NumberedReader reader;
    for (const std::byte value : bytes) {
        if (const auto frame = reader.feed(value)) {
            const auto line = shtrih::encode_numbered(*frame);
            const auto again = shtrih::decode_numbered(line);
            INVARIANT(again && *again == *frame);
        }
    }
    if (const auto frame = shtrih::decode_numbered(bytes)) {
        const auto line = shtrih::encode_numbered(*frame);
        INVARIANT(std::equal(line.begin(), line.end(), bytes.begin(), bytes.end()));
    }
    std::optional<shtrih::NumberedFrame> last;
    for (const std::byte value : shtrih::encode_numbered({7, {std::byte{0x8F}}})) {
        last = reader.feed(value);
    }
    INVARIANT(last && last->number == 7);
    return 0;
}
