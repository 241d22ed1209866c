#pragma once

#include <memory>
#include <span>
#include <string>

#include "simulators/services/exchange/options.h"
#include "simulators/services/exchange/service.h"

namespace tillhost::simulators::accounting {

/// A simulated accounting system: sends goods, prices, users, roles and tasks to one sumpd and
/// takes its documents, whatever happens on the way (README.md). Errors: bad_field (an option),
/// system_failed, storage_full, malformed (its diary).
base::Result<std::unique_ptr<exchange::Service>> make_accounting(
    std::span<const std::string> options, const os::Clock& clock);

std::string accounting_help();

}  // namespace tillhost::simulators::accounting
