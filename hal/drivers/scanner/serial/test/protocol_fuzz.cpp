// Any stream, torn anywhere, gives the same codes; each is within its bound.
#include <cstdint>

#include "hal/base/invariant.h"
#include "hal/drivers/scanner/serial/protocol.h"

namespace {

using namespace tillhost;
using namespace tillhost::drivers::serial;

std::vector<base::Bytes> take_all(Framer& framer) {
    std::vector<base::Bytes> frames;
    while (auto frame = framer.take()) {
        INVARIANT(!frame->empty());
        for (const AimMode mode : {AimMode::automatic, AimMode::on, AimMode::off}) {
            const auto code = read_code(*frame, mode);
            INVARIANT(!code || (!code->data.empty() && code->data.size() <= kCodeBytesMax));
        }
        frames.push_back(std::move(*frame));
    }
    return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3) {
        return 0;
    }
    Framing framing;
    framing.suffix = static_cast<Suffix>(data[0] % 6);
    framing.prefix.assign(data[1] % 3, std::byte{0x02});
    const base::ByteView bytes(reinterpret_cast<const std::byte*>(data) + 3, size - 3);
    const std::size_t cut = bytes.empty() ? 0 : data[2] % bytes.size();
    Framer whole(framing);
    whole.add(bytes);
    whole.quiet();
    Framer torn(framing);
    torn.add(bytes.first(cut));
    torn.add(bytes.subspan(cut));
    torn.quiet();
    INVARIANT(take_all(whole) == take_all(torn) && whole.dropped() == torn.dropped());
    INVARIANT(!whole.waiting());
    static_cast<void>(unescape({reinterpret_cast<const char*>(data), size}));
    return 0;
}
