#include "sumpd/console/texts.h"

#include <fmt/format.h>

#include <array>

#include "ipc/panel/parts.h"

namespace tillhost::sumpd::console {
namespace {

constexpr std::array kRows{
#define T(name, english, russian, polish) http::Text{english, russian, polish},
#include "sumpd/console/texts.def"
#undef T
};
static_assert(http::is_complete(kRows), "a translation is missing, or a text stands twice");

constexpr std::array<std::string_view, kRows.size()> kNames{
#define T(name, english, russian, polish) #name,
#include "sumpd/console/texts.def"
#undef T
};

}  // namespace

std::string_view text(http::Language language, Text which) {
    return http::text_of(kRows[static_cast<std::size_t>(which)], language);
}

std::string text(http::Language language, Text which, std::string_view one, std::string_view two) {
    return fmt::format(fmt::runtime(text(language, which)), one, two);
}

std::string_view name_of(Text which) { return kNames[static_cast<std::size_t>(which)]; }

std::optional<Text> note_from(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (name.starts_with("did_") && kNames[i] == name) {
            return static_cast<Text>(i);
        }
    }
    return std::nullopt;
}

std::string_view text_of(http::Language language, contract::DeviceState state) {
    using contract::DeviceState;
    switch (state) {
        case DeviceState::unspecified: break;
        case DeviceState::offline: return text(language, Text::device_offline);
        case DeviceState::opening: return text(language, Text::device_opening);
        case DeviceState::ready: return text(language, Text::device_ready);
        case DeviceState::busy: return text(language, Text::device_busy);
        case DeviceState::in_doubt: return text(language, Text::device_in_doubt);
        case DeviceState::quarantined: return text(language, Text::device_quarantined);
    }
    return "";
}

std::string_view text_of(http::Language language, contract::SetupStep step) {
    return text(language, step == contract::SetupStep::layout ? Text::missing_layout
                                                              : Text::missing_connection);
}

std::string_view text_of(http::Language language, contract::CheckOutcome outcome) {
    using contract::CheckOutcome;
    switch (outcome) {
        case CheckOutcome::unspecified: break;
        case CheckOutcome::passed: return text(language, Text::check_passed);
        case CheckOutcome::cable_or_power: return text(language, Text::check_cable);
        case CheckOutcome::permission: return text(language, Text::check_permission);
        case CheckOutcome::port_held: return text(language, Text::check_held);
        case CheckOutcome::wrong_speed: return text(language, Text::check_speed);
        case CheckOutcome::wrong_protocol: return text(language, Text::check_protocol);
        case CheckOutcome::wrong_device: return text(language, Text::check_device);
        case CheckOutcome::device_error: return text(language, Text::check_error);
        case CheckOutcome::driver_failed: return text(language, Text::check_driver);
        case CheckOutcome::no_time: return text(language, Text::check_time);
    }
    return "";
}

std::string_view text_of(http::Language language, contract::PortReason reason) {
    using contract::PortReason;
    switch (reason) {
        case PortReason::unspecified: break;
        case PortReason::none: return text(language, Text::port_available);
        case PortReason::absent: return text(language, Text::port_absent);
        case PortReason::denied: return text(language, Text::port_denied);
        case PortReason::busy: return text(language, Text::port_busy);
        case PortReason::used_by_device: return text(language, Text::port_used);
        case PortReason::wrong_kind: return text(language, Text::port_wrong_kind);
        case PortReason::failed: return text(language, Text::port_failed);
    }
    return "";
}

std::string_view text_of(http::Language language, exchange::DeviceCommandState state) {
    using exchange::DeviceCommandState;
    switch (state) {
        case DeviceCommandState::unspecified: break;
        case DeviceCommandState::queued: return text(language, Text::command_queued);
        case DeviceCommandState::running: return text(language, Text::command_running);
        case DeviceCommandState::done: return text(language, Text::command_done);
        case DeviceCommandState::failed: return text(language, Text::command_failed);
        case DeviceCommandState::unknown: return text(language, Text::command_unknown);
    }
    return "";
}

std::string_view text_of(http::Language language, const contract::Texts& texts) {
    switch (language) {
        case http::Language::en: break;
        case http::Language::ru: return texts.ru.empty() ? texts.en : texts.ru;
        case http::Language::pl: return texts.pl.empty() ? texts.en : texts.pl;
    }
    return texts.en;
}

std::string moment_text(http::Language language, std::int64_t unix_ms) {
    return unix_ms == 0 ? std::string(text(language, Text::never)) : panel::time_text(unix_ms);
}

std::string bytes_text(std::int64_t bytes) {
    constexpr std::array<const char*, 4> kUnits = {"B", "kB", "MB", "GB"};
    constexpr double kStep = 1000.0;
    auto amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (amount >= kStep && unit + 1 < kUnits.size()) {
        amount /= kStep;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace tillhost::sumpd::console
