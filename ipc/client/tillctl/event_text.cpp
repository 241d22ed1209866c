// One line for each event, as `tillctl watch` shows it.
#include <fmt/format.h>

#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {

using contract::OperationState;

std::string state_text(contract::DeviceState state) {
    switch (state) {
        case contract::DeviceState::unspecified: return "?";
        case contract::DeviceState::offline: return "offline";
        case contract::DeviceState::opening: return "connecting";
        case contract::DeviceState::ready: return "ready";
        case contract::DeviceState::busy: return "busy";
        case contract::DeviceState::in_doubt: return "IN DOUBT";
        case contract::DeviceState::quarantined: return "QUARANTINED";
    }
    return "?";
}

std::string state_text(OperationState state) {
    switch (state) {
        case OperationState::unspecified: return "?";
        case OperationState::accepted: return "waiting";
        case OperationState::prepared: return "running";
        case OperationState::in_doubt: return "IN DOUBT";
        case OperationState::done: return "done";
        case OperationState::failed: return "FAILED";
        case OperationState::cancelled: return "cancelled";
        case OperationState::expired: return "expired";
        case OperationState::never_accepted: return "never accepted";
    }
    return "?";
}

std::string event_text(const client::TopicEvent& event) {
    struct Teller {
        std::string operator()(const contract::Device& device) const {
            return fmt::format("{} {} {}", device.device, state_text(device.state), device.reason);
        }
        std::string operator()(const contract::Operation& operation) const {
            return fmt::format("{} {} {} {}", operation.device, operation.command,
                               operation.operation_id.to_text(), state_text(operation.state));
        }
        std::string operator()(const contract::Alarm& alarm) const {
            return fmt::format("{} {}: {}", alarm.raised ? "ALARM" : "over",
                               contract::name_of(alarm.kind), (*this)(alarm.operation));
        }
        std::string operator()(const contract::Gap& gap) const {
            return fmt::format("GAP {} to {}{}: look at the state again", gap.from_seq, gap.to_seq,
                               gap.restarted ? ", devd was started again" : "");
        }
        std::string operator()(const contract::Prompt& prompt) const {
            return fmt::format("{} {}", contract::name_of(prompt.kind), prompt.text);
        }
        std::string operator()(const contract::Scan& scan) const {
            return fmt::format("{} {}{}", contract::name_of(scan.symbology), scan.aim,
                               scan.text.empty() ? base::to_hex(scan.code) : scan.text);
        }
    };
    return fmt::format("{:<18} {}\n", event.topic, std::visit(Teller{}, event.event.body));
}

}  // namespace tillhost::tillctl
