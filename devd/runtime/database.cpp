#include "devd/runtime/database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

#include "hal/os/descriptor.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr mode_t kMode = 0640;
constexpr int kBusyMsMax = 5000;  // somebody reads the book with a tool of his own
// The log is cut back to this after a checkpoint; SQLite makes one each 1000 pages.
constexpr const char* kPragmas =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON;"
    "PRAGMA wal_autocheckpoint = 1000;"
    "PRAGMA journal_size_limit = 16777216;";

Error sqlite_error(sqlite3* connection, std::string_view path) {
    const int code = ::sqlite3_errcode(connection) & 0xFF;
    const ErrorCode ours =
        code == SQLITE_FULL ? ErrorCode::storage_full : ErrorCode::storage_failed;
    return make_error(ours, fmt::format("{}: {}", path, ::sqlite3_errmsg(connection)));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    ::sqlite3_finalize(statement);
}

Statement& Statement::text(int parameter, std::string_view value) {
    // A null pointer would bind NULL.
    const char* data = value.data() == nullptr ? "" : value.data();
    INVARIANT(::sqlite3_bind_text64(statement_.get(), parameter + 1, data, value.size(),
                                    SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK);
    return *this;
}

Statement& Statement::integer(int parameter, std::int64_t value) {
    INVARIANT(::sqlite3_bind_int64(statement_.get(), parameter + 1, value) == SQLITE_OK);
    return *this;
}

Statement& Statement::blob(int parameter, const std::optional<base::Bytes>& value) {
    const int code = value ? ::sqlite3_bind_blob64(statement_.get(), parameter + 1, value->data(),
                                                   value->size(), SQLITE_STATIC)
                           : ::sqlite3_bind_null(statement_.get(), parameter + 1);
    INVARIANT(code == SQLITE_OK);
    return *this;
}

Result<bool> Statement::step() {
    const int code = ::sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    return sqlite_error(::sqlite3_db_handle(statement_.get()), "operation book");
}

Done Statement::run() {
    auto row = step();
    reset();
    if (!row) {
        return std::move(row).error();
    }
    return {};
}

void Statement::reset() { ::sqlite3_reset(statement_.get()); }

std::string Statement::column_text(int column) const {
    const auto* text = ::sqlite3_column_text(statement_.get(), column);
    const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_.get(), column));
    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text), size);
}

std::int64_t Statement::column_integer(int column) const {
    return ::sqlite3_column_int64(statement_.get(), column);
}

std::optional<base::Bytes> Statement::column_blob(int column) const {
    if (::sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) {
        return std::nullopt;
    }
    const auto* data =
        static_cast<const std::byte*>(::sqlite3_column_blob(statement_.get(), column));
    const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_.get(), column));
    return data == nullptr ? base::Bytes() : base::Bytes(data, data + size);
}

void Database::Close::operator()(sqlite3* connection) const { ::sqlite3_close(connection); }

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
    // SQLite would let everybody read it; its logs take over the mode of the file.
    const os::Descriptor made(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
    if (!made.valid()) {
        return os::system_error(path, errno);
    }
    sqlite3* connection = nullptr;
    const int code = ::sqlite3_open_v2(
        path.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        nullptr);
    std::unique_ptr<Database> database(new Database(connection, path));
    if (code != SQLITE_OK) {
        return database->error_here();
    }
    ::sqlite3_busy_timeout(connection, kBusyMsMax);
    ::sqlite3_extended_result_codes(connection, 1);
    TRY(database->run(kPragmas));
    return database;
}

Error Database::error_here() const { return sqlite_error(connection_.get(), path_); }

Done Database::run(const std::string& sql) {
    if (::sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return error_here();
    }
    return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (::sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
        return error_here();
    }
    return Statement(statement);
}

Result<std::int64_t> Database::integer(const std::string& sql) {
    Statement statement = TRY(prepare(sql));
    if (!TRY(statement.step())) {
        return make_error(ErrorCode::storage_failed, path_ + ": no row: " + sql);
    }
    return statement.column_integer(0);
}

void DatabaseCopy::Close::operator()(sqlite3* connection) const { ::sqlite3_close(connection); }
void DatabaseCopy::Finish::operator()(sqlite3_backup* backup) const {
    ::sqlite3_backup_finish(backup);
}

Result<std::unique_ptr<DatabaseCopy>> Database::copy_to(const std::string& path) {
    sqlite3* to = nullptr;
    const int code =
        ::sqlite3_open_v2(path.c_str(), &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::unique_ptr<DatabaseCopy> copy(new DatabaseCopy(path, to));
    // A copy that was cut off is thrown away, so it needs neither journal nor sync of its own.
    if (code != SQLITE_OK ||
        ::sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;", nullptr, nullptr,
                       nullptr) != SQLITE_OK) {
        return sqlite_error(to, path);
    }
    copy->backup_.reset(::sqlite3_backup_init(to, "main", connection_.get(), "main"));
    if (copy->backup_ == nullptr) {
        return sqlite_error(to, path);
    }
    return copy;
}

Result<bool> DatabaseCopy::step(int pages_max) {
    const int code = ::sqlite3_backup_step(backup_.get(), pages_max);
    if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        return false;
    }
    if (code != SQLITE_DONE) {
        const ErrorCode ours =
            (code & 0xFF) == SQLITE_FULL ? ErrorCode::storage_full : ErrorCode::storage_failed;
        return make_error(ours, fmt::format("{}: {}", path_, ::sqlite3_errstr(code)));
    }
    backup_.reset();
    to_.reset();
    return true;
}

Done Database::check() {
    Statement statement = TRY(prepare("PRAGMA quick_check(1)"));
    TRY(statement.step());
    if (const std::string said = statement.column_text(0); said != "ok") {
        return make_error(ErrorCode::storage_failed, fmt::format("{}: damaged: {}", path_, said));
    }
    return {};
}

}  // namespace tillhost::devd::runtime
