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

Outcome<contract::Command> command_of(const std::string& op, const std::string& payload,
                                      contract::Role highest) {
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
    if (contract::role_for(command) > highest) {
        return exchange::refuse(
            FaultCode::forbidden,
            fmt::format("{} is not for you: it needs more than the role {}", op, name_of(highest)));
    }
    return command;
}

bool is_sale(const contract::Command& command) {
    return std::holds_alternative<contract::Sale>(command);
}

std::vector<std::string> devices_of(const contract::Command& command, const std::string& device) {
    const auto* const sale = std::get_if<contract::Sale>(&command);
    if (sale == nullptr) {
        return {device};
    }
    return {sale->registrar, sale->substitute, sale->terminal, sale->printer, sale->drawer};
}

DefaultKind default_kind(const contract::Command& command) {
    return is_for_a_terminal(command) ? DefaultKind::terminal : DefaultKind::registrar;
}

bool is_of_kind(const std::string& driver, DefaultKind kind) {
    return driver.rfind(kind == DefaultKind::terminal ? "payment/" : "fiscal/", 0) == 0;
}

}  // namespace tillhost::sumpd::gateway
