#include "simulators/services/exchange/text.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <optional>

#include "hal/base/ids.h"
#include "hal/base/text.h"
#include "hal/os/random.h"

namespace tillhost::simulators::exchange {
namespace {

using base::ErrorCode;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::int64_t kMsASecond = 1000;
constexpr std::int64_t kSecondsADay = 86'400;

base::Error malformed(std::string_view what) {
    return base::make_error(ErrorCode::malformed, std::string(what));
}

/// So many digits from there on, or nothing.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
    int number = 0;
    const char* end = text.data() + at + count;
    if (at + count > text.size()) {
        return std::nullopt;
    }
    const auto [stop, error] = std::from_chars(text.data() + at, end, number);
    return error == std::errc{} && stop == end && text[at] != '-' ? std::optional(number)
                                                                  : std::nullopt;
}

/// Minutes that "Z" or "+03:00" is ahead.
std::optional<int> offset_read(std::string_view text) {
    if (text == "Z") {
        return 0;
    }
    const auto hours = digits(text, 1, 2);
    const auto minutes = digits(text, 4, 2);
    if (text.size() != 6 || !hours || !minutes || (text[0] != '+' && text[0] != '-')) {
        return std::nullopt;
    }
    return (text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
}

}  // namespace

std::string base64_of(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            group =
                group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            const bool there = i + k <= bytes.size();
            text += there ? kBase64[group >> (18 - 6 * k) & 63U] : '=';
        }
    }
    return text;
}

base::Result<std::string> base64_read(std::string_view text) {
    std::string bytes;
    std::uint32_t group = 0;
    int bits = 0;
    bool ended = false;
    for (const char one : text) {
        if (std::isspace(static_cast<unsigned char>(one)) != 0) {
            continue;
        }
        const auto place = kBase64.find(one);
        ended = ended || one == '=';
        if (one == '=') {
            continue;
        }
        if (ended || place == std::string_view::npos) {
            return malformed("no base64");
        }
        group = group << 6 | static_cast<std::uint32_t>(place);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(group >> bits & 255U);
        }
    }
    return bytes;
}

std::string moment_of(std::int64_t unix_ms) {
    using std::chrono::days;
    const std::int64_t seconds = unix_ms / kMsASecond;
    const std::chrono::sys_days day{days(seconds / kSecondsADay)};
    const std::chrono::year_month_day date(day);
    const std::int64_t rest = seconds % kSecondsADay;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+00:00", int(date.year()),
                       unsigned(date.month()), unsigned(date.day()), rest / 3600, rest / 60 % 60,
                       rest % 60, unix_ms % kMsASecond);
}

base::Result<std::int64_t> moment_read(std::string_view text) {
    constexpr std::size_t kSeconds = 19;
    std::array<std::optional<int>, 6> parts{digits(text, 0, 4),  digits(text, 5, 2),
                                            digits(text, 8, 2),  digits(text, 11, 2),
                                            digits(text, 14, 2), digits(text, 17, 2)};
    for (const auto& part : parts) {
        if (!part) {
            return malformed("no moment: " + std::string(text));
        }
    }
    std::int64_t ms = 0;
    std::size_t at = kSeconds;
    if (at < text.size() && text[at] == '.') {
        std::int64_t unit = 100;
        for (++at; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0;
             ++at) {
            ms += unit * (text[at] - '0');
            unit /= 10;
        }
    }
    const auto offset = offset_read(text.substr(at));
    const std::chrono::year_month_day date{std::chrono::year{*parts[0]},
                                           std::chrono::month{static_cast<unsigned>(*parts[1])},
                                           std::chrono::day{static_cast<unsigned>(*parts[2])}};
    if (!offset || !date.ok()) {
        return malformed("no moment: " + std::string(text));
    }
    const std::int64_t day = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t minutes = (day * 24 + *parts[3]) * 60 + *parts[4] - *offset;
    return (minutes * 60 + *parts[5]) * kMsASecond + ms;
}

std::string make_uuid(std::int64_t unix_ms) {
    return base::OperationId::make(static_cast<std::uint64_t>(unix_ms),
                                   {os::random_u64(), os::random_u64()})
        .to_text();
}

std::string money_of(std::int64_t minor) { return base::decimal_to_text(minor, 2); }

base::Result<std::int64_t> money_read(std::string_view text) {
    const auto decimal = base::parse_decimal(text);
    if (!decimal || decimal->scale > 2) {
        return malformed("no money: " + std::string(text));
    }
    std::int64_t units = decimal->units;
    for (int scale = decimal->scale; scale < 2; ++scale) {
        units *= 10;
    }
    return units;
}

std::uint64_t fingerprint(std::string_view text) {
    std::uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char one : text) {
        hash = (hash ^ static_cast<unsigned char>(one)) * 0x100000001B3ULL;
    }
    return hash;
}

std::string url_escaped(std::string_view text) {
    std::string escaped;
    for (const char one : text) {
        const auto byte = static_cast<unsigned char>(one);
        const bool plain =
            std::isalnum(byte) != 0 || std::string_view("-._~").find(one) != std::string_view::npos;
        escaped += plain ? std::string(1, one) : fmt::format("%{:02X}", byte);
    }
    return escaped;
}

base::Result<std::string> url_read(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            plain += text[i];
            continue;
        }
        unsigned byte = 0;
        const char* end = text.data() + std::min(i + 3, text.size());
        const auto [stop, error] = std::from_chars(text.data() + i + 1, end, byte, 16);
        if (error != std::errc{} || stop != text.data() + i + 3) {
            return malformed("no %XX");
        }
        plain += static_cast<char>(byte);
        i += 2;
    }
    return plain;
}

}  // namespace tillhost::simulators::exchange
