#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::base {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline std::byte byte(unsigned value) { return static_cast<std::byte>(value); }
inline unsigned to_unsigned(std::byte value) { return std::to_integer<unsigned>(value); }

/// The bytes of a text as they are, without any conversion of character sets.
Bytes bytes_of(std::string_view text);
std::string string_of(ByteView bytes);

/// "02 05 10": two upper-case digits a byte, one space between.
std::string to_hex(ByteView bytes);
/// Reads hex digits; spaces between bytes are allowed. Errors: bad_field (odd or foreign digits).
Result<Bytes> from_hex(std::string_view text);

/// Reads a frame from front to back. A read past the end sets failed() and gives zero, so that a
/// decoder reads all its fields and asks once; nothing is ever read outside the frame.
class ByteReader final {
public:
    explicit ByteReader(ByteView bytes) : rest_(bytes) {}

    std::uint8_t u8();
    std::uint16_t u16_le();
    std::uint32_t u32_le();
    std::uint64_t uint_le(std::size_t width);  ///< width 1…8
    std::uint64_t uint_be(std::size_t width);  ///< width 1…8
    ByteView take(std::size_t count);
    ByteView take_rest();

    std::size_t left() const { return rest_.size(); }
    bool failed() const { return failed_; }

private:
    ByteView rest_;
    bool failed_ = false;
};

/// Appends to a frame.
class ByteWriter final {
public:
    ByteWriter& u8(std::uint64_t value);
    ByteWriter& u16_le(std::uint64_t value);
    ByteWriter& u32_le(std::uint64_t value);
    ByteWriter& uint_le(std::uint64_t value, std::size_t width);  ///< width 1…8, low bytes kept
    ByteWriter& uint_be(std::uint64_t value, std::size_t width);
    ByteWriter& raw(ByteView bytes);
    ByteWriter& fill(std::byte value, std::size_t count);

    const Bytes& bytes() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }

private:
    Bytes bytes_;
};

}  // namespace tillhost::base
