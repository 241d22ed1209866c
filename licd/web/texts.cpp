#include "licd/web/texts.h"

#include <fmt/format.h>

#include <array>

namespace tillhost::licd::web {
namespace {

constexpr std::array kRows{
#define T(name, english, russian, polish) http::Text{english, russian, polish},
#include "licd/web/texts.def"
#undef T
};
static_assert(http::is_complete(kRows), "a translation is missing, or a text stands twice");

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;

/// Day, hour, minute and second, shortened.
struct Units {
    const char* day;
    const char* hour;
    const char* minute;
    const char* second;
};

Units units_of(http::Language language) {
    switch (language) {
        case http::Language::en: break;
        case http::Language::ru: return {"д", "ч", "мин", "с"};
        case http::Language::pl: return {"d", "godz.", "min", "s"};
    }
    return {"d", "h", "min", "s"};
}

}  // namespace

std::string_view text(http::Language language, Text which) {
    return http::text_of(kRows[static_cast<std::size_t>(which)], language);
}

std::string text(http::Language language, Text which, std::string_view one, std::string_view two) {
    return fmt::format(fmt::runtime(text(language, which)), one, two);
}

std::string_view text_of(http::Language language, contract::LicenceKeyState state) {
    switch (state) {
        case contract::LicenceKeyState::unspecified: break;
        case contract::LicenceKeyState::unbound: return text(language, Text::key_unbound);
        case contract::LicenceKeyState::active: return text(language, Text::key_active);
        case contract::LicenceKeyState::degraded: return text(language, Text::key_degraded);
        case contract::LicenceKeyState::grace: return text(language, Text::key_grace);
        case contract::LicenceKeyState::clock_suspect: return text(language, Text::key_clock);
        case contract::LicenceKeyState::expired: return text(language, Text::key_expired);
        case contract::LicenceKeyState::revoked: return text(language, Text::key_revoked);
        case contract::LicenceKeyState::blocked: return text(language, Text::key_blocked);
    }
    return "";
}

std::string_view text_of(http::Language language, contract::LicenceLeaseState state) {
    switch (state) {
        case contract::LicenceLeaseState::unspecified: break;
        case contract::LicenceLeaseState::held: return text(language, Text::lease_held);
        case contract::LicenceLeaseState::idle: return text(language, Text::lease_idle);
        case contract::LicenceLeaseState::late: return text(language, Text::lease_late);
        case contract::LicenceLeaseState::recovered: return text(language, Text::lease_recovered);
        case contract::LicenceLeaseState::probed: return text(language, Text::lease_probed);
        case contract::LicenceLeaseState::revoked: return text(language, Text::lease_revoked);
    }
    return "";
}

std::string_view text_of(http::Language language, contract::LicenceKeyReason reason) {
    using contract::LicenceKeyReason;
    switch (reason) {
        case LicenceKeyReason::unspecified:
        case LicenceKeyReason::none: break;
        case LicenceKeyReason::not_activated: return text(language, Text::why_not_activated);
        case LicenceKeyReason::answer_missing: return text(language, Text::why_answer);
        case LicenceKeyReason::machine_changed: return text(language, Text::why_machine);
        case LicenceKeyReason::other_server: return text(language, Text::why_server);
        case LicenceKeyReason::dongle_missing: return text(language, Text::why_dongle_missing);
        case LicenceKeyReason::dongle_refuses: return text(language, Text::why_dongle_refuses);
        case LicenceKeyReason::clock_wrong: return text(language, Text::why_clock);
        case LicenceKeyReason::expired: return text(language, Text::why_expired);
        case LicenceKeyReason::revoked: return text(language, Text::why_revoked);
        case LicenceKeyReason::list_missing: return text(language, Text::why_list);
    }
    return "";
}

std::string duration_text(http::Language language, std::int64_t milliseconds) {
    const Units units = units_of(language);
    if (milliseconds >= kDayMs) {
        return fmt::format("{} {} {} {}", milliseconds / kDayMs, units.day,
                           milliseconds % kDayMs / kHourMs, units.hour);
    }
    if (milliseconds >= kHourMs) {
        return fmt::format("{} {} {:02} {}", milliseconds / kHourMs, units.hour,
                           milliseconds % kHourMs / kMinuteMs, units.minute);
    }
    if (milliseconds >= kMinuteMs) {
        return fmt::format("{} {}", milliseconds / kMinuteMs, units.minute);
    }
    return fmt::format("{} {}", milliseconds / 1000, units.second);
}

}  // namespace tillhost::licd::web
