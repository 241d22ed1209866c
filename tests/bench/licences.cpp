// licd lends licences durably, over the network: cycles of acquire and release against Redis and
// PostgreSQL doing the same, beats, many seats, restarts.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <optional>

#include "tests/bench/groups.h"
#include "tests/bench/lending_servers.h"
#include "tests/bench/licence_lender.h"
#include "tests/bench/licence_shop.h"
#include "tests/bench/postgres_lender.h"
#include "tests/bench/redis_lender.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using Step = Lender::Step;

constexpr std::array<int, 3> kClients{1, 8, 64};
constexpr int kClientsMax = 64;
constexpr os::Duration kLoadTime = std::chrono::milliseconds(600);
constexpr double kOfRedis = 0.7;
constexpr double kOfPostgres = 2;
constexpr double kBeatsMin = 25'000;
constexpr double kOfFewSeats = 0.9;
constexpr double kSecondsMax = 1;
constexpr double kMibMax = 64;
constexpr double kMib = 1024.0 * 1024.0;

constexpr const char* kLarge = "till.large";
constexpr int kLargeSeats = 10'000;
constexpr const char* kSmall = "till.small";
constexpr int kSmallSeats = 1'000;
constexpr int kFewClients = 8;
constexpr int kLeftFree = 100;              ///< of each, when sizes are compared
constexpr const char* kMore = "till.more";  ///< always free
constexpr const char* kSolo = "till.solo";  ///< one seat

std::vector<std::string> lines() {
    const auto line = [](const char* name, int count) {
        return fmt::format("name={} count={} mode=instance", name, count);
    };
    return {line(kLarge, kLargeSeats), line(kSmall, kSmallSeats), line(kMore, 100), line(kSolo, 1)};
}

Result<std::unique_ptr<LicenceTalk>> talk_as(Bench& bench, const LicenceShop& shop,
                                             const std::string& instance) {
    auto talk = std::make_unique<LicenceTalk>(TRY(shop.connect()), bench.clock);
    TRY(talk->say_hello(instance));
    return talk;
}

Result<Lenders> lenders_of(Bench& bench, const LicenceShop& shop, const char* licence, int count) {
    Lenders lenders;
    for (int i = 0; i < count; ++i) {
        auto talk = TRY(talk_as(bench, shop, fmt::format("{}-{:04}", licence, i)));
        lenders.push_back(std::make_unique<LicenceLender>(std::move(*talk), licence));
    }
    return lenders;
}

// --- cycles

/// One of those that are compared.
struct Contestant {
    Lenders lenders;
    std::function<std::uint64_t()> syncs;
    struct Rounds {
        std::vector<double> per_second, p99_ms, syncs_a_cycle;
    };
    std::array<Rounds, kClients.size()> rounds;
};

Done play(Bench& bench, Contestant& one, std::size_t at) {
    const std::uint64_t before = one.syncs();
    const Load load = TRY(put_load(bench.clock, one.lenders, static_cast<std::size_t>(kClients[at]),
                                   {Step::take, Step::give}, kLoadTime));
    one.rounds[at].per_second.push_back(load.per_second);
    one.rounds[at].p99_ms.push_back(load.p99_ms);
    one.rounds[at].syncs_a_cycle.push_back(static_cast<double>(one.syncs() - before) /
                                           static_cast<double>(load.rounds));
    return {};
}

/// A database with its connections; nothing if it is not installed.
struct Reference {
    const char* name;
    const char* package;
    double bound;
    std::unique_ptr<LendingServer> server{};
    Contestant contestant{};
    bool present() const { return server != nullptr; }
};

Result<Reference> start_redis(Bench& bench) {
    Reference redis{.name = "Redis", .package = "redis-server", .bound = kOfRedis};
    if (::access(kRedis, X_OK) != 0) {
        return redis;
    }
    redis.server = TRY(LendingServer::start_redis(bench));
    for (int i = 0; i < kClientsMax; ++i) {
        redis.contestant.lenders.push_back(TRY(connect_redis(redis.server->port(), i)));
    }
    redis.contestant.syncs = [server = redis.server.get()] { return server->syncs(); };
    return redis;
}

Result<Reference> start_postgres(Bench& bench) {
    Reference postgres{.name = "PostgreSQL", .package = "postgresql-15", .bound = kOfPostgres};
    if (::access(kPostgres, X_OK) != 0) {
        return postgres;
    }
    postgres.server = TRY(LendingServer::start_postgres(bench));
    TRY(make_postgres_seats(bench.clock, postgres.server->port(), kLargeSeats));
    for (int i = 0; i < kClientsMax; ++i) {
        postgres.contestant.lenders.push_back(TRY(connect_postgres(postgres.server->port(), i)));
    }
    postgres.contestant.syncs = [server = postgres.server.get()] { return server->syncs(); };
    return postgres;
}

