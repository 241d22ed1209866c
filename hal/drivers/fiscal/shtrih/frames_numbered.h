#pragma once

#include <cstdint>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::drivers::shtrih {

// The alternative lower level ("KKT with FN protocol v1.17", chapter on lower level, variant 2):
//   8F | LEN | NUM | message | CRC           all numbers of two bytes, low byte first
// LEN counts NUM and message; CRC-16/CCITT-FALSE covers LEN, NUM and message. Behind 8F a byte 8F
// is written 9F 81 and a byte 9F is written 9F 83, so that 8F always begins a frame. There are no
// bytes between frames.
inline constexpr std::byte kNumberedStart{0x8F};
inline constexpr std::byte kStuffing{0x9F};
inline constexpr std::byte kStuffedStart{0x81};
inline constexpr std::byte kStuffedStuffing{0x83};

/// LEN has two bytes, but no device is known to send more than this.
inline constexpr std::size_t kNumberedMessageBytesMax = 2048;

/// LEN 0 is a ping, which has neither number nor message; LEN 2 is an empty numbered frame.
struct NumberedFrame {
    std::optional<std::uint16_t> number{};
    base::Bytes message{};

    bool is_ping() const { return !number; }
    friend bool operator==(const NumberedFrame&, const NumberedFrame&) = default;
};

/// A frame as it goes over the line. A ping has no message.
base::Bytes encode_numbered(const NumberedFrame& frame);

/// Exactly one frame. Errors: frame_damaged (no 8F, stuffing, length, checksum, more behind it).
base::Result<NumberedFrame> decode_numbered(base::ByteView bytes);

/// Finds frames in a stream of bytes. A damaged one is dropped, as the protocol wants it; 8F begins
/// a new one wherever it comes.
class NumberedReader final {
public:
    /// The frame that this byte completes.
    std::optional<NumberedFrame> feed(std::byte value);
    /// A frame has begun and is not complete.
    bool inside() const { return inside_; }
    /// Silence: what has begun will not be completed.
    void abandon() { inside_ = false; }

private:
    bool take(std::byte value);

    base::Bytes frame_;  ///< LEN, NUM, message, CRC; not stuffed
    bool inside_ = false;
    bool stuffed_ = false;  ///< the last byte was 9F
};

}  // namespace tillhost::drivers::shtrih
