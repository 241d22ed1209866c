#include "sumpd/store/sql.h"

namespace tillhost::sumpd::store {

exchange::Fault fault_of(const base::Error& error) {
    if (error.code == base::ErrorCode::storage_full) {
        return {.code = exchange::FaultCode::disk_full, .message = "the server's disk is full"};
    }
    return {.code = exchange::FaultCode::internal, .message = error.detail};
}

void Sql::run(const std::string& statement, const Row& parameters) {
    if (fault_) {
        return;
    }
    if (const auto done = database_.run(statement, parameters); !done) {
        fault_ = fault_of(done.error());
    }
}

std::vector<Row> Sql::query(const std::string& statement, const std::string& columns,
                            const Row& parameters) {
    if (fault_) {
        return {};
    }
    auto rows = database_.query(statement, columns, parameters);
    if (!rows) {
        fault_ = fault_of(rows.error());
        return {};
    }
    return std::move(*rows);
}

std::optional<Row> Sql::first(const std::string& statement, const std::string& columns,
                              const Row& parameters) {
    auto rows = query(statement, columns, parameters);
    return rows.empty() ? std::nullopt : std::optional(std::move(rows.front()));
}

std::int64_t Sql::number(const std::string& statement, const Row& parameters) {
    const auto row = first(statement, "i", parameters);
    return row ? integer(row->front()) : 0;
}

std::string Sql::text(const std::string& statement, const Row& parameters) {
    const auto row = first(statement, "t", parameters);
    return row ? store::text(row->front()) : "";
}

std::int64_t Sql::shrink(int pages_max) {
    if (fault_) {
        return 0;
    }
    const auto pages = database_.shrink(pages_max);
    if (!pages) {
        fault_ = fault_of(pages.error());
    }
    return pages.value_or(0);
}

}  // namespace tillhost::sumpd::store
