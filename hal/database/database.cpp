#include "hal/database/database.h"

#include <fmt/format.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <functional>
#include <map>
#include <utility>

namespace tillhost::database {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

// Primary result code of SQLite for a full disk (SQLITE_FULL).
constexpr std::string_view kFull = "database or disk is full";

/// The library's text may hold values that were bound, so that it is looked at and never told.
base::Error error_of(const soci::soci_error& error, const std::string& statement) {
    const bool full = error.get_error_message().find(kFull) != std::string::npos;
    return make_error(full ? ErrorCode::storage_full : ErrorCode::storage_failed,
                      fmt::format("the database refuses: {}", statement.substr(0, 80)));
}

/// A prepared statement with the memory that it reads its parameters from and puts columns into.
struct Prepared {
    explicit Prepared(soci::session& session) : statement(session) {}

    soci::statement statement;
    std::vector<std::unique_ptr<long long>> numbers;
    std::vector<std::unique_ptr<std::string>> texts;
    std::vector<std::function<void(const Field&)>> set;
    std::vector<std::function<Field()>> get;

    void bind(const Row& parameters) {
        for (const Field& field : parameters) {
            if (std::holds_alternative<std::int64_t>(field)) {
                long long* to = numbers.emplace_back(std::make_unique<long long>()).get();
                statement.exchange(soci::use(*to));
                set.emplace_back([to](const Field& from) { *to = std::get<std::int64_t>(from); });
            } else {
                std::string* to = texts.emplace_back(std::make_unique<std::string>()).get();
                statement.exchange(soci::use(*to));
                set.emplace_back([to](const Field& from) { *to = std::get<std::string>(from); });
            }
        }
    }

    void define(const std::string& columns) {
        for (const char column : columns) {
            if (column == 'i') {
                long long* from = numbers.emplace_back(std::make_unique<long long>()).get();
                statement.exchange(soci::into(*from));
                get.emplace_back([from] { return Field(static_cast<std::int64_t>(*from)); });
            } else {
                std::string* from = texts.emplace_back(std::make_unique<std::string>()).get();
                statement.exchange(soci::into(*from));
                get.emplace_back([from] { return Field(*from); });
            }
        }
    }

    /// Whether there is a first row.
    bool execute(const Row& parameters) {
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            set[i](parameters[i]);
        }
        return statement.execute(true);
    }
};

}  // namespace

struct Database::Parts {
    std::string path;
    soci::session session;
    std::map<std::string, std::unique_ptr<Prepared>> prepared;

    Prepared& prepare(const std::string& text, const Row& parameters,
                      const std::string& columns = {}) {
        std::unique_ptr<Prepared>& one = prepared[text];
        if (one == nullptr) {
            auto made = std::make_unique<Prepared>(session);
            made->bind(parameters);
            made->define(columns);
            made->statement.alloc();
            made->statement.prepare(text);
            made->statement.define_and_bind();
            one = std::move(made);
        }
        return *one;
    }
};

