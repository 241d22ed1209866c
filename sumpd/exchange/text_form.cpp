#include "sumpd/exchange/text_form.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "hal/base/text.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::int64_t kMsADay = 86'400'000;
constexpr int kYearMin = 1970;
constexpr int kYearMax = 2199;
constexpr int kOffsetMinMax = 840;
constexpr std::size_t kFractionDigitsMax = 9;
constexpr std::int64_t kMomentMsMax = 7'258'118'400'000 - 1;  // the end of 2199
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_carried(char32_t c) {
    return c >= 0x20 ? c != 0xFFFE && c != 0xFFFF : c == '\t' || c == '\n' || c == '\r';
}

std::optional<std::int64_t> scaled_from(std::string_view text, int scale, std::int64_t max) {
    const auto value = base::parse_decimal(text);
    if (!value || value->scale > scale) {
        return std::nullopt;
    }
    std::int64_t units = value->units;
    for (int digits = value->scale; digits < scale; ++digits) {
        if (units > max || units < -max) {
            return std::nullopt;
        }
        units *= 10;
    }
    return units > max || units < -max ? std::nullopt : std::optional(units);
}

/// Takes a text apart from its front; the first thing that is not as expected fails it for good.
class Scanner final {
public:
    explicit Scanner(std::string_view rest) : rest_(rest) {}

    int digits(std::size_t count) {
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if (i >= rest_.size() || !is_digit(rest_[i])) {
                failed_ = true;
                return 0;
            }
            value = value * 10 + (rest_[i] - '0');
        }
        rest_.remove_prefix(count);
        return value;
    }
    void expect(char c) { failed_ = !take(c) || failed_; }
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    /// Whole milliseconds of a fraction behind the point.
    int fraction_ms() {
        const std::size_t length = static_cast<std::size_t>(
            std::find_if_not(rest_.begin(), rest_.end(), is_digit) - rest_.begin());
        failed_ = failed_ || length == 0 || length > kFractionDigitsMax;
        int ms = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            ms = ms * 10 + (i < length ? rest_[i] - '0' : 0);
        }
        rest_.remove_prefix(length);
        return ms;
    }
    bool done() const { return !failed_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool failed_ = false;
};

int offset_from(Scanner& scan) {
    if (scan.take('Z')) {
        return 0;
    }
    const bool west = scan.take('-');
    if (!west) {
        scan.expect('+');
    }
    const int hours = scan.digits(2);
    scan.expect(':');
    const int minutes = scan.digits(2);
    const int offset = minutes < 60 ? hours * 60 + minutes : kOffsetMinMax + 1;
    return west ? -offset : offset;
}

int sextet_of(char c) {
    static constexpr auto kTable = [] {
        std::array<signed char, 256> table{};
        table.fill(-1);
        for (std::size_t i = 0; i < kBase64.size(); ++i) {
            table[static_cast<unsigned char>(kBase64[i])] = static_cast<signed char>(i);
        }
        return table;
    }();
    return kTable[static_cast<unsigned char>(c)];
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

bool is_carried(std::string_view text) {
    while (!text.empty()) {
        if (text.front() >= ' ' && text.front() <= '\x7F') {  // most texts are nothing else
            text.remove_prefix(1);
            continue;
        }
        const auto c = base::take_code_point(text);
        if (!c || !is_carried(*c)) {
            return false;
        }
    }
    return true;
}

std::string made_carried(std::string_view text) {
    if (is_carried(text)) {
        return std::string(text);
    }
    std::string made;
    while (!text.empty()) {
        const auto c = base::take_code_point(text);
        if (!c) {
            text.remove_prefix(1);
        }
        base::append_utf8(made, c && is_carried(*c) ? *c : U'\uFFFD');
    }
    return made;
}

std::optional<std::int64_t> integer_from(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) {
            return std::nullopt;
        }
    }
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
}

std::optional<Amount> amount_from(std::string_view text) {
    const auto minor = scaled_from(text, 2, Amount::kMinorMax);
    return minor ? std::optional(Amount{*minor}) : std::nullopt;
}

std::string text_of(Amount amount) { return base::decimal_to_text(amount.minor, 2); }

