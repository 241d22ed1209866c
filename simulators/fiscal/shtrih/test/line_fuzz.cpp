// Claim: no bytes from a host break the simulated registrar. Shown by giving it any bytes, cut into
// pieces with pauses between, and by putting any message behind a good frame.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "simulators/fiscal/shtrih/link.h"
#include "simulators/fiscal/shtrih/memory.h"
#include "simulators/fiscal/shtrih/registrar.h"

namespace shtrih = tillhost::simulators::shtrih;
namespace base = tillhost::base;
namespace os = tillhost::os;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kPieceBytesMax = 64;
    const base::ByteView input = std::as_bytes(std::span(data, size));
    shtrih::decode_memory(input);
    (void)shtrih::decode_frame(input);

    auto device = shtrih::make_shtrih_registrar({});
    os::Instant now{};
    base::ByteReader reader(input);
    std::uint16_t number = shtrih::kFirstNumber;
    while (reader.left() != 0) {
        const unsigned head = reader.u8();
        const std::size_t length = std::min<std::size_t>(head % kPieceBytesMax, reader.left());
        const base::ByteView piece = reader.take(length);
        if ((head & 0x90U) == 0x90U && length > 0) {
            const shtrih::Frame2 frame{.number = ++number, .data = {piece.begin(), piece.end()}};
            (*device)->receive(shtrih::encode_frame2(frame), now);
        } else if ((head & 0x80U) != 0 && length > 0) {
            (*device)->receive(shtrih::encode_frame(piece), now);
        } else {
            (*device)->receive(piece, now);
        }
        now += std::chrono::milliseconds((head & 0x40U) != 0 ? 2000 : 40);
        (*device)->advance(now);
        (*device)->receive(std::array{shtrih::kAck}, now);
        (*device)->take_output();
    }
    return 0;
}
