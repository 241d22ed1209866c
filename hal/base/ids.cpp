#include "hal/base/ids.h"

#include <charconv>
#include <system_error>

namespace tillhost::base {
namespace {

// 8-4-4-4-12 digits: no byte is cut by a dash.
constexpr std::size_t kTextLength = 36;
constexpr bool is_dash(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

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
    bool good = text.size() == kTextLength;
    std::array<std::uint8_t, 16> bytes{};
    std::size_t at = 0;
    for (std::size_t i = 0; good && i < bytes.size(); ++i) {
        if (is_dash(at)) {
            good = text[at++] == '-';
        }
        const char* const end = text.data() + at + 2;
        const auto [stop, error] = std::from_chars(text.data() + at, end, bytes[i], 16);
        good = good && error == std::errc() && stop == end;
        at += 2;
    }
    if (!good) {
        return bad_field("operation_id", "a UUID such as 0190b8f2-7c1e-7a00-8000-000000000001");
    }
    return from_bytes(bytes);
}

std::string OperationId::to_text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text(kTextLength, '-');
    std::size_t at = 0;
    for (const std::uint8_t byte : bytes_) {
        at += is_dash(at) ? 1 : 0;
        text[at++] = kDigits[byte >> 4];
        text[at++] = kDigits[byte & 0x0F];
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
