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

Database::Database(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path,
                                                 std::int32_t application_id) {
    auto parts = std::make_unique<Parts>();
    parts->path = path;
    try {
        parts->session.open(soci::sqlite3, fmt::format("dbname={} synchronous=full", path));
        int id = 0;
        int tables = 0;
        parts->session << "PRAGMA application_id", soci::into(id);
        parts->session << "SELECT count(*) FROM sqlite_master", soci::into(tables);
        if (id != application_id && (id != 0 || tables != 0)) {
            return make_error(ErrorCode::storage_failed,
                              fmt::format("{} is another program's database", path));
        }
        std::string mode;
        parts->session << "PRAGMA journal_mode = WAL", soci::into(mode);
        parts->session << "PRAGMA trusted_schema = OFF";
        parts->session << fmt::format("PRAGMA application_id = {}", application_id);
    } catch (const soci::soci_error&) {
        return make_error(ErrorCode::storage_failed,
                          fmt::format("{} cannot be opened or is no database", path));
    }
    return std::unique_ptr<Database>(new Database(std::move(parts)));
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
