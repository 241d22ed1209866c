// Over the network: what encryption and TCP cost, and what clients that do nothing cost.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "tests/bench/groups.h"
#include "tests/bench/network_counter.h"
#include "tests/bench/references.h"

namespace tillhost::bench {
namespace {

using base::Result;

constexpr int kQuestions = 300;
constexpr double kRatioMax = 2.1;
constexpr int kIdleClients = 1000;
constexpr int kWorkstations = 72;  ///< of fourteen programs each; sixteen may be
/// One heartbeat of the host and one of each client.
constexpr os::Duration kIdleTime = std::chrono::milliseconds(ipc::kNetworkHeartbeatMs);
constexpr double kIdlePercentMax = 1;
constexpr double kIdleMbMax = 64;

/// Processor time of a process, in seconds.
double processor_time(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string word;
    for (int i = 1; i < 14; ++i) {
        file >> word;
    }
    double user = 0;
    double system = 0;
    file >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_mb(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/statm", process));
    double pages = 0;
    file >> pages >> pages;
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

Result<std::vector<Figure>> measure_idle(Bench& bench, NetworkCounter& network) {
    const pid_t devd = network.counter().shop().devd();
    const double before_mb = resident_mb(devd);
    std::vector<std::unique_ptr<ipc::ZmqClient>> clients;
    for (int i = 0; i < kIdleClients; ++i) {
        auto made = network.connect_bare(i % kWorkstations);
        if (!made) {
            return base::with_context(made.error(), fmt::format("client {}", i + 1));
        }
        clients.push_back(std::move(*made));
    }
    const double used = processor_time(devd);
    bench.clock.sleep_until(bench.clock.now() + kIdleTime);
    const double share =
        (processor_time(devd) - used) / std::chrono::duration<double>(kIdleTime).count();
    return std::vector<Figure>{
        absolute(fmt::format("devd with {} idle encrypted clients, % of a processor", kIdleClients),
                 share * 100, kIdlePercentMax, "%"),
        absolute(fmt::format("devd's memory for {} of them", kIdleClients),
                 resident_mb(devd) - before_mb, kIdleMbMax, "MB")};
}

}  // namespace

Result<std::vector<Figure>> measure_network(Bench& bench) {
    const auto network = TRY(NetworkCounter::start(bench, kWorkstations));
    TRY(network->counter().wait_ready(NetworkCounter::kDevice));
    const auto client = TRY(network->connect(0));
    const auto pair = TRY(PingPong::start(network->counter().shop().folder(), bench.processors));
    std::vector<double> remote;
    std::vector<double> pings;
    for (int round = 0; round < kRounds; ++round) {
        pings.push_back(TRY(median_us(bench.clock, kQuestions, [&] { return pair->once(); })));
        remote.push_back(
            TRY(median_us(bench.clock, kQuestions, [&] { return network->ask(*client); })));
    }
    std::vector<Figure> figures{
        compare("question over TCP and CURVE / local ping-pong", remote, pings, "us", kRatioMax)};
    for (Figure& figure : TRY(measure_idle(bench, *network))) {
        figures.push_back(std::move(figure));
    }
    return figures;
}

}  // namespace tillhost::bench
