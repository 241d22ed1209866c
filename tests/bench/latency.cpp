#include <fmt/format.h>

#include "tests/bench/bare_service.h"
#include "tests/bench/groups.h"
#include "tests/bench/references.h"
#include "tests/bench/sync_count.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr const char* kDevice = "echo";
constexpr int kQuestions = 1000;  // a round
constexpr int kCommits = 150;
constexpr int kOperations = 60;
/// Both logs are as long as they become before anything is timed: SQLite begins them again each
/// 1000 pages, and writing over old pages costs the file system less than new ones.
constexpr int kCommitsBefore = 600;
constexpr int kOperationsBefore = 200;
/// Accept and marker may share a commit, if the disk is slower than the host; the result cannot.
constexpr double kSyncsMin = 2;

/// One kind of figure: a value each round.
struct Rounds {
    std::vector<double> ping, status, echo, commit, sync, bare, accept, result, syncs;
};

/// Sells, one receipt after the other.
class Till final {
public:
    Till(Bench& bench, const SyncCount& syncs, std::unique_ptr<client::Client> client)
        : bench_(bench), syncs_(syncs), client_(std::move(client)) {}

    /// Medians in microseconds, and the syncs that came back between submit and result.
    struct Times {
        double accept = 0;
        double result = 0;
        double syncs = 0;
    };
    Result<Times> sell(int count) {
        std::vector<double> accepts;
        std::vector<double> results;
        std::uint64_t syncs = 0;
        for (int i = 0; i < count; ++i) {
            const auto options = next_options();
            const contract::Receipt receipt = next_receipt();
            const std::uint64_t before = syncs_.now();
            const os::Instant start = bench_.clock.now();
            TRY(client_->submit(kDevice, receipt, options, bench_.soon()));
            const os::Instant accepted = bench_.clock.now();
            const std::uint64_t at_accept = syncs_.now() - before;
            const auto sold = TRY(client_->await(options.operation_id, bench_.soon()));
            const os::Instant done = bench_.clock.now();
            const std::uint64_t at_result = syncs_.now() - before;
            TRY(check(sold, at_accept, at_result));
            accepts.push_back(microseconds(accepted - start));
            results.push_back(microseconds(done - start));
            syncs += at_result;
            TRY(client_->acknowledge(options.operation_id, bench_.soon()));
        }
        return Times{median(accepts), median(results),
                     static_cast<double>(syncs) / static_cast<double>(count)};
    }

private:
    /// Nothing may be told that is not on disk.
    static Done check(const contract::Operation& sold, std::uint64_t at_accept,
                      std::uint64_t at_result) {
        if (sold.state != contract::OperationState::done) {
            return make_error(ErrorCode::wrong_state,
                              fmt::format("a receipt is {}", contract::name_of(sold.state)));
        }
        if (at_accept < 1 || at_result < static_cast<std::uint64_t>(kSyncsMin)) {
            return make_error(ErrorCode::wrong_state,
                              fmt::format("{} syncs before the acceptance was told, {} before the "
                                          "result",
                                          at_accept, at_result));
        }
        return {};
    }
    client::OperationOptions next_options() {
        client::OperationOptions options;
        options.operation_id = client::make_operation_id(bench_.clock);
        options.sale_ref = std::to_string(++sales_);
        return options;
    }
    contract::Receipt next_receipt() const {
        contract::Receipt receipt;
        receipt.kind = contract::ReceiptKind::sale;
        for (const char* name : {"Bread, rye, 400 g", "Milk 3.2 %, 1 l", "Tea, black, 100 bags"}) {
            contract::ReceiptLine& line = receipt.lines.emplace_back();
            line.name = name;
            line.price_minor = 12'345;
            line.quantity_units = 2;
            line.vat = contract::Vat::vat_10;
        }
        receipt.payments.push_back({contract::PaymentKind::cash, 100'000});
        return receipt;
    }

    Bench& bench_;
    const SyncCount& syncs_;
    std::unique_ptr<client::Client> client_;
    int sales_ = 0;
};

/// Everything that takes part in a round.
struct Stage {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<SyncCount> syncs;
    std::unique_ptr<PingPong> pair;
    std::unique_ptr<Commits> commits;
    std::unique_ptr<BareService> bare;
    std::unique_ptr<Syncs> disk;
    std::unique_ptr<Till> till;
};

Result<Stage> set_up(Bench& bench) {
    Stage stage;
    stage.counter = TRY(Counter::create(bench, {{.id = kDevice}}));
    const std::string folder = stage.counter->shop().folder();
    stage.syncs = TRY(SyncCount::create(folder + "/syncs"));
    TRY(stage.syncs->counting([&] { return stage.counter->start(); }));
    TRY(stage.counter->wait_ready(kDevice));
    stage.pair = TRY(PingPong::start(folder, bench.processors));
    stage.commits = TRY(Commits::open(folder + "/state", "reference.db"));
    stage.bare = TRY(BareService::start(folder + "/state", bench.processors));
    stage.disk = TRY(Syncs::open(folder + "/state"));
    auto client = TRY(client::Client::connect(
        {.endpoint = stage.counter->shop().endpoint(), .name = "till"}, bench.clock, bench.soon()));
    stage.till = std::make_unique<Till>(bench, *stage.syncs, std::move(client));
    for (int i = 0; i < kCommitsBefore; ++i) {
        TRY(stage.commits->once());
        TRY(stage.bare->accept_once());
    }
    TRY(stage.till->sell(kOperationsBefore));
    return stage;
}

Done play_round(Bench& bench, Stage& stage, Rounds& rounds) {
    const os::Clock& clock = bench.clock;
    rounds.ping.push_back(TRY(median_us(clock, kQuestions, [&] { return stage.pair->once(); })));
    rounds.status.push_back(
        TRY(median_us(clock, kQuestions, [&] { return stage.counter->status(kDevice); })));
    rounds.echo.push_back(
        TRY(median_us(clock, kQuestions, [&] { return stage.counter->echo(kDevice); })));
    rounds.sync.push_back(TRY(median_us(clock, kCommits, [&] { return stage.disk->once(); })));
    rounds.commit.push_back(TRY(median_us(clock, kCommits, [&] { return stage.commits->once(); })));
    rounds.bare.push_back(
        TRY(median_us(clock, kCommits, [&] { return stage.bare->accept_once(); })));
    const Till::Times times = TRY(stage.till->sell(kOperations));
    rounds.accept.push_back(times.accept);
    rounds.result.push_back(times.result);
    rounds.syncs.push_back(times.syncs);
    return {};
}

/// `whole` less `base`, counted in commits.
Figure in_commits(std::string name, const std::vector<double>& whole,
                  const std::vector<double>& base, const std::vector<double>& commit,
                  std::optional<double> bound) {
    std::vector<double> beyond;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        beyond.push_back(whole[i] - base[i]);
    }
    Figure figure = compare(std::move(name), beyond, commit, "us", bound);
    figure.measured = fmt::format("{:.1f} us", median(whole));
    figure.reference = fmt::format("{:.1f} + n x {:.1f} us", median(base), median(commit));
    return figure;
}

Figure plain(std::string name, const std::vector<double>& values) {
    return {.name = std::move(name), .measured = fmt::format("{:.1f} us", median(values))};
}

std::vector<Figure> figures_of(const Rounds& rounds) {
    const double syncs = median(rounds.syncs);
    return {
        plain("ping-pong: raw libzmq REQ/REP, ipc, 64 B", rounds.ping),
        plain("commit: raw SQLite, WAL, FULL, 1 KB row", rounds.commit),
        plain("fdatasync of 4 KB", rounds.sync),
        compare("cached status / ping-pong", rounds.status, rounds.ping, "us", 1.35),
        compare("command: echo 64 B / ping-pong", rounds.echo, rounds.ping, "us", 1.7),
        in_commits("bare libzmq + SQLite: the same", rounds.bare, rounds.ping, rounds.commit,
                   std::nullopt),
        in_commits("accept = ping-pong + n commits", rounds.accept, rounds.ping, rounds.commit,
                   1.3),
        compare("accept / bare libzmq + SQLite", rounds.accept, rounds.bare, "us", std::nullopt),
        in_commits("result = command + n commits", rounds.result, rounds.echo, rounds.commit, 3.4),
        {.name = "syncs from submit to result",
         .measured = fmt::format("{:.2f}", syncs),
         .reference = "3 records",
         .ratio = syncs,
         .bound = kSyncsMin,
         .sense = Figure::Sense::at_least},
    };
}

}  // namespace

Result<std::vector<Figure>> measure_latency(Bench& bench) {
    Stage stage = TRY(set_up(bench));
    Rounds rounds;
    for (int round = 0; round < kRounds; ++round) {
        TRY(play_round(bench, stage, rounds));
    }
    return figures_of(rounds);
}

}  // namespace tillhost::bench
