#include "sumpd/gateway/device_command.h"

#include <fmt/format.h>

#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::sumpd::gateway {

using exchange::FaultCode;
using exchange::Outcome;

namespace {

bool is_for_a_terminal(const contract::Command& command) {
    return std::holds_alternative<contract::Authorise>(command) ||
           std::holds_alternative<contract::Reverse>(command) ||
           std::holds_alternative<contract::Refund>(command) ||
           std::holds_alternative<contract::EndOfDay>(command) ||
           std::holds_alternative<contract::Diagnose>(command);
}

}  // namespace

Outcome<contract::Command> command_of(const std::string& op, const std::string& payload) {
    auto fields = ipc::from_json(payload);
    if (!fields) {
        return exchange::refuse_field("payload", fields.error().detail);
    }
    contract::Value::Map map;
    map.emplace_back(op, std::move(*fields));
    const contract::Value value(std::move(map));
    contract::Decoder decoder("payload");
    contract::Command command;
    if (!decode(decoder, value, command)) {
        // The detail begins with the path of the field.
        const std::string detail = decoder.take_error().detail;
        const std::size_t end = detail.find(": ");
        return end == std::string::npos
                   ? exchange::refuse_field("payload", detail)
                   : exchange::refuse_field(detail.substr(0, end), detail.substr(end + 2));
    }
    if (contract::role_for(command) > contract::Role::cashier) {
        return exchange::refuse(
            FaultCode::forbidden,
            fmt::format("{} is not for apps: it needs more than a cashier", op));
    }
    return command;
}

bool is_sale(const contract::Command& command) {
    return std::holds_alternative<contract::Sale>(command);
}

std::string default_device(const contract::Command& command, const DefaultDevices& defaults) {
    if (is_sale(command)) {
        return "";
    }
    return is_for_a_terminal(command) ? defaults.terminal : defaults.registrar;
}

}  // namespace tillhost::sumpd::gateway
