#include <fmt/format.h>

#include "hal/base/text.h"
#include "ipc/client/tillctl/admin.h"
#include "ipc/client/tillctl/rows.h"
#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {
namespace {

using contract::DeviceState;
using contract::OperationState;

std::string age_text(Language language, std::int64_t ms) {
    constexpr std::int64_t kMinuteMs = 60'000;
    constexpr std::int64_t kHourMs = 60 * kMinuteMs;
    if (ms < 0) {
        return std::string(text(language, Text::age_never));
    }
    if (ms < kMinuteMs) {
        return filled(language, Text::age_seconds, ms / 1000, ms % 1000 / 100);
    }
    return ms < kHourMs ? filled(language, Text::age_minutes, ms / kMinuteMs)
                        : filled(language, Text::age_hours, ms / kHourMs);
}

Text text_of(contract::AlarmKind kind) {
    switch (kind) {
        case contract::AlarmKind::registered_not_printed: return Text::alarm_registered_not_printed;
        case contract::AlarmKind::in_doubt: return Text::alarm_in_doubt;
        case contract::AlarmKind::needs_person: return Text::alarm_needs_person;
        case contract::AlarmKind::compensation_open: return Text::alarm_compensation_open;
        case contract::AlarmKind::unspecified: break;
    }
    return Text::unknown;
}

/// The signs of Unicode stand for control characters, ␝ for the separator of GS1.
std::string visible(const std::string& text) {
    constexpr char32_t kSigns = 0x2400;
    constexpr unsigned char kBlank = 0x20;
    std::string shown;
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (code < kBlank) {
            base::append_utf8(shown, kSigns + code);
        } else {
            shown += c;
        }
    }
    return shown;
}

/// What an event says, by its body.
struct EventTeller {
    Language language;

    std::string operator()(const contract::Device& device) const {
        return fmt::format("{} {} {}", device.device, state_text(language, device.state),
                           device.reason);
    }
    std::string operator()(const contract::Operation& operation) const {
        return fmt::format("{} {} {} {}", operation.device, operation.command,
                           operation.operation_id.to_text(), state_text(language, operation.state));
    }
    std::string operator()(const contract::Alarm& alarm) const {
        return fmt::format("{} {}: {}",
                           text(language, alarm.raised ? Text::alarm_raised : Text::alarm_over),
                           text(language, text_of(alarm.kind)), (*this)(alarm.operation));
    }
    std::string operator()(const contract::Gap& gap) const {
        return filled(language, gap.restarted ? Text::event_gap_restarted : Text::event_gap,
                      gap.from_seq, gap.to_seq);
    }
    std::string operator()(const contract::Prompt& prompt) const {
        return fmt::format("{} {}", contract::name_of(prompt.kind), prompt.text);
    }
    std::string operator()(const contract::Scan& scan) const {
        return fmt::format("{} {}{}", contract::name_of(scan.symbology), scan.aim,
                           scan.text.empty() ? base::to_hex(scan.code) : visible(scan.text));
    }
    std::string operator()(const contract::LeaseChange& change) const {
        return fmt::format("{} {} {} {}", change.lease.device, contract::name_of(change.kind),
                           change.client, change.note);
    }
};

}  // namespace

std::string_view state_text(Language language, DeviceState state) {
    switch (state) {
        case DeviceState::unspecified: break;
        case DeviceState::offline: return text(language, Text::device_offline);
        case DeviceState::opening: return text(language, Text::device_opening);
        case DeviceState::ready: return text(language, Text::device_ready);
        case DeviceState::busy: return text(language, Text::device_busy);
        case DeviceState::in_doubt: return text(language, Text::device_in_doubt);
        case DeviceState::quarantined: return text(language, Text::device_quarantined);
    }
    return text(language, Text::unknown);
}

std::string_view state_text(Language language, OperationState state) {
    switch (state) {
        case OperationState::unspecified: break;
        case OperationState::accepted: return text(language, Text::state_accepted);
        case OperationState::prepared: return text(language, Text::state_prepared);
        case OperationState::in_doubt: return text(language, Text::state_in_doubt);
        case OperationState::done: return text(language, Text::state_done);
        case OperationState::failed: return text(language, Text::state_failed);
        case OperationState::cancelled: return text(language, Text::state_cancelled);
        case OperationState::expired: return text(language, Text::state_expired);
        case OperationState::never_accepted: return text(language, Text::state_never_accepted);
    }
    return text(language, Text::unknown);
}

std::string devices_text(Language language, const std::vector<contract::Device>& devices) {
    if (devices.empty()) {
        return std::string(text(language, Text::doctor_no_devices));
    }
    std::string told =
        fmt::format("{:<16} {:<18} {:<12} {:>5}  {}\n", text(language, Text::device_heading),
                    text(language, Text::driver_heading), text(language, Text::state_heading),
                    text(language, Text::queue_heading), text(language, Text::answer_heading));
    for (const contract::Device& device : devices) {
        const std::string driver =
            device.host.empty() ? device.driver : fmt::format("{} @{}", device.driver, device.host);
        told += fmt::format("{:<16} {:<18} {:<12} {:>5}  {}\n", device.device, driver,
                            state_text(language, device.state), device.queue,
                            age_text(language, device.last_ok_ms));
        if (!device.reason.empty()) {
            told += fmt::format("{:<16} {}\n", "", device.reason);
        }
    }
    return told;
}

std::string device_text(Language language, const contract::Device& device) {
    std::string told = row(language, Text::label_device, device.device);
    if (!device.name.empty()) {
        told += row(language, Text::label_name, device.name);
    }
    told += row(language, Text::label_driver, device.driver) +
            row(language, Text::label_state, state_text(language, device.state));
    if (!device.host.empty()) {
        told += row(language, Text::label_host, device.host);
    }
    if (!device.node.empty()) {
        told += row(language, Text::scan_port,
                    device.adapter.empty() ? device.node
                                           : fmt::format("{} ({})", device.node, device.adapter));
    }
    if (!device.reason.empty()) {
        told += row(language, Text::label_reason, device.reason);
    }
    if (!device.setup_missing.empty()) {
        told += setup_text(language, device.device, device.setup_missing);
    }
    told += row(language, Text::label_last_answer, age_text(language, device.last_ok_ms));
    told += row(language, Text::label_queue, std::to_string(device.queue));
    if (device.in_doubt) {
        told += row(language, Text::label_in_doubt, device.in_doubt->to_text());
    }
    return told + (device.status ? answer_text(language, *device.status) : "");
}

std::string waits_for_text(Language language, const contract::Device& device) {
    std::string told = filled(language, Text::waits_for, device.device,
                              state_text(language, device.state), device.queue);
    if (device.in_doubt) {
        told += row(language, Text::label_in_doubt, device.in_doubt->to_text());
    }
    if (!device.reason.empty()) {
        told += row(language, Text::label_reason, device.reason);
    }
    return told;
}

std::string start_limit_text(Language language, std::int64_t seconds) {
    return filled(language, Text::start_limit, seconds);
}

std::string_view watching_text(Language language) { return text(language, Text::watching); }

std::string event_text(Language language, const client::TopicEvent& event) {
    return fmt::format("{:<18} {}\n", event.topic,
                       std::visit(EventTeller{language}, event.event.body));
}

}  // namespace tillhost::tillctl
