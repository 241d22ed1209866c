#pragma once

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::drivers::shtrih {

// The standard lower level ("KKT with FN protocol v1.17", chapter on the lower level):
//   02 | number of bytes of the message | message | exclusive or of all but 02
// and four single bytes between frames.
inline constexpr std::byte kStx{0x02};
inline constexpr std::byte kEnq{0x05};  ///< host asks: does an answer wait?
inline constexpr std::byte kAck{0x06};
inline constexpr std::byte kNak{0x15};
inline constexpr std::byte kFill{0xFF};  ///< sent by devices on TCP between frames; means nothing

inline constexpr std::size_t kMessageBytesMax = 255;
/// Bytes of a frame that are not its message.
inline constexpr std::size_t kFrameOverheadBytes = 3;

/// A message of 1 to 255 bytes as a frame.
base::Bytes encode_frame(base::ByteView message);

/// The message of exactly one frame. Errors: frame_damaged (no 02, length, checksum).
base::Result<base::Bytes> decode_frame(base::ByteView frame);

/// The message of exactly one frame of either link layer. Errors: frame_damaged.
base::Result<base::Bytes> message_of(base::ByteView frame);

}  // namespace tillhost::drivers::shtrih
