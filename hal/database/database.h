#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::database {

/// What stands in a column or behind a parameter.
using Field = std::variant<std::int64_t, std::string>;
using Row = std::vector<Field>;

/// One connection to a database in the SQL that SQLite and PostgreSQL have in common; used by one
/// thread at a time. The only place that knows SOCI. Opened on a file of SQLite: write-ahead log, a
/// full sync at each commit. Texts of errors name the statement, never a value.
///
/// Statements are prepared once and kept, by their text: name parameters :a, :b, … in the order of
/// the fields.
class Database final {
public:
    /// Opens or makes the file. `application_id` marks whose it is; a file of another program is
    /// refused. Errors: storage_failed, storage_full.
    static base::Result<std::unique_ptr<Database>> open(const std::string& path,
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
    base::Done begin() { return run("BEGIN"); }
    base::Done commit() { return run("COMMIT"); }
    /// A part of a transaction that can be taken back alone; ends with keep() or take_back(). One
    /// at a time. Errors: as run().
    base::Done savepoint() { return run("SAVEPOINT part"); }
    base::Done keep() { return run("RELEASE SAVEPOINT part"); }
    base::Done take_back();

private:
    struct Parts;
    explicit Database(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace tillhost::database
