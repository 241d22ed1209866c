#pragma once

#include <cstdint>

#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::echo {

/// The echo: a query's own bytes, or none for a status query.
contract::EchoStatus answer_to(const contract::Query& query);
/// What the marker and every result name as the device.
inline constexpr const char* kSerial = "ECHO0001";

/// What became of a command as document `number`: text is "printed" at once, a receipt is also
/// "registered". Errors: not_supported for everything else; for a receipt those of check_receipt.
base::Result<contract::FiscalResult> outcome_of(const contract::Command& command,
                                                std::int64_t number);
/// The marker of that receipt, in front of document `number`.
contract::Marker marker_of(const contract::FiscalResult& outcome, std::int64_t number);

}  // namespace tillhost::drivers::echo