namespace {

using Connection = sqlite_api::sqlite3;

Connection* connection_of(soci::session& session) {
    return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

base::Error error_of(int code, std::string_view what) {
    const ErrorCode ours =
        (code & 0xFF) == SQLITE_FULL ? ErrorCode::storage_full : ErrorCode::storage_failed;
    return make_error(ours, fmt::format("{}: {}", what, sqlite_api::sqlite3_errstr(code)));
}

Done execute(Connection* connection, const char* statement) {
    const int code = sqlite_api::sqlite3_exec(connection, statement, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? Done() : Done(error_of(code, statement));
}

struct CloseConnection {
    void operator()(Connection* connection) const { sqlite_api::sqlite3_close(connection); }
};

/// To the end, or until `go_on` says no. The source stands in one state of the file.
Done copy_pages(Connection* from, Connection* to,
                const std::function<bool(std::int64_t, std::int64_t)>& go_on) {
    auto* const backup = sqlite_api::sqlite3_backup_init(to, "main", from, "main");
    if (backup == nullptr) {
        return error_of(sqlite_api::sqlite3_errcode(to), "copy");
    }
    int code = SQLITE_OK;
    bool wanted = true;
    while (code == SQLITE_OK && wanted) {
        code = sqlite_api::sqlite3_backup_step(backup, kCopyPagesPerStep);
        const std::int64_t total = sqlite_api::sqlite3_backup_pagecount(backup);
        wanted = go_on(total - sqlite_api::sqlite3_backup_remaining(backup), total);
    }
    sqlite_api::sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) {
        return {};
    }
    return code == SQLITE_OK ? Done(make_error(ErrorCode::storage_failed, "the copy was ended"))
                             : Done(error_of(code, "copy"));
}

}  // namespace

Database::Database(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path,
                                                 std::int32_t application_id) {
    auto parts = std::make_unique<Parts>();
    parts->path = path;
    try {
        // Nothing here that reads the file: of one that is damaged SOCI would leave the connection.
        parts->session.open(soci::sqlite3,
                            fmt::format("dbname={} timeout={}", path, kLockWaitSeconds));
        parts->session << "PRAGMA synchronous = FULL";
        int id = 0;
        int tables = 0;
        parts->session << "PRAGMA application_id", soci::into(id);
        parts->session << "SELECT count(*) FROM sqlite_master", soci::into(tables);
        if (id != application_id && (id != 0 || tables != 0)) {
            return make_error(ErrorCode::storage_failed,
                              fmt::format("{} is another program's database", path));
        }
        if (tables == 0) {
            // Before the journal's mode writes the first page. In a file that is there it would be
            // a write, and fail a transaction of another connection that has read already.
            parts->session << "PRAGMA auto_vacuum = INCREMENTAL";
        }
        std::string mode;
        parts->session << "PRAGMA journal_mode = WAL", soci::into(mode);
        parts->session << "PRAGMA trusted_schema = OFF";
        long long kept = 0;
        parts->session << fmt::format("PRAGMA journal_size_limit = {}", kLogBytesKept),
            soci::into(kept);
        if (id != application_id) {
            parts->session << fmt::format("PRAGMA application_id = {}", application_id);
        }
    } catch (const soci::soci_error&) {
        return make_error(ErrorCode::storage_failed,
                          fmt::format("{} cannot be opened or is no database", path));
    }
    return std::unique_ptr<Database>(new Database(std::move(parts)));
}

Result<std::unique_ptr<Database>> Database::open_to_read(const std::string& path,
                                                         std::int32_t application_id) {
    auto parts = std::make_unique<Parts>();
    parts->path = path;
    try {
        parts->session.open(soci::sqlite3, fmt::format("dbname={} timeout={} readonly=true", path,
                                                       kLockWaitSeconds));
        int id = 0;
        parts->session << "PRAGMA application_id", soci::into(id);
        if (id != application_id) {
            return make_error(ErrorCode::storage_failed,
                              fmt::format("{} is another program's database", path));
        }
        parts->session << "PRAGMA trusted_schema = OFF";
    } catch (const soci::soci_error&) {
        return make_error(ErrorCode::storage_failed,
                          fmt::format("{} cannot be opened or is no database", path));
    }
    return std::unique_ptr<Database>(new Database(std::move(parts)));
}

Result<std::int64_t> Database::shrink(int pages_max) {
    const auto free_pages = [this]() -> Result<std::int64_t> {
        const auto rows = TRY(query("PRAGMA freelist_count", "i"));
        return std::get<std::int64_t>(rows.at(0).at(0));
    };
    const std::int64_t before = TRY(free_pages());
    // One row a page: only the library's own loop goes through all of them.
    TRY(execute(connection_of(parts_->session),
                fmt::format("PRAGMA incremental_vacuum({})", pages_max).c_str()));
    const std::int64_t after = TRY(free_pages());
    return before - after;
}

Result<bool> Database::can_shrink() {
    constexpr std::int64_t kIncremental = 2;
    const auto rows = TRY(query("PRAGMA auto_vacuum", "i"));
    return std::get<std::int64_t>(rows.at(0).at(0)) == kIncremental;
}

Done Database::renew() {
    parts_->prepared.clear();  // none may stand while the file is written anew
    TRY(execute(connection_of(parts_->session), "PRAGMA auto_vacuum = INCREMENTAL"));
    return execute(connection_of(parts_->session), "VACUUM");
}

Done Database::check() {
    const auto rows = TRY(query("PRAGMA quick_check(1)", "t"));
    const std::string& said = std::get<std::string>(rows.at(0).at(0));
    if (said != "ok") {
        return make_error(ErrorCode::storage_failed,
                          fmt::format("{}: damaged: {}", parts_->path, said));
    }
    return {};
}

Done Database::empty_log() {
    const auto rows = TRY(query("PRAGMA wal_checkpoint(TRUNCATE)", "iii"));
    if (std::get<std::int64_t>(rows.at(0).at(0)) != 0) {
        return make_error(ErrorCode::storage_failed,
                          fmt::format("{} is in use by another program", parts_->path));
    }
    return {};
}

Done Database::copy_to(const std::string& path,
                       const std::function<bool(std::int64_t, std::int64_t)>& go_on) {
    Connection* opened = nullptr;
    const int code = sqlite_api::sqlite3_open_v2(
        path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    const std::unique_ptr<Connection, CloseConnection> to(opened);
    if (code != SQLITE_OK) {
        return error_of(code, path);
    }
    // A copy that was cut off is thrown away, so it needs neither journal nor sync of its own.
    TRY(execute(to.get(), "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF"));
    TRY(run("BEGIN"));
    // The first reading says which state of the file this connection sees until the end.
    const auto looked = query("SELECT count(*) FROM sqlite_master", "i");
    const Done copied =
        looked ? copy_pages(connection_of(parts_->session), to.get(), go_on) : Done(looked.error());
    TRY(commit());
    return copied;
}

Done Database::migrate(const std::vector<std::vector<std::string>>& steps) {
    const auto rows = TRY(query("PRAGMA user_version", "i"));
    const auto version = static_cast<std::size_t>(std::get<std::int64_t>(rows.at(0).at(0)));
    if (version > steps.size()) {
        return make_error(
            ErrorCode::storage_failed,
            fmt::format("{} was written by a newer version ({})", parts_->path, version));
    }
    for (std::size_t i = version; i < steps.size(); ++i) {
        TRY(begin());
        for (const std::string& statement : steps[i]) {
            TRY(run(statement));
        }
        TRY(run(fmt::format("PRAGMA user_version = {}", i + 1)));
        TRY(commit());
    }
    return {};
}

Done Database::take_back() {
    TRY(run("ROLLBACK TO SAVEPOINT part"));
    return keep();
}

Done Database::run(const std::string& statement, const Row& parameters) {
    try {
        parts_->prepare(statement, parameters).execute(parameters);
        return {};
    } catch (const soci::soci_error& error) {
        parts_->prepared.erase(statement);
        return error_of(error, statement);
    }
}

Result<std::vector<Row>> Database::query(const std::string& statement, const std::string& columns,
                                         const Row& parameters) {
    try {
        Prepared& prepared = parts_->prepare(statement, parameters, columns);
        std::vector<Row> rows;
        // To the end of the rows: a statement that stands amid them holds its state of the file.
        for (bool more = prepared.execute(parameters); more; more = prepared.statement.fetch()) {
            Row& row = rows.emplace_back();
            row.reserve(columns.size());
            for (const auto& get : prepared.get) {
                row.push_back(get());
            }
        }
        return rows;
    } catch (const soci::soci_error& error) {
        parts_->prepared.erase(statement);
        return error_of(error, statement);
    }
}

}  // namespace tillhost::database
