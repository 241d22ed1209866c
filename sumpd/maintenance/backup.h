#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "sumpd/maintenance/maintenance.h"

// Copies of sumpd.db, each one file of mode 0600. The files of messages are not in it: the frozen
// message is made anew from its documents by a restore, and what has come and was not applied comes
// again (docs/decisions/0034-maintenance-of-sumpd.md).
namespace tillhost::sumpd::maintenance {

/// Copies the database in `folder`, which a sumpd may be using meanwhile, as it is now. `path` is
/// whole, looked through for damage and on the disk, or not there. `go_on` is asked with bytes done
/// and in total; false ends it. Gives the size. Blocks for seconds.
///
/// Errors: bad_field (path: not absolute, there already, or its folder cannot be written),
/// storage_failed (the database is damaged), storage_full, system_failed.
base::Result<std::int64_t> take_backup(
    const std::string& folder, const std::string& path, std::int64_t now_ms,
    const std::function<bool(std::int64_t, std::int64_t)>& go_on);

/// "sumpd-20261127-200838-daily.db"
std::string backup_name(std::int64_t now_ms, std::string_view why);
/// The copies in a folder, newest first, known by their names. Errors: system_failed.
base::Result<std::vector<BackupFile>> list_backups(const std::string& folder);
/// Removes the oldest above so many, and what a kill left unfinished. Errors: system_failed.
base::Done prune_backups(const std::string& folder, std::int64_t kept);

struct RestoreReport {
    std::int64_t taken_ms = 0;         ///< 0: not a copy but the database of a server that is gone
    std::int64_t documents_again = 0;  ///< of the frozen message: they go again, in another one
    std::int64_t commands_asked = 0;  ///< not finished in the copy: devd is asked, nothing is begun
    std::int64_t sent_no = 0;         ///< numbers up to it are never given
    std::string former{};  ///< folder with the database that was there; empty: there was none
};

/// Puts a copy, or a sumpd.db of elsewhere with its log beside it, in the place of the database.
/// The former one is kept in a folder beside. May be repeated after any failure or kill: until the
/// last step the former one is in its place, whole.
///
/// The caller holds the folder's lock. Errors: config_invalid (`from` cannot be read, is none; the
/// clock stands before the copy was taken; numbers are used up), storage_failed (damaged, of a
/// newer version), storage_full, system_failed.
base::Result<RestoreReport> restore(const std::string& from, const std::string& folder,
                                    const os::Clock& clock, const os::Logger& logger);

}  // namespace tillhost::sumpd::maintenance
