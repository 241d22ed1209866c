#pragma once

#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::echo {

/// The echo: a query's own bytes, or none for a status query.
contract::EchoStatus answer_to(const contract::Query& query);
/// What became of a command: text is "printed" at once. Errors: not_supported for everything else.
base::Result<contract::FiscalResult> outcome_of(const contract::Command& command);

}  // namespace tillhost::drivers::echo
