#include "devd/host/speed_search.h"

#include <variant>

#include "hal/transport/connector.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/messages.h"
#include "ipc/json.h"

namespace tillhost::devd::host {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr os::Duration kConnectTimeMax = std::chrono::seconds(5);
constexpr os::Duration kLineHeldPause = std::chrono::milliseconds(200);

/// The device's own host tries the line now and then, and gives it back.
Result<std::unique_ptr<transport::Transport>> open_line(const transport::SerialAddress& address,
                                                        os::Clock& clock) {
    const os::Deadline patience = clock.now() + kLineHeldTimeMax;
    const auto connector = transport::make_serial(address, clock, -1);
    while (true) {
        auto line = connector->connect(clock.now() + kConnectTimeMax);
        if (line || line.error().code != ErrorCode::port_busy || clock.now() >= patience) {
            return line;
        }
        clock.sleep_until(clock.now() + kLineHeldPause);
    }
}

}  // namespace

Result<std::string> find_speed_json(const drivers::DriverEntry& entry, const std::string& address,
                                    os::Clock& clock) {
    if (entry.answers == nullptr) {
        return make_error(ErrorCode::not_supported, "this driver cannot look for a speed");
    }
    const transport::Address parsed = TRY(transport::parse_address(address));
    const auto* serial = std::get_if<transport::SerialAddress>(&parsed);
    if (serial == nullptr) {
        return base::bad_field("port", "a serial line");
    }
    contract::CheckReply reply;
    reply.outcome = contract::CheckOutcome::cable_or_power;
    for (const std::int64_t speed : entry.manifest->speeds) {
        if (speed == serial->baud) {
            continue;
        }
        const auto line = TRY(open_line({serial->path, speed}, clock));
        if (TRY(entry.answers(*line, clock))) {
            reply.outcome = contract::CheckOutcome::wrong_speed;
            reply.speed_found = speed;
            break;
        }
    }
    return ipc::to_json(contract::to_value(reply, contract::Style::readable), -1) + "\n";
}

}  // namespace tillhost::devd::host
