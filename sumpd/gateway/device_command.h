#pragma once

#include <string>

#include "ipc/contract/messages.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/gateway/gateway.h"

namespace tillhost::sumpd::gateway {

/// A command of the device contract from its name and its fields in JSON. Faults: schema_invalid,
/// naming the field ("payload.lines[0].name"); forbidden, one that is not a cashier's.
exchange::Outcome<contract::Command> command_of(const std::string& op, const std::string& payload);

/// A sale names its devices itself.
bool is_sale(const contract::Command& command);
std::string default_device(const contract::Command& command, const DefaultDevices& defaults);

}  // namespace tillhost::sumpd::gateway