Figure at_least(Figure figure) {
    figure.sense = Figure::Sense::at_least;
    return figure;
}

Figure not_measured(const Reference& reference) {
    return {.name = fmt::format("licd / {}", reference.name),
            .measured = fmt::format("NOT MEASURED: {} is not installed", reference.package)};
}

void add_figures(const Contestant& licd, const std::vector<Reference>& references, std::size_t at,
                 std::vector<Figure>& to) {
    const std::string clients = fmt::format("{} client{}", kClients[at], at == 0 ? "" : "s");
    const auto& own = licd.rounds[at];
    for (const Reference& one : references) {
        if (one.present()) {
            const auto& other = one.contestant.rounds[at];
            to.push_back(at_least(compare(fmt::format("cycles, {}: licd / {}", clients, one.name),
                                          own.per_second, other.per_second, "/s", one.bound)));
            to.push_back(compare("  p99 of a step", own.p99_ms, other.p99_ms, "ms", std::nullopt));
            to.push_back({.name = "  syncs a cycle",
                          .measured = fmt::format("{:.2f}", median(own.syncs_a_cycle)),
                          .reference = fmt::format("{:.2f}", median(other.syncs_a_cycle))});
        }
    }
    if (at == 0) {  // nobody to share a sync with
        to.push_back({.name = "licd: syncs a cycle, 1 client",
                      .measured = fmt::format("{:.2f}", median(own.syncs_a_cycle)),
                      .reference = "2 records",
                      .ratio = median(own.syncs_a_cycle),
                      .bound = 2,
                      .sense = Figure::Sense::at_least});
    }
}

Result<std::vector<Figure>> measure_cycles(Bench& bench, const LicenceShop& shop) {
    std::vector<Reference> references;
    references.push_back(TRY(start_redis(bench)));
    references.push_back(TRY(start_postgres(bench)));
    Contestant licd;
    licd.lenders = TRY(lenders_of(bench, shop, kLarge, kClientsMax));
    licd.syncs = [&shop] { return shop.syncs(); };
    for (int round = -1; round < kRounds; ++round) {  // one to get warm
        for (std::size_t at = 0; at < kClients.size(); ++at) {
            TRY(play(bench, licd, at));
            for (Reference& one : references) {
                if (one.present()) {
                    TRY(play(bench, one.contestant, at));
                }
            }
        }
        if (round < 0) {
            licd.rounds = {};
            for (Reference& one : references) {
                one.contestant.rounds = {};
            }
        }
    }
    std::vector<Figure> figures;
    for (std::size_t at = 0; at < kClients.size(); ++at) {
        add_figures(licd, references, at, figures);
    }
    for (const Reference& one : references) {
        if (!one.present()) {
            figures.push_back(not_measured(one));
        }
    }
    return figures;
}

// --- beats

/// What a process has had written to the disk, in bytes.
Result<std::uint64_t> written_bytes(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/io", process));
    std::string word;
    std::uint64_t bytes = 0;
    while (file >> word >> bytes) {
        if (word == "write_bytes:") {
            return bytes;
        }
    }
    return make_error(ErrorCode::system_failed, fmt::format("no io of {}", process));
}

Result<std::vector<Figure>> measure_beats(Bench& bench, const LicenceShop& shop) {
    const Lenders lenders = TRY(lenders_of(bench, shop, kLarge, kClientsMax));
    TRY(put_load(bench.clock, lenders, kClientsMax, {Step::take}, os::Duration{}));
    std::vector<double> rates;
    const std::uint64_t written = TRY(written_bytes(shop.licd()));
    const std::uint64_t syncs = shop.syncs();
    for (int round = 0; round < kRounds; ++round) {
        rates.push_back(
            TRY(put_load(bench.clock, lenders, kClientsMax, {Step::beat}, kLoadTime)).per_second);
    }
    const auto more = static_cast<double>(TRY(written_bytes(shop.licd())) - written);
    const auto synced = static_cast<double>(shop.syncs() - syncs);
    TRY(put_load(bench.clock, lenders, kClientsMax, {Step::give}, os::Duration{}));
    return std::vector<Figure>{
        at_least(absolute("beats, 64 clients", median(rates), kBeatsMin, "/s")),
        {.name = "  bytes that licd has written meanwhile, and syncs",
         .measured = fmt::format("{:.0f} B, {:.0f}", more, synced),
         .reference = "0",
         .ratio = more + synced,
         .bound = 0}};
}

// --- many seats

/// Takes seats as so many programs, which are not heard of any more.
Done fill(Bench& bench, const LicenceShop& shop, const char* licence, int count) {
    const auto talk = TRY(talk_as(bench, shop, "filler-0000"));
    for (int i = 0; i < count; ++i) {
        TRY(talk->say_hello(fmt::format("{}-filler-{:05}", licence, i)));
        TRY(talk->take(licence));
    }
    return {};
}

