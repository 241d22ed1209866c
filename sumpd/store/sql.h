#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/database/database.h"
#include "sumpd/exchange/fault.h"

namespace tillhost::sumpd::store {

using database::Row;

/// Statements of one transaction. The first one that the database refuses makes all later ones do
/// nothing and give no rows; the transaction is then rolled back whatever its body returns, so that
/// a body reads as if nothing could fail and never decides upon rows that are missing.
class Sql final {
public:
    explicit Sql(database::Database& database) : database_(database) {}

    void run(const std::string& statement, const Row& parameters = {});
    /// `columns`: i for an integer, t for a text.
    std::vector<Row> query(const std::string& statement, const std::string& columns,
                           const Row& parameters = {});
    std::optional<Row> first(const std::string& statement, const std::string& columns,
                             const Row& parameters = {});
    /// The integer in the first column of the first row; 0 if there is none.
    std::int64_t number(const std::string& statement, const Row& parameters = {});
    /// The text there; empty if there is none.
    std::string text(const std::string& statement, const Row& parameters = {});

    /// Gives so many free pages back to the disk, at most; how many.
    std::int64_t shrink(int pages_max);

    /// What the database said, as disk_full or internal.
    const std::optional<exchange::Fault>& fault() const { return fault_; }

private:
    database::Database& database_;
    std::optional<exchange::Fault> fault_;
};

exchange::Fault fault_of(const base::Error& error);

inline std::int64_t integer(const database::Field& field) { return std::get<std::int64_t>(field); }
inline const std::string& text(const database::Field& field) {
    return std::get<std::string>(field);
}

}  // namespace tillhost::sumpd::store
