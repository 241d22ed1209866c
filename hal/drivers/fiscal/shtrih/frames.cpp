#include "hal/drivers/fiscal/shtrih/frames.h"

#include <fmt/format.h>

#include "hal/codec/checksum.h"
#include "hal/drivers/fiscal/shtrih/frames_numbered.h"

namespace tillhost::drivers::shtrih {

base::Bytes encode_frame(base::ByteView message) {
    INVARIANT(!message.empty() && message.size() <= kMessageBytesMax);
    base::ByteWriter writer;
    writer.u8(base::to_unsigned(kStx)).u8(message.size()).raw(message);
    const base::ByteView summed = base::ByteView(writer.bytes()).subspan(1);
    const std::byte sum = codec::lrc_of(summed);
    writer.u8(base::to_unsigned(sum));
    return writer.take();
}

base::Result<base::Bytes> decode_frame(base::ByteView frame) {
    const auto damaged = [&](std::string_view why) {
        return base::make_error(base::ErrorCode::frame_damaged,
                                fmt::format("{}: {}", why, base::to_hex(frame)));
    };
    if (frame.size() < kFrameOverheadBytes + 1 || frame[0] != kStx) {
        return damaged("no frame");
    }
    if (base::to_unsigned(frame[1]) + kFrameOverheadBytes != frame.size()) {
        return damaged("wrong length");
    }
    const base::ByteView summed = frame.subspan(1, frame.size() - 2);
    if (codec::lrc_of(summed) != frame.back()) {
        return damaged("wrong checksum");
    }
    const base::ByteView message = summed.subspan(1);
    return base::Bytes(message.begin(), message.end());
}

base::Result<base::Bytes> message_of(base::ByteView frame) {
    if (frame.empty() || frame[0] != kNumberedStart) {
        return decode_frame(frame);
    }
    NumberedFrame numbered = TRY(decode_numbered(frame));
    return std::move(numbered.message);
}

}  // namespace tillhost::drivers::shtrih
