#include "hal/drivers/payment/zvt/serial_frames.h"

namespace tillhost::drivers::zvt {
namespace {

constexpr std::size_t kCrcBytes = 2;

std::uint16_t crc_step(std::uint16_t crc, std::byte value) {
    constexpr unsigned kPolynomial = 0x8408;
    unsigned sum = crc ^ base::to_unsigned(value);
    for (int bit = 0; bit < 8; ++bit) {
        sum = (sum & 1U) != 0 ? sum >> 1 ^ kPolynomial : sum >> 1;
    }
    return static_cast<std::uint16_t>(sum);
}

}  // namespace

std::uint16_t crc_of(base::ByteView bytes) {
    std::uint16_t crc = 0;
    for (const std::byte value : bytes) {
        crc = crc_step(crc, value);
    }
    return crc;
}

std::uint16_t frame_crc_of(base::ByteView apdu) { return crc_step(crc_of(apdu), kEtx); }

base::Bytes encode_serial_frame(base::ByteView apdu) {
    base::Bytes frame{kDle, kStx};
    for (const std::byte value : apdu) {
        frame.push_back(value);
        if (value == kDle) {
            frame.push_back(kDle);
        }
    }
    base::ByteWriter tail;
    tail.raw(base::Bytes{kDle, kEtx}).u16_le(frame_crc_of(apdu));
    frame.insert(frame.end(), tail.bytes().begin(), tail.bytes().end());
    return frame;
}

FrameFound find_serial_frame(base::ByteView bytes) {
    FrameFound found;
    if (bytes.size() < 2 || bytes[0] != kDle || bytes[1] != kStx) {
        const bool begins = bytes.size() == 1 && bytes[0] == kDle;
        found.state = begins ? FrameFound::State::partial : FrameFound::State::none;
        found.length = begins ? 1 : 0;
        return found;
    }
    std::size_t at = 2;
    found.state = FrameFound::State::partial;
    while (at < bytes.size()) {
        if (bytes[at] != kDle) {
            found.apdu.push_back(bytes[at++]);
            continue;
        }
        if (at + 1 == bytes.size()) {
            break;
        }
        if (bytes[at + 1] == kDle) {
            found.apdu.push_back(kDle);
            at += 2;
            continue;
        }
        if (bytes[at + 1] != kEtx) {
            found.state = FrameFound::State::damaged;
            found.length = at;
            return found;
        }
        if (bytes.size() < at + 2 + kCrcBytes) {
            break;
        }
        base::ByteReader tail(bytes.subspan(at + 2, kCrcBytes));
        found.crc = tail.u16_le();
        found.has_crc = true;
        found.length = at + 2 + kCrcBytes;
        found.state = found.crc == frame_crc_of(found.apdu) ? FrameFound::State::whole
                                                            : FrameFound::State::damaged;
        return found;
    }
    found.length = bytes.size();
    return found;
}

base::Result<base::Bytes> decode_serial_frame(base::ByteView bytes) {
    FrameFound found = find_serial_frame(bytes);
    if (found.state != FrameFound::State::whole || found.length != bytes.size()) {
        return base::make_error(base::ErrorCode::frame_damaged, "no whole frame with a right sum");
    }
    return std::move(found.apdu);
}

}  // namespace tillhost::drivers::zvt