Result<Figure> compare_sizes(Bench& bench, const LicenceShop& shop) {
    TRY(fill(bench, shop, kSmall, kSmallSeats - kLeftFree));
    TRY(fill(bench, shop, kLarge, kLargeSeats - kLeftFree));
    const Lenders large = TRY(lenders_of(bench, shop, kLarge, kFewClients));
    const Lenders small = TRY(lenders_of(bench, shop, kSmall, kFewClients));
    std::vector<double> of_large;
    std::vector<double> of_small;
    for (int round = 0; round < kRounds; ++round) {
        for (const auto& [lenders, rates] :
             {std::pair(&large, &of_large), std::pair(&small, &of_small)}) {
            rates->push_back(TRY(put_load(bench.clock, *lenders, kFewClients,
                                          {Step::take, Step::give}, kLoadTime))
                                 .per_second);
        }
    }
    return at_least(compare("cycles, 8 clients: of 10,000 seats / of 1,000", of_large, of_small,
                            "/s", kOfFewSeats));
}

Result<Figure> memory_of(pid_t licd, std::int64_t leases) {
    std::ifstream file(fmt::format("/proc/{}/statm", licd));
    double pages = 0;
    if (!(file >> pages >> pages)) {
        return make_error(ErrorCode::system_failed, "no memory of licd");
    }
    const double bytes = pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
    return absolute(fmt::format("licd's resident memory, {} leases", leases), bytes / kMib, kMibMax,
                    "MiB");
}

// --- ends

/// From SIGKILL of a program of this machine to the grant of its seat to another.
Result<Figure> measure_death(Bench& bench, const LicenceShop& shop) {
    constexpr os::Duration kWait = std::chrono::seconds(8);
    constexpr os::Duration kStandsInLine = std::chrono::milliseconds(50);
    const std::string self = TRY(os::program_folder()) + "run_bench";
    const auto heir = TRY(talk_as(bench, shop, "heir-0000"));
    std::vector<double> seconds;
    for (int round = 0; round < kRounds; ++round) {
        const Running holder = TRY(start_and_hear(self, {"--hold", shop.endpoint(), kSolo}));
        TRY(heir->ask_acquire(kSolo, kWait));
        if (holder.said != "held\n" || TRY(heir->answered(bench.clock.now() + kStandsInLine))) {
            return make_error(ErrorCode::wrong_state, "the seat is not held");
        }
        const os::Instant killed = bench.clock.now();
        holder.child->kill();
        if (!TRY(heir->answered(killed + kWait))) {
            return make_error(ErrorCode::deadline_passed, "the seat does not become free");
        }
        seconds.push_back(microseconds(bench.clock.now() - killed) / 1e6);
        TRY(heir->ask_release());
        TRY(heir->answered(bench.soon()));
    }
    return absolute("SIGKILL of a local program to its seat lent again", median(seconds),
                    kSecondsMax, "s");
}

/// From SIGKILL of licd to the first acquire that the next one has answered; all leases are there.
Result<Figure> measure_restart(Bench& bench, LicenceShop& shop, std::int64_t leases) {
    std::vector<double> seconds;
    for (int round = 0; round < kRounds; ++round) {
        const os::Instant killed = bench.clock.now();
        shop.kill_licd();
        TRY(shop.start_licd());
        const auto talk = TRY(talk_as(bench, shop, "first-0000"));
        TRY(talk->take(kMore));
        seconds.push_back(microseconds(bench.clock.now() - killed) / 1e6);
        TRY(talk->ask_release());
        TRY(talk->answered(bench.soon()));
        const std::int64_t kept = TRY(shop.used(kLarge)) + TRY(shop.used(kSmall));
        if (kept != leases) {
            return make_error(ErrorCode::wrong_state, fmt::format("{} of {} leases", kept, leases));
        }
    }
    return absolute(fmt::format("kill -9 to the first acquire, {} leases", leases), median(seconds),
                    kSecondsMax, "s");
}

}  // namespace

Result<std::vector<Figure>> measure_licences(Bench& bench) {
    const auto shop = TRY(LicenceShop::open(bench, lines()));
    std::vector<Figure> figures = TRY(measure_cycles(bench, *shop));
    for (Figure& figure : TRY(measure_beats(bench, *shop))) {
        figures.push_back(std::move(figure));
    }
    figures.push_back(TRY(measure_death(bench, *shop)));
    figures.push_back(TRY(compare_sizes(bench, *shop)));
    constexpr std::int64_t kLeases = kLargeSeats + kSmallSeats - 2 * kLeftFree;
    figures.push_back(TRY(memory_of(shop->licd(), kLeases)));
    figures.push_back(TRY(measure_restart(bench, *shop, kLeases)));
    figures.push_back(TRY(memory_of(shop->licd(), kLeases)));
    figures.back().name += ", started anew";
    return figures;
}

}  // namespace tillhost::bench
