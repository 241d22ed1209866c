#pragma once

#include <string>

#include "hal/base/result.h"

// What the program does with its data beside or instead of serving: each prints what it did.
namespace tillhost::sumpd {

/// A copy as FILE, of the data as they are now; sumpd may be running. Errors: as
/// maintenance::take_backup().
base::Done back_up(const std::string& folder, const std::string& file);

/// Puts a copy in the place of the data. Errors: already_running; as maintenance::restore().
base::Done restore(const std::string& folder, const std::string& file);

/// `what`: "verify", "export" (JSON lines) or "export-csv". Errors: bad_field; storage_failed, also
/// for a chain that does not fit.
base::Done audit(const std::string& folder, const std::string& what);

}  // namespace tillhost::sumpd
