#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "hal/drivers/payment/zvt/driver.h"
#include "hal/os/descriptor.h"
#include "hal/transport/connector.h"
#include "tests/bench/bare_payment.h"
#include "tests/bench/groups.h"
#include "tests/bench/references.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kPayments = 40;  // a round
constexpr int kCommits = 150;
constexpr int kCommitsBefore = 600;
constexpr double kCommitsMax = 4;
/// Card and authorising host take no time: what is compared is not lost in it, and no processor
/// falls asleep meanwhile, which on a virtual machine costs as much as a commit.
constexpr const char* kCardMs = "0";
constexpr const char* kHostMs = "0";

/// A TCP port of loopback that nobody has at this moment.
Result<std::string> free_address() {
    const os::Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(probe.get(), any, size) != 0 || ::getsockname(probe.get(), any, &size) != 0) {
        return os::system_error("a port of loopback", errno);
    }
    return fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
}

/// Says yes at once and keeps nothing.
class NoBook final : public device::Gate {
public:
    Done persist(const contract::Record&) override { return {}; }
    void announce(std::string_view, os::Deadline) override {}
};

contract::Authorise payment_of(std::int64_t amount_minor) {
    contract::Authorise payment;
    payment.amount_minor = amount_minor;
    payment.currency = "EUR";
    return payment;
}

/// The driver alone with its terminal, in this process: the dialogue and nothing else.
class Alone final {
public:
    Alone(const Bench& bench, std::unique_ptr<device::Driver> driver)
        : bench_(bench), driver_(std::move(driver)) {}
    static Result<std::unique_ptr<Alone>> open(Bench& bench, const std::string& address,
                                               const std::string& prints) {
        auto connector = TRY(transport::make_connector("tcp:" + address, bench.clock, -1));
        auto driver =
            TRY(drivers::zvt::make_driver({{"prints", prints}}, std::move(connector), bench.clock));
        auto alone = std::make_unique<Alone>(bench, std::move(driver));
        TRY(alone->driver_->open(std::nullopt, alone->book_, bench.soon()));
        return alone;
    }
    Done once() {
        TRY(driver_->execute(contract::Command(payment_of(++amount_)), book_, bench_.soon()));
        return {};
    }

private:
    const Bench& bench_;
    std::unique_ptr<device::Driver> driver_;
    NoBook book_;
    std::int64_t amount_ = 100;
};

/// The same through devd, from the hand-over to the result.
class Paid final {
public:
    static Result<std::unique_ptr<Paid>> open(Bench& bench, Counter& counter, std::string device) {
        std::unique_ptr<Paid> paid(new Paid(bench, std::move(device)));
        paid->client_ = TRY(client::Client::connect(
            {.endpoint = counter.shop().endpoint(), .name = "till"}, bench.clock, bench.soon()));
        return paid;
    }
    Done once() {
        client::OperationOptions options;
        options.operation_id = client::make_operation_id(bench_.clock);
        const auto paid = TRY(client_->carry_out(device_, contract::Command(payment_of(++amount_)),
                                                 options, bench_.soon()));
        return paid.state == contract::OperationState::done
                   ? Done()
                   : Done(make_error(ErrorCode::wrong_state, "a payment is not done"));
    }

private:
    Paid(Bench& bench, std::string device) : bench_(bench), device_(std::move(device)) {}
    Bench& bench_;
    std::string device_;
    std::unique_ptr<client::Client> client_;
    std::int64_t amount_ = 100;
};

Done start_terminal(Counter& counter, const std::string& id, const std::string& address) {
    return counter.shop().start_simulator(
        id, "payment/zvt",
        {"--pty", "", "--tcp", address, "--card-ms", kCardMs, "--host-ms", kHostMs});
}

/// A terminal for devd and equal ones for the driver alone and for the least that this architecture
/// costs, who prints being a setting.
struct Trio {
    static constexpr const char* kDevice = "pos";
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Paid> paid;
    std::unique_ptr<Alone> alone;
    std::unique_ptr<BarePayment> bare;
    std::unique_ptr<Commits> commits;

