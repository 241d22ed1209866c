#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::database {

/// What stands in a column or behind a parameter.
using Field = std::variant<std::int64_t, std::string>;
using Row = std::vector<Field>;

inline constexpr int kLockWaitSeconds = 10;
/// A log that grew beyond, while somebody read for long, is cut when it begins anew.
inline constexpr std::int64_t kLogBytesKept = 64LL * 1024 * 1024;
/// Pages of one step of a copy.
inline constexpr int kCopyPagesPerStep = 256;

/// One connection to a database in the SQL that SQLite and PostgreSQL have in common; used by one
/// thread at a time. The only place that knows SOCI. Opened on a file of SQLite: write-ahead log, a
/// full sync at each commit, pages that were freed can be given back in slices. A lock of another
/// program is waited for, kLockWaitSeconds at most. Texts of errors name the statement, never a
/// value.
///
/// Statements are prepared once and kept, by their text: name parameters :a, :b, … in the order of
/// the fields.
class Database final {
public:
    /// Opens or makes the file. `application_id` marks whose it is; a file of another program is
    /// refused. Errors: storage_failed, storage_full.
    static base::Result<std::unique_ptr<Database>> open(const std::string& path,
                                                        std::int32_t application_id);
    /// Of a file that is there, perhaps in use by another process; writes nothing. Errors:
    /// storage_failed.
    static base::Result<std::unique_ptr<Database>> open_to_read(const std::string& path,
                                                                std::int32_t application_id);
    ~Database();

    /// Brings the tables to the newest form: runs what stands behind the version that the file has
    /// (0 = new), each step in a transaction of its own. Errors: storage_failed (also: the file is
    /// of a newer version), storage_full.
    base::Done migrate(const std::vector<std::vector<std::string>>& steps);

    /// Errors: storage_failed, storage_full.
    base::Done run(const std::string& statement, const Row& parameters = {});
    /// `columns` says of each whether it is an integer (i) or a text (t); the same for a statement
    /// at each use. A column that is NULL is refused. Errors: as run().
    base::Result<std::vector<Row>> query(const std::string& statement, const std::string& columns,
                                         const Row& parameters = {});
    /// Of one who will write: it waits for other writers here, where nothing was read yet. One that
    /// has read and finds that somebody wrote in between is refused by SQLite however long it
    /// waits.
    base::Done begin() { return run("BEGIN IMMEDIATE"); }
    base::Done commit() { return run("COMMIT"); }
    /// A part of a transaction that can be taken back alone; ends with keep() or take_back(). One
    /// at a time. Errors: as run().
    base::Done savepoint() { return run("SAVEPOINT part"); }
    base::Done keep() { return run("RELEASE SAVEPOINT part"); }
    base::Done take_back();

    /// Gives up to so many free pages back to the disk; within a transaction or without. Gives how
    /// many. Errors: as run().
    base::Result<std::int64_t> shrink(int pages_max);
    /// Whether shrink() can: not where a program of before has made the file.
    base::Result<bool> can_shrink();
    /// Writes the whole file anew, so that shrink() can; nobody else may use it meanwhile. Needs
    /// room for two copies. Errors: as run().
    base::Done renew();
    /// Reads all of it for damage that shows by itself. Errors: storage_failed (what is wrong).
    base::Done check();
    /// Moves the log into the file and empties it. Errors: storage_failed (somebody else reads).
    base::Done empty_log();
    /// Copies what is committed now into the file `path`, which is there and empty; others may
    /// write meanwhile, and nothing of that comes into it. No transaction may be open. `go_on` is
    /// asked behind each step with pages done and in total; false ends it with storage_failed. The
    /// copy is not synced. Errors: storage_failed, storage_full.
    base::Done copy_to(const std::string& path,
                       const std::function<bool(std::int64_t, std::int64_t)>& go_on);

private:
    struct Parts;
    explicit Database(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace tillhost::database
