// Claim: no bytes from a till break the simulated terminal, on a socket and on a serial line.
// Shown by giving it any bytes, cut into pieces with pauses, confirmations and lost lines between.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "simulators/payment/zvt/link.h"
#include "simulators/payment/zvt/terminal.h"

namespace zvt = tillhost::simulators::zvt;
namespace base = tillhost::base;
namespace os = tillhost::os;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kPieceBytesMax = 64;
    base::ByteReader reader(std::as_bytes(std::span(data, size)));
    const bool tcp = (reader.u8() & 1U) == 0;
    const auto terminal = zvt::make_zvt_terminal({.needs_registration = false, .tcp = tcp});
    const base::Bytes confirmation = zvt::encode_apdu({.command = 0x8000});
    os::Instant now{};
    while (reader.left() != 0) {
        const unsigned head = reader.u8();
        const base::ByteView piece =
            reader.take(std::min<std::size_t>(head % kPieceBytesMax, reader.left()));
        (*terminal)->receive(tcp || (head & 0x80U) == 0 ? base::Bytes(piece.begin(), piece.end())
                                                        : zvt::encode_frame(piece),
                             now);
        now += std::chrono::milliseconds((head & 0x40U) != 0 ? 3000 : 40);
        (*terminal)->advance(now);
        if (head == 0xFF) {
            (*terminal)->line_closed(now);
            (*terminal)->line_opened(now);
        }
        (*terminal)->receive(tcp ? confirmation : zvt::encode_frame(confirmation), now);
        (*terminal)->take_output();
    }
    return 0;
}
