// Those who mean harm: what a program of this machine and one of another workstation feel of them.
#include <fmt/format.h>

#include "tests/bench/groups.h"
#include "tests/bench/network_counter.h"
#include "tests/support/free_port.h"

namespace tillhost::bench {
namespace {

using base::Result;

constexpr double kRatioMax = 1.5;
constexpr int kPeaceful = 0;  ///< workstations
constexpr int kHostile = 1;
constexpr int kHostileNice = 19;  ///< it takes what the measuring client leaves of its processor
constexpr os::Duration kWarm = std::chrono::milliseconds(200);
constexpr os::Duration kWindow = std::chrono::milliseconds(1000);
constexpr os::Duration kPace = std::chrono::microseconds(500);  ///< within what a till may ask

/// 99 of 100 questions are answered within this, in microseconds.
struct P99 {
    double local = 0;
    double paired = 0;
};

class Battle final {
public:
    static Result<std::unique_ptr<Battle>> start(Bench& bench) {
        std::unique_ptr<Battle> battle(new Battle(bench));
        battle->network_ = TRY(NetworkCounter::start(bench, 2));
        TRY(battle->network_->counter().wait_ready(NetworkCounter::kDevice));
        battle->client_ = TRY(battle->network_->connect(kPeaceful));
        battle->program_ = TRY(os::program_folder()) + "run_bench";
        return battle;
    }

    Result<P99> against_devd(const std::string& deed) { return beside(deed, network_->port()); }
    /// The same deed with the same work for the same processor, and devd knows nothing of it.
    Result<P99> against_another(const std::string& deed) {
        const int port = support::free_port();
        bench_.processors.be_service();
        const auto other = os::Child::spawn(
            {.program = program_,
             .arguments = {"--spared", network_->host_key(), std::to_string(port)}});
        bench_.processors.be_client();
        if (!other) {
            return other.error();
        }
        return beside(deed, port);
    }

private:
    explicit Battle(Bench& bench) : bench_(bench) {}

    Result<P99> beside(const std::string& deed, int port) {
        const auto hostile = TRY(os::Child::spawn(
            {.program = program_,
             .arguments = {"--hostile", deed, network_->keys_of(kHostile), std::to_string(port)},
             .nice = kHostileNice}));
        bench_.clock.sleep_until(bench_.clock.now() + kWarm);
        std::vector<double> local;
        std::vector<double> paired;
        const os::Instant end = bench_.clock.now() + kWindow;
        while (bench_.clock.now() < end) {
            const os::Instant start = bench_.clock.now();
            TRY(network_->counter().echo(NetworkCounter::kDevice));
            const os::Instant between = bench_.clock.now();
            TRY(network_->ask(*client_));
            local.push_back(microseconds(between - start));
            paired.push_back(microseconds(bench_.clock.now() - between));
            bench_.clock.sleep_until(start + kPace);
        }
        return P99{percentile(std::move(local), 0.99), percentile(std::move(paired), 0.99)};
    }

    Bench& bench_;
    std::unique_ptr<NetworkCounter> network_;
    std::unique_ptr<client::Client> client_;
    std::string program_;
};

}  // namespace

Result<std::vector<Figure>> measure_hostile(Bench& bench) {
    const auto battle = TRY(Battle::start(bench));
    std::vector<Figure> figures;
    for (const char* deed : {"handshakes", "oversize", "slow", "flood"}) {
        std::vector<double> local;
        std::vector<double> paired;
        std::vector<double> local_apart;
        std::vector<double> paired_apart;
        for (int round = 0; round < kRounds; ++round) {
            const P99 here = TRY(battle->against_devd(deed));
            const P99 apart = TRY(battle->against_another(deed));
            local.push_back(here.local);
            paired.push_back(here.paired);
            local_apart.push_back(apart.local);
            paired_apart.push_back(apart.paired);
        }
        figures.push_back(compare(fmt::format("local p99 beside hostile '{}' / apart", deed), local,
                                  local_apart, "us", kRatioMax));
        figures.push_back(compare(fmt::format("another till's p99 beside '{}' / apart", deed),
                                  paired, paired_apart, "us", kRatioMax));
    }
    return figures;
}

}  // namespace tillhost::bench
