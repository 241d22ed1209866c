#include "sumpd/core/numbering.h"

#include <fmt/format.h>

namespace tillhost::sumpd::core {

using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

Outcome<void> check_node(const NodeState& state, const std::string& node) {
    if (state.code.empty()) {
        return refuse(FaultCode::unknown_node, "no accounting system is configured yet");
    }
    if (state.code != node) {
        return refuse(FaultCode::node_conflict,
                      fmt::format("this server exchanges with node {} alone", state.code));
    }
    return {};
}

Outcome<void> check_ack(const NodeState& state, std::int64_t ack_no) {
    if (ack_no < state.acked_no) {
        return refuse(FaultCode::ack_regression,
                      fmt::format("AckNo {} after {}; the newest message is {}", ack_no,
                                  state.acked_no, state.sent_no));
    }
    if (ack_no > state.sent_no) {
        return refuse(
            FaultCode::message_conflict,
            fmt::format("message {} was never made here; the newest is {}", ack_no, state.sent_no));
    }
    return {};
}

Outcome<Arrival> judge(const NodeState& state, const Incoming& message) {
    if (message.no > state.received_no) {
        return Arrival::fresh;
    }
    if (message.no < state.received_no) {
        return refuse(FaultCode::stale_message,
                      fmt::format("message {} after {}", message.no, state.received_no));
    }
    if (message.sha256 != state.received_sha256) {
        return refuse(FaultCode::message_conflict,
                      fmt::format("message {} was applied with other bytes", message.no));
    }
    return Arrival::repeated;
}

}  // namespace tillhost::sumpd::core
