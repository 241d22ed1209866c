#include "tests/bench/postgres_lender.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <string>
#include <utility>

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

struct Free {
    void operator()(PGconn* connection) const { ::PQfinish(connection); }
    void operator()(PGresult* result) const { ::PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, Free>;
using Rows = std::unique_ptr<PGresult, Free>;

constexpr os::Duration kStartTimeMax = std::chrono::seconds(20);
constexpr os::Duration kLook = std::chrono::milliseconds(20);
constexpr const char* kTake =
    "UPDATE seat SET holder = $1, held_until = now() + interval '600 s' WHERE number = "
    "(SELECT number FROM seat WHERE holder IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED) "
    "RETURNING number";
constexpr const char* kGive =
    "UPDATE seat SET holder = NULL, held_until = NULL WHERE number = $2::text::int AND holder = $1";

base::Error failed(PGconn* connection) {
    return make_error(ErrorCode::system_failed,
                      std::string("PostgreSQL: ") + ::PQerrorMessage(connection));
}

Result<Connection> connect(std::uint16_t port) {
    const std::string where =
        fmt::format("host=127.0.0.1 port={} user=bench dbname=postgres sslmode=disable", port);
    Connection connection(::PQconnectdb(where.c_str()));
    if (::PQstatus(connection.get()) != CONNECTION_OK) {
        return failed(connection.get());
    }
    return connection;
}

Done run(PGconn* connection, const std::string& text) {
    const Rows rows(::PQexec(connection, text.c_str()));
    const auto status = ::PQresultStatus(rows.get());
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? Done()
                                                                   : Done(failed(connection));
}

class PostgresLender final : public Lender {
public:
    PostgresLender(Connection connection, int number)
        : connection_(std::move(connection)), holder_(fmt::format("holder {}", number)) {}

    Done ask(Step step) override {
        if (step == Step::beat) {
            return make_error(ErrorCode::unknown_kind, "PostgreSQL is not measured with beats");
        }
        const std::array<const char*, 2> values{holder_.c_str(), seat_.c_str()};
        const bool takes = step == Step::take;
        if (::PQsendQueryPrepared(connection_.get(), takes ? "take" : "give", takes ? 1 : 2,
                                  values.data(), nullptr, nullptr, 0) != 1 ||
            ::PQflush(connection_.get()) != 0) {
            return failed(connection_.get());
        }
        takes_ = takes;
        return {};
    }

    Result<bool> answered() override {
        if (::PQconsumeInput(connection_.get()) != 1) {
            return failed(connection_.get());
        }
        while (::PQisBusy(connection_.get()) == 0) {
            const Rows rows(::PQgetResult(connection_.get()));
            if (!rows) {
                return std::exchange(has_answer_, false);
            }
            TRY(take(rows.get()));
        }
        return false;
    }

    int fd() const override { return ::PQsocket(connection_.get()); }

private:
    Done take(const PGresult* rows) {
        const char* const count = ::PQcmdTuples(const_cast<PGresult*>(rows));
        if (std::string_view(count) != "1") {
            return make_error(
                ErrorCode::wrong_state,
                fmt::format("PostgreSQL changed {} rows: {}", count, ::PQresultErrorMessage(rows)));
        }
        has_answer_ = true;
        if (takes_) {
            seat_ = ::PQgetvalue(rows, 0, 0);
        }
        return {};
    }

    Connection connection_;
    const std::string holder_;
    std::string seat_;
    bool takes_ = true;
    bool has_answer_ = false;
};

}  // namespace

Done make_postgres_seats(os::Clock& clock, std::uint16_t port, int seats) {
    const os::Deadline patience = clock.now() + kStartTimeMax;
    auto first = connect(port);
    while (!first && clock.now() < patience) {  // it listens before it has started
        clock.sleep_until(clock.now() + kLook);
        first = connect(port);
    }
    const Connection connection = TRY(std::move(first));
    TRY(run(connection.get(),
            "CREATE TABLE seat (number int PRIMARY KEY, holder text, held_until timestamptz) "
            "WITH (fillfactor = 50)"));
    TRY(run(connection.get(),
            fmt::format("INSERT INTO seat SELECT generate_series(1, {})", seats)));
    return run(connection.get(), "VACUUM ANALYZE seat");
}

Result<std::unique_ptr<Lender>> connect_postgres(std::uint16_t port, int number) {
    Connection connection = TRY(connect(port));
    for (const auto& [name, text] : {std::pair("take", kTake), std::pair("give", kGive)}) {
        const Rows rows(::PQprepare(connection.get(), name, text, 0, nullptr));
        if (::PQresultStatus(rows.get()) != PGRES_COMMAND_OK) {
            return failed(connection.get());
        }
    }
    ::PQsetnonblocking(connection.get(), 1);
    return std::make_unique<PostgresLender>(std::move(connection), number);
}

}  // namespace tillhost::bench
