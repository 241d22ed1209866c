#pragma once

#include "ipc/contract/messages.h"

namespace tillhost::devd::runtime {

/// What a customer has to stand by: it is not begun again unasked.
bool wants_customer(const contract::Command& command);
/// Whether that can be what became of a money command: the right kind of result, of the amount and
/// currency that was asked for (less of a payment only where that was allowed).
bool fits(const contract::Command& command, const contract::OperationResult& result);

}  // namespace tillhost::devd::runtime