    static Result<Trio> open(Bench& bench, const std::string& prints) {
        const std::string of_devd = TRY(free_address());
        const std::string body = fmt::format(
            "driver = \"payment/zvt\"\nport = \"tcp:{}\"\n[settings]\nprints = \"{}\"\n", of_devd,
            prints);
        Trio trio;
        trio.counter = TRY(Counter::create(bench, {{.id = kDevice, .body = body}}));
        TRY(start_terminal(*trio.counter, kDevice, of_devd));
        const std::string of_driver = TRY(free_address());
        TRY(start_terminal(*trio.counter, "other", of_driver));
        const std::string of_bare = TRY(free_address());
        TRY(start_terminal(*trio.counter, "third", of_bare));
        TRY(trio.counter->start());
        trio.paid = TRY(Paid::open(bench, *trio.counter, kDevice));
        trio.alone = TRY(Alone::open(bench, of_driver, prints));
        const std::string state = trio.counter->shop().folder() + "/state";
        trio.bare = TRY(BarePayment::start(state, of_bare, prints, bench.processors));
        trio.commits = TRY(Commits::open(state, "reference.db"));
        for (int i = 0; i < kCommitsBefore; ++i) {
            TRY(trio.commits->once());
        }
        return trio;
    }
};

/// Processor time of devd's and its host's threads, in microseconds.
Result<double> processor_us(const Trio& trio) {
    const support::Shop& shop = trio.counter->shop();
    const std::uint64_t host = TRY(processor_ns(shop.host_of(Trio::kDevice)));
    return static_cast<double>(TRY(processor_ns(shop.devd())) + host) / 1e3;
}

Result<std::vector<Figure>> in_commits(Bench& bench, const std::string& prints,
                                       std::optional<double> bound) {
    const Trio trio = TRY(Trio::open(bench, prints));
    std::vector<double> commit;
    std::vector<double> beyond;
    std::vector<double> whole;
    std::vector<double> own;
    std::vector<double> bare;
    std::vector<double> bare_beyond;
    std::vector<double> processor;
    for (int round = 0; round < kRounds; ++round) {
        commit.push_back(
            TRY(median_us(bench.clock, kCommits, [&] { return trio.commits->once(); })));
        own.push_back(TRY(median_us(bench.clock, kPayments, [&] { return trio.alone->once(); })));
        bare.push_back(TRY(median_us(bench.clock, kPayments, [&] { return trio.bare->once(); })));
        const double before = TRY(processor_us(trio));
        whole.push_back(TRY(median_us(bench.clock, kPayments, [&] { return trio.paid->once(); })));
        processor.push_back((TRY(processor_us(trio)) - before) / (kPayments + kPayments / 10));
        beyond.push_back(whole.back() - own.back());
        bare_beyond.push_back(bare.back() - own.back());
    }
    const std::string name = fmt::format("ZVT payment, prints={}", prints);
    Figure added = compare(name + ": n commits more", beyond, commit, "us", bound);
    added.measured = fmt::format("{:.1f} us", median(whole));
    added.reference = fmt::format("{:.1f} + n x {:.1f} us", median(own), median(commit));
    Figure least = compare("the same of bare libzmq, SQLite and driver", bare_beyond, commit, "us",
                           std::nullopt);
    least.measured = fmt::format("{:.1f} us", median(bare));
    least.reference = added.reference;
    return std::vector<Figure>{
        added, least, compare("the same through devd / bare", whole, bare, "us", std::nullopt),
        Figure{.name = "the same, processor time of devd and its host",
               .measured = fmt::format("{:.0f} us", median(processor))}};
}

}  // namespace

Result<std::vector<Figure>> measure_payment(Bench& bench) {
    std::vector<Figure> figures = TRY(in_commits(bench, "terminal", kCommitsMax));
    for (Figure& at_till : TRY(in_commits(bench, "till", std::nullopt))) {
        figures.push_back(std::move(at_till));
    }
    return figures;
}

}  // namespace tillhost::bench
