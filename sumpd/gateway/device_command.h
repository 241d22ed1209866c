#pragma once

#include <string>
#include <vector>

#include "ipc/contract/messages.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/gateway/default_rules.h"

namespace tillhost::sumpd::gateway {

/// A command of the device contract from its name and its fields in JSON. Faults: schema_invalid,
/// naming the field ("payload.lines[0].name"); forbidden.
/// `highest`: commands that need a higher role are forbidden.
exchange::Outcome<contract::Command> command_of(const std::string& op, const std::string& payload,
                                                contract::Role highest = contract::Role::cashier);

/// A sale names its devices itself.
bool is_sale(const contract::Command& command);
/// All devices that it names; of others than a sale the one it goes to.
std::vector<std::string> devices_of(const contract::Command& command, const std::string& device);
/// Which default it goes to. Not asked of a sale.
DefaultKind default_kind(const contract::Command& command);
/// Whether a driver's name says that it is of the kind: "fiscal/shtrih", "payment/manual".
bool is_of_kind(const std::string& driver, DefaultKind kind);

}  // namespace tillhost::sumpd::gateway
