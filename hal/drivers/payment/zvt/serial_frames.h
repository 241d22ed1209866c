#pragma once

#include <cstdint>

#include "hal/base/bytes.h"

namespace tillhost::drivers::zvt {

// Frames of the serial line (PA00P016): 10 02, the message with each 10 doubled, 10 03, CRC low and
// high byte. The CRC is over the message before the doubling and one byte 03; it is not doubled.

inline constexpr std::byte kStx{0x02};
inline constexpr std::byte kEtx{0x03};
inline constexpr std::byte kAck{0x06};
inline constexpr std::byte kDle{0x10};
inline constexpr std::byte kNak{0x15};

/// Reflected polynomial 8408h, begins with 0, not inverted ("CRC-16/KERMIT"): "123456789" is 2189h.
std::uint16_t crc_of(base::ByteView bytes);
/// The CRC that a message's frame carries.
std::uint16_t frame_crc_of(base::ByteView apdu);

base::Bytes encode_serial_frame(base::ByteView apdu);

/// What begins at the first byte of a line's traffic.
struct FrameFound {
    enum class State { none, partial, whole, damaged };
    State state = State::none;  ///< none: no frame begins here
    std::size_t length = 0;     ///< bytes that it takes; of a partial one all that are there
    base::Bytes apdu{};         ///< without doubling; of a damaged frame what could be read
    std::uint16_t crc = 0;      ///< as the frame says it; whole and damaged ones with an end
    bool has_crc = false;
};
/// Total. A frame is damaged if its CRC is wrong or if 10 stands before something else than 02, 03
/// and 10 (it is then as long as what was read of it).
FrameFound find_serial_frame(base::ByteView bytes);

/// Exactly one frame. Errors: frame_damaged.
base::Result<base::Bytes> decode_serial_frame(base::ByteView bytes);

}  // namespace tillhost::drivers::zvt
