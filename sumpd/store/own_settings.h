#pragma once

#include <map>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Settings that were set in the console (table setting, scope "server"), by their names.
using OwnSettings = std::map<std::string, std::string>;

/// Before the database is opened for work, also beside a sumpd that runs: nothing where there is no
/// database yet. Errors: storage_failed.
base::Result<OwnSettings> read_own_settings(const std::string& folder);

/// Sets and forgets, with one act in the audit for each; durable when it returns. Faults: too_many,
/// disk_full, internal.
exchange::Outcome<bool> write_own_settings(Transactions& transactions, const Audit& audit,
                                           const OwnSettings& set,
                                           const std::vector<std::string>& forget, const Act& act,
                                           std::int64_t now_ms);

}  // namespace tillhost::sumpd::store
