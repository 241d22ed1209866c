#include "hal/base/ids.h"

#include "hal/base/bytes.h"

namespace tillhost::base {

OperationId OperationId::make(std::uint64_t unix_ms, const std::array<std::uint64_t, 2>& random) {
    OperationId id;
    for (std::size_t i = 0; i < 6; ++i) {
        id.bytes_[i] = static_cast<std::uint8_t>(unix_ms >> (8 * (5 - i)));
    }
    for (std::size_t i = 0; i < 10; ++i) {
        id.bytes_[6 + i] = static_cast<std::uint8_t>(random[i / 8] >> (8 * (i % 8)));
    }
    id.bytes_[6] = static_cast<std::uint8_t>(0x70 | (id.bytes_[6] & 0x0F));
    id.bytes_[8] = static_cast<std::uint8_t>(0x80 | (id.bytes_[8] & 0x3F));
    return id;
}

Result<OperationId> OperationId::from_bytes(const std::array<std::uint8_t, 16>& bytes) {
    if ((bytes[6] & 0xF0) != 0x70 || (bytes[8] & 0xC0) != 0x80) {
        return bad_field("operation_id", "a UUID of version 7");
    }
    OperationId id;
    id.bytes_ = bytes;
    return id;
}

Result<OperationId> OperationId::from_text(std::string_view text) {
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash != (text[i] == '-')) {
            return bad_field("operation_id", "a UUID such as 0190b8f2-7c1e-7a00-8000-000000000001");
        }
        if (!dash) {
            digits += text[i];
        }
    }
    const auto raw = from_hex(digits);
    if (!raw || raw->size() != 16) {
        return bad_field("operation_id", "a UUID such as 0190b8f2-7c1e-7a00-8000-000000000001");
    }
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(to_unsigned((*raw)[i]));
    }
    return from_bytes(bytes);
}

std::string OperationId::to_text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += kDigits[bytes_[i] >> 4];
        text += kDigits[bytes_[i] & 0x0F];
    }
    return text;
}

std::uint64_t OperationId::unix_ms() const {
    std::uint64_t ms = 0;
    for (std::size_t i = 0; i < 6; ++i) {
        ms = ms << 8 | bytes_[i];
    }
    return ms;
}

}  // namespace tillhost::base
