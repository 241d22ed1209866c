// Over the network: what encryption and TCP cost, and what clients that do nothing cost.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "ipc/client/cpp/pairing.h"
#include "ipc/contract/decoder.h"
#include "tests/bench/groups.h"
#include "tests/bench/references.h"
#include "tests/support/free_port.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr const char* kDevice = "echo";
constexpr int kQuestions = 300;
constexpr double kRatioMax = 2.1;
constexpr int kIdleClients = 200;
constexpr int kWorkstations = 20;
constexpr os::Duration kIdleTime = std::chrono::seconds(12);  ///< two heartbeats of each

/// devd on the network, and this process as a workstation of it.
class Network final {
public:
    static Result<std::unique_ptr<Network>> start(Bench& bench) {
        std::unique_ptr<Network> network(new Network(bench));
        network->counter_ = TRY(Counter::create(bench, {{.id = kDevice}}));
        const std::string folder = network->counter_->shop().folder();
        const int port = support::free_port();
        const int pairing = support::free_port();
        std::ofstream(folder + "/config/devd.toml") << fmt::format(
            "[network]\nlisten = \"tcp://127.0.0.1:{}\"\npairing_port = {}\n", port, pairing);
        ::setenv("TILLHOST_HOSTS_DIR", (folder + "/hosts").c_str(), 1);
        TRY(network->counter_->start());
        for (int i = 0; i < kWorkstations; ++i) {
            TRY(network->pair(fmt::format("127.0.0.1:{}", pairing), host_name(i)));
        }
        return network;
    }

    Result<std::unique_ptr<client::Client>> connect(int workstation) {
        return client::Client::connect({.name = "till", .host = host_name(workstation)},
                                       bench_.clock, bench_.soon());
    }
    Counter& counter() { return *counter_; }

private:
    explicit Network(Bench& bench) : bench_(bench) {}

    static std::string host_name(int workstation) { return fmt::format("till-{}", workstation); }

    Done pair(const std::string& host, const std::string& name) {
        const auto local =
            TRY(client::Client::connect({.endpoint = counter_->shop().endpoint(), .name = "host"},
                                        bench_.clock, bench_.soon()));
        contract::OpenPairingRequest open;
        open.session = local->hello().session;
        open.name = name;
        const auto body = TRY(local->request(contract::RequestKind::open_pairing,
                                             contract::to_value(open), bench_.soon()));
        const auto code = TRY(contract::from_value<contract::OpenPairingReply>(body)).code;
        TRY(client::pair_with_host({.host = host, .code = code, .save_as = name}, bench_.clock,
                                   bench_.soon()));
        return {};
    }

    Bench& bench_;
    std::unique_ptr<Counter> counter_;
};

Done ask(client::Client& client, Bench& bench) {
    contract::EchoQuery question;
    question.payload = base::Bytes(64, std::byte{7});
    TRY(client.query(kDevice, question, bench.soon()));
    return {};
}

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

Result<std::vector<Figure>> measure_idle(Bench& bench, Network& network) {
    const pid_t devd = network.counter().shop().devd();
    const double before_mb = resident_mb(devd);
    std::vector<std::unique_ptr<client::Client>> clients;
    for (int i = 0; i < kIdleClients; ++i) {
        auto made = network.connect(i % kWorkstations);
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
        {.name = fmt::format("devd's processor with {} idle encrypted clients", kIdleClients),
         .measured = fmt::format("{:.2f} %", share * 100)},
        {.name = fmt::format("devd's memory for {} of them", kIdleClients),
         .measured = fmt::format("{:.1f} MB", resident_mb(devd) - before_mb)}};
}

}  // namespace

Result<std::vector<Figure>> measure_network(Bench& bench) {
    const auto network = TRY(Network::start(bench));
    TRY(network->counter().wait_ready(kDevice));
    const auto client = TRY(network->connect(0));
    const auto pair = TRY(PingPong::start(network->counter().shop().folder(), bench.processors));
    std::vector<double> remote;
    std::vector<double> pings;
    for (int round = 0; round < kRounds; ++round) {
        pings.push_back(TRY(median_us(bench.clock, kQuestions, [&] { return pair->once(); })));
        remote.push_back(
            TRY(median_us(bench.clock, kQuestions, [&] { return ask(*client, bench); })));
    }
    std::vector<Figure> figures{
        compare("question over TCP and CURVE / local ping-pong", remote, pings, "us", kRatioMax)};
    for (Figure& figure : TRY(measure_idle(bench, *network))) {
        figures.push_back(std::move(figure));
    }
    return figures;
}

}  // namespace tillhost::bench
