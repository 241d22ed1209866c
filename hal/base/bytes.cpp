#include "hal/base/bytes.h"

#include <fmt/format.h>

#include <cstring>

namespace tillhost::base {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

}  // namespace

Bytes bytes_of(std::string_view text) {
    Bytes bytes(text.size());
    if (!text.empty()) {
        std::memcpy(bytes.data(), text.data(), text.size());
    }
    return bytes;
}

std::string string_of(ByteView bytes) {
    std::string text(bytes.size(), '\0');
    if (!bytes.empty()) {
        std::memcpy(text.data(), bytes.data(), bytes.size());
    }
    return text;
}

std::string to_hex(ByteView bytes) {
    std::string text;
    text.reserve(bytes.size() * 3);
    for (std::byte b : bytes) {
        if (!text.empty()) {
            text += ' ';
        }
        text += fmt::format("{:02X}", to_unsigned(b));
    }
    return text;
}

Result<Bytes> from_hex(std::string_view text) {
    Bytes bytes;
    int high = -1;
    for (char c : text) {
        const int digit = hex_digit(c);
        if (digit < 0) {
            const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
            if (blank && high < 0) {
                continue;
            }
            return bad_field("hex", "two hex digits a byte, spaces only between bytes");
        }
        if (high < 0) {
            high = digit;
            continue;
        }
        bytes.push_back(byte(static_cast<unsigned>(high * 16 + digit)));
        high = -1;
    }
    if (high >= 0) {
        return bad_field("hex", "an even number of digits");
    }
    return bytes;
}

ByteView ByteReader::take(std::size_t count) {
    if (failed_ || count > rest_.size()) {
        failed_ = true;
        rest_ = {};
        return {};
    }
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
}

ByteView ByteReader::take_rest() { return take(rest_.size()); }

std::uint64_t ByteReader::uint_le(std::size_t width) {
    INVARIANT(width >= 1 && width <= 8);
    std::uint64_t value = 0;
    std::size_t shift = 0;
    for (std::byte b : take(width)) {
        value |= std::uint64_t{to_unsigned(b)} << shift;
        shift += 8;
    }
    return value;
}

std::uint64_t ByteReader::uint_be(std::size_t width) {
    INVARIANT(width >= 1 && width <= 8);
    std::uint64_t value = 0;
    for (std::byte b : take(width)) {
        value = value << 8 | to_unsigned(b);
    }
    return value;
}

std::uint8_t ByteReader::u8() { return static_cast<std::uint8_t>(uint_le(1)); }
std::uint16_t ByteReader::u16_le() { return static_cast<std::uint16_t>(uint_le(2)); }
std::uint32_t ByteReader::u32_le() { return static_cast<std::uint32_t>(uint_le(4)); }

ByteWriter& ByteWriter::u8(std::uint64_t value) { return uint_le(value, 1); }
ByteWriter& ByteWriter::u16_le(std::uint64_t value) { return uint_le(value, 2); }
ByteWriter& ByteWriter::u32_le(std::uint64_t value) { return uint_le(value, 4); }

ByteWriter& ByteWriter::uint_le(std::uint64_t value, std::size_t width) {
    INVARIANT(width >= 1 && width <= 8);
    for (std::size_t i = 0; i < width; ++i) {
        bytes_.push_back(byte(static_cast<unsigned>(value >> (8 * i) & 0xFF)));
    }
    return *this;
}

ByteWriter& ByteWriter::uint_be(std::uint64_t value, std::size_t width) {
    INVARIANT(width >= 1 && width <= 8);
    for (std::size_t i = width; i > 0; --i) {
        bytes_.push_back(byte(static_cast<unsigned>(value >> (8 * (i - 1)) & 0xFF)));
    }
    return *this;
}

ByteWriter& ByteWriter::raw(ByteView bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
}

ByteWriter& ByteWriter::fill(std::byte value, std::size_t count) {
    bytes_.insert(bytes_.end(), count, value);
    return *this;
}

}  // namespace tillhost::base
