#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

struct sqlite3;
struct sqlite3_backup;
struct sqlite3_stmt;

namespace tillhost::devd::runtime {

/// A prepared statement. Parameters and columns count from 0. Texts and blobs that are bound must
/// live until the next reset().
class Statement final {
public:
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

    Statement& text(int parameter, std::string_view value);
    Statement& integer(int parameter, std::int64_t value);
    /// An empty optional is NULL.
    Statement& blob(int parameter, const std::optional<base::Bytes>& value);

    /// Runs to the next row: true with a row, false at the end.
    /// Errors: storage_full (no room on the disk), storage_failed.
    base::Result<bool> step();
    /// Runs a statement that gives no rows, and resets it. Errors: as step().
    base::Done run();
    void reset();

    std::string column_text(int column) const;
    std::int64_t column_integer(int column) const;
    std::optional<base::Bytes> column_blob(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A copy of a database, taken in steps between the transactions of its own connection; what that
/// writes meanwhile goes into the copy too. The source outlives it.
class DatabaseCopy final {
public:
    /// Copies at most so many pages. True when the copy is whole and its file closed.
    /// Errors: storage_failed, storage_full.
    base::Result<bool> step(int pages_max);

private:
    friend class Database;
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    struct Finish {
        void operator()(sqlite3_backup* backup) const;
    };
    DatabaseCopy(std::string path, sqlite3* to) : path_(std::move(path)), to_(to) {}
    std::string path_;
    std::unique_ptr<sqlite3, Close> to_;
    std::unique_ptr<sqlite3_backup, Finish> backup_;  ///< ended before its target is closed
};

/// One SQLite connection, used by one thread at a time. The only place that knows SQLite.
class Database final {
public:
    /// Opens or makes the file. Write-ahead log, a full sync at each commit, no trust in what the
    /// schema of a foreign file may call. Errors: storage_failed, storage_full.
    static base::Result<std::unique_ptr<Database>> open(const std::string& path);

    /// Runs one or more statements without parameters. Errors: as Statement::step().
    base::Done run(const std::string& sql);
    base::Result<Statement> prepare(std::string_view sql);
    /// The single integer that the statement gives.
    base::Result<std::int64_t> integer(const std::string& sql);
    /// Reads through the whole file; some hundred megabytes a second. Errors: storage_failed
    /// naming the first damage.
    base::Done check();
    /// Begins a copy into an empty file that nobody else uses; it is not synced to the disk.
    /// Errors: storage_failed.
    base::Result<std::unique_ptr<DatabaseCopy>> copy_to(const std::string& path);
    const std::string& path() const { return path_; }

private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    Database(sqlite3* connection, std::string path)
        : path_(std::move(path)), connection_(connection) {}
    base::Error error_here() const;

    std::string path_;
    std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace tillhost::devd::runtime