std::optional<Measure> measure_from(std::string_view text) {
    const auto milli = scaled_from(text, 3, Measure::kMilliMax);
    return milli ? std::optional(Measure{*milli}) : std::nullopt;
}

std::string text_of(Measure measure) { return base::decimal_to_text(measure.milli, 3); }

std::optional<Moment> moment_from(std::string_view text) {
    Scanner scan(text);
    const int year = scan.digits(4);
    scan.expect('-');
    const int month = scan.digits(2);
    scan.expect('-');
    const int day = scan.digits(2);
    scan.expect('T');
    const int hour = scan.digits(2);
    scan.expect(':');
    const int minute = scan.digits(2);
    scan.expect(':');
    const int second = scan.digits(2);
    const int ms = scan.take('.') ? scan.fraction_ms() : 0;
    const int offset = offset_from(scan);
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!scan.done() || !date.ok() || year < kYearMin || year > kYearMax || hour > 23 ||
        minute > 59 || second > 59 || offset > kOffsetMinMax || offset < -kOffsetMinMax) {
        return std::nullopt;
    }
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t minutes = days * 1440 + hour * 60 + minute - offset;
    const std::int64_t unix_ms = (minutes * 60 + second) * 1000 + ms;
    if (unix_ms < 0 || unix_ms > kMomentMsMax) {
        return std::nullopt;  // the first or the last day, in another zone
    }
    return Moment{unix_ms, offset};
}

std::string text_of(const Moment& moment) {
    const int offset = std::clamp(moment.offset_min, -kOffsetMinMax, kOffsetMinMax);
    const std::int64_t wall = std::clamp<std::int64_t>(
        std::clamp<std::int64_t>(moment.unix_ms, 0, kMomentMsMax) + std::int64_t{offset} * 60'000,
        0, kMomentMsMax);
    const std::chrono::year_month_day date{
        std::chrono::sys_days(std::chrono::days(wall / kMsADay))};
    const std::int64_t ms = wall % kMsADay;
    const int east = offset < 0 ? -offset : offset;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}{}{:02}:{:02}",
                       static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), ms / 3'600'000, ms / 60'000 % 60,
                       ms / 1000 % 60, ms % 1000, offset < 0 ? '-' : '+', east / 60, east % 60);
}

std::optional<Uuid> uuid_from(std::string_view text) {
    constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.size() != kForm.size()) {
        return std::nullopt;
    }
    Uuid uuid{std::string(text)};
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        char& c = uuid.text[i];
        c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
        const bool fits = kForm[i] == '-' ? c == '-' : is_digit(c) || (c >= 'a' && c <= 'f');
        if (!fits) {
            return std::nullopt;
        }
    }
    return uuid;
}

std::optional<base::Bytes> base64_from(std::string_view text) {
    base::Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    unsigned held = 0;
    std::size_t sextets = 0;
    std::size_t pads = 0;
    for (const char c : text) {
        if (is_blank(c)) {
            continue;
        }
        const int sextet = sextet_of(c);
        if (c == '=' ? ++pads > 2 : sextet < 0 || pads > 0) {
            return std::nullopt;
        }
        held = (held & 0xFFFFFU) << 6 | (c == '=' ? 0U : static_cast<unsigned>(sextet));
        if (++sextets % 4 == 0) {
            for (std::size_t i = 0; i < 3 - pads; ++i) {
                bytes.push_back(base::byte(held >> (16 - 8 * i) & 0xFFU));
            }
        }
    }
    const unsigned unused = pads == 0 ? 0U : pads == 1 ? 0xFFU : 0xFFFFU;
    const bool whole = sextets % 4 == 0 && (held & unused) == 0;
    return whole ? std::optional(std::move(bytes)) : std::nullopt;
}

std::string base64_of(base::ByteView bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        unsigned held = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            held = held << 8 | (i < count ? base::to_unsigned(bytes[at + i]) : 0U);
        }
        for (std::size_t i = 0; i < 4; ++i) {
            text += i <= count ? kBase64[held >> (18 - 6 * i) & 0x3FU] : '=';
        }
    }
    return text;
}

}  // namespace tillhost::sumpd::exchange
