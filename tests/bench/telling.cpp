#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "hal/os/descriptor.h"
#include "hal/os/log.h"
#include "tests/bench/groups.h"
#include "tests/bench/seller.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::Result;
using contract::RequestKind;

constexpr const char* kDevice = "echo";
constexpr int kSubscribers = 10;
constexpr int kSales = 60;        // a round
constexpr int kSalesToWarm = 10;  // before them: the other side had the processor
constexpr int kSalesBefore = 200;
constexpr int kPositions = 3;
/// More than the events of one round.
constexpr std::int64_t kCredit = 1000;

/// devd with as much of a log as it was told, in a file on the disk.
struct Side {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Seller> seller;
};

/// Standard error in a file of its own while it lives.
class LogFile final {
public:
    static Result<LogFile> begin(const std::string& path) {
        LogFile log;
        const os::Descriptor file(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
        log.before_ = os::Descriptor(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
        if (!file.valid() || !log.before_.valid() || ::dup2(file.get(), STDERR_FILENO) < 0) {
            return os::system_error(path, errno);
        }
        return log;
    }
    ~LogFile() {
        if (before_.valid()) {
            ::dup2(before_.get(), STDERR_FILENO);
        }
    }
    LogFile(LogFile&&) = default;
    LogFile& operator=(LogFile&&) = delete;

private:
    LogFile() = default;
    os::Descriptor before_;
};

Result<Side> open_side(Bench& bench, std::string_view least) {
    Side side;
    side.counter = TRY(Counter::create(bench, {{.id = kDevice}}));
    const std::string folder = side.counter->shop().folder();
    std::ofstream(folder + "/config/devd.toml") << fmt::format("log = \"{}\"\n", least);
    {
        const LogFile inherited = TRY(LogFile::begin(folder + "/devd.log"));
        TRY(side.counter->start());
    }
    TRY(side.counter->wait_ready(kDevice));
    side.seller = TRY(Seller::connect(bench, *side.counter, kDevice));
    for (int i = 0; i < kSalesBefore; ++i) {
        TRY(side.seller->sell(receipt_of(kPositions)));
    }
    return side;
}

/// Connections that follow the operations and the device. They take what came when nothing is
/// timed.
class Subscribers final {
public:
    static Result<Subscribers> connect(Bench& bench, Counter& counter) {
        Subscribers subscribers;
        for (int i = 0; i < kSubscribers; ++i) {
            auto one =
                TRY(ipc::ZmqClient::connect(counter.shop().endpoint(), bench.clock, bench.soon()));
            const contract::HelloRequest hello{.client = fmt::format("watcher {}", i),
                                               .versions = {contract::kProtocolVersion},
                                               .program_version = ""};
            TRY(one->call(RequestKind::hello, contract::to_value(hello), bench.soon()));
            for (const char* kind : {"operation", "device"}) {
                const contract::SubscribeRequest request{
                    .topic = fmt::format("{}/{}", kind, kDevice), .credit = kCredit};
                TRY(one->call(RequestKind::subscribe, contract::to_value(request), bench.soon()));
            }
            subscribers.all_.push_back(std::move(one));
        }
        return subscribers;
    }
    /// How many events came to all of them.
    Result<double> take() {
        constexpr os::Duration kQuiet = std::chrono::milliseconds(50);
        os::SystemClock clock;
        double count = 0;
        for (const auto& one : all_) {
            while (TRY(one->next_event(clock.now() + kQuiet))) {
                ++count;
            }
        }
        return count;
    }

private:
    std::vector<std::unique_ptr<ipc::ZmqClient>> all_;
};

/// A round of one side: medians of its sales, and what devd spent on one of them.
struct Round {
    double status = 0;
    double result = 0;
    double devd = 0;  ///< microseconds of a processor
};

Result<Round> sell(const Side& side) {
    std::vector<double> statuses;
    std::vector<double> results;
    for (int i = 0; i < kSalesToWarm; ++i) {
        TRY(side.seller->sell(receipt_of(kPositions)));
    }
    const pid_t devd = side.counter->shop().devd();
    const auto before = TRY(processor_ns(devd));
    for (int i = 0; i < kSales; ++i) {
        const Seller::Times times = TRY(side.seller->sell(receipt_of(kPositions)));
        statuses.push_back(times.status);
        results.push_back(times.result);
    }
    const auto after = TRY(processor_ns(devd));
    return Round{median(std::move(statuses)), median(std::move(results)),
                 static_cast<double>(after - before) / 1e3 / kSales};
}

/// What one entry costs whoever writes it: the fields of an operation's change, a line, a write.
Result<double> entry_us(const Bench& bench, const std::string& folder) {
    constexpr int kEntries = 2000;
    const LogFile file = TRY(LogFile::begin(folder + "/entries.log"));
    os::StderrSink sink(false);
    const os::Logger logger(sink);
    const std::string id = client::make_operation_id(bench.clock).to_text();
    return median_us(bench.clock, kEntries, [&]() -> Done {
        logger.info("operation", {{"operation_id", id},
                                  {"device", kDevice},
                                  {"command", "receipt"},
                                  {"state", "prepared"},
                                  {"client", "till"},
                                  {"attempt", "1"},
                                  {"version", "2"},
                                  {"error", "none"},
                                  {"decided_by", "none"}});
        return {};
    });
}

/// All rounds of a side.
struct Rounds {
    std::vector<double> status, result, devd;
    void add(const Round& round) {
        status.push_back(round.status);
        result.push_back(round.result);
        devd.push_back(round.devd);
    }
};

/// What devd spends more on `with`, a sale, by how many things it is more.
Figure apiece(std::string name, const Rounds& with, const Rounds& without,
              const std::vector<double>& things) {
    std::vector<double> each;
    double count = 0;
    for (std::size_t i = 0; i < things.size(); ++i) {
        each.push_back((with.devd[i] - without.devd[i]) / things[i]);
        count += things[i];
    }
    return {.name = std::move(name),
            .measured = fmt::format("{:.2f} us", median(each)),
            .reference = fmt::format("{:.0f} a sale", count / static_cast<double>(things.size()))};
}

}  // namespace

Result<std::vector<Figure>> measure_telling(Bench& bench) {
    const Side side = TRY(open_side(bench, "info"));
    const Side silent = TRY(open_side(bench, "notice"));
    Rounds plain;
    Rounds followed;
    Rounds unlogged;
    std::vector<double> events;
    std::vector<double> entries;
    const std::string folder = side.counter->shop().folder();
    for (int round = 0; round < kRounds; ++round) {
        plain.add(TRY(sell(side)));
        entries.push_back(TRY(entry_us(bench, folder)));
        unlogged.add(TRY(sell(silent)));
        auto subscribers = TRY(Subscribers::connect(bench, *side.counter));
        followed.add(TRY(sell(side)));
        events.push_back(TRY(subscribers.take()) / (kSales + kSalesToWarm));
    }
    return std::vector<Figure>{
        compare("cached status in a sale, 10 subscribers / none", followed.status, plain.status,
                "us", std::nullopt),
        compare("result, 10 subscribers / none", followed.result, plain.result, "us", std::nullopt),
        apiece("an event to one subscriber, devd's time", followed, plain, events),
        compare("result, log = info / notice", plain.result, unlogged.result, "us", std::nullopt),
        {.name = "an entry of the log, into a file",
         .measured = fmt::format("{:.2f} us", median(entries))},
    };
}

}  // namespace tillhost::bench
