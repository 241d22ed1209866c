#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "hal/base/result.h"

// The audit of a state folder, read beside a sumpd that may be running.
namespace tillhost::sumpd::maintenance {

struct AuditCheck {
    std::int64_t records = 0;      ///< that fit
    std::int64_t first_wrong = 0;  ///< 0: all fit
    std::string newest_hash{};
};
/// Errors: storage_failed (no database there, or it cannot be read).
base::Result<AuditCheck> verify_audit(const std::string& folder);

enum class AuditForm : std::uint8_t {
    json_lines,  ///< number, atMs, actor, address, action, target, before, after, hash
    csv,         ///< the same columns, RFC 4180, with a line of names
};
/// Gives a line at a time, with its end, oldest first. A cell of CSV that a spreadsheet would take
/// for a formula has an apostrophe before it. Errors: storage_failed.
base::Result<std::int64_t> export_audit(const std::string& folder, AuditForm form,
                                        const std::function<void(std::string_view)>& line);

}  // namespace tillhost::sumpd::maintenance
