// sumpd with a hundred thousand goods: their import, and fifty apps that load them all at once.
#include <fmt/format.h>

#include <algorithm>

#include "tests/bench/exchange_bodies.h"
#include "tests/bench/exchange_shop.h"
#include "tests/bench/groups.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kGoods = 100'000;
constexpr std::size_t kApps = 50;
constexpr double kMib = 1024.0 * 1024.0;
constexpr double kMegabyte = 1e6;
constexpr double kImportSecondsMax = 5;
constexpr double kGrowthMibMax = 64;
constexpr double kReaderP99MsMax = 50;
constexpr double kLoadSecondsMax = 60;
constexpr double kLoadMegabytesMax = 200;
constexpr os::Duration kLoadTimeMax = std::chrono::seconds(300);
constexpr os::Duration kReaderPace = std::chrono::milliseconds(5);
constexpr int kLookEvery = 40;  ///< readings

double seconds_since(const Bench& bench, os::Instant start) {
    return microseconds(bench.clock.now() - start) / 1e6;
}

/// Into a database without goods; nobody reads.
Result<std::vector<Figure>> measure_import(Bench& bench, ExchangeShop& shop) {
    const std::string goods = goods_message(kGoods, 1);
    TRY(forget_peak(shop.sumpd()));
    const std::uint64_t before = TRY(resident_bytes(shop.sumpd())).now;
    const std::uint64_t ns = TRY(processor_ns(shop.sumpd()));
    const os::Instant start = bench.clock.now();
    TRY(shop.import(goods));
    const double seconds = seconds_since(bench, start);
    const auto cpu = static_cast<double>(TRY(processor_ns(shop.sumpd())) - ns) / 1e9;
    const std::uint64_t peak = TRY(resident_bytes(shop.sumpd())).peak;
    return std::vector<Figure>{
        absolute("import of 100,000 goods", seconds, kImportSecondsMax, "s"),
        {.name = "  CPU of sumpd", .measured = fmt::format("{:.2f} s", cpu)},
        absolute("  growth of its memory at its most", static_cast<double>(peak - before) / kMib,
                 kGrowthMibMax, "MiB")};
}

/// An app reads packets of goods while another list of prices comes in.
Result<Figure> measure_reader(Bench& bench, ExchangeShop& shop) {
    const ExchangeShop::App app = TRY(shop.enroll_and_login());
    const std::string packet = https_request("GET", "/v1/app/changes?maxBytes=4096", app.session);
    ExchangeShop::Job job = TRY(shop.send(goods_message(kGoods, 2)));
    const auto reader = TRY(shop.connect(1));
    std::vector<double> each;
    while (job.state != "done") {
        for (int i = 0; i < kLookEvery; ++i) {
            const os::Instant start = bench.clock.now();
            TRY(reader->ask(packet));
            each.push_back(microseconds(bench.clock.now() - start) / 1e3);
            bench.clock.sleep_until(start + kReaderPace);
        }
        job = TRY(shop.look_at(job, 0));
    }
    return absolute("  p99 of a packet to an app meanwhile", percentile(std::move(each), 0.99),
                    kReaderP99MsMax, "ms");
}

int count_of(std::string_view mark, std::string_view text) {
    int count = 0;
    for (std::size_t at = text.find(mark); at != std::string_view::npos;
         at = text.find(mark, at + mark.size())) {
        ++count;
    }
    return count;
}

/// Apps that load everything, each in packets one behind the other.
class Loading final {
public:
    static Result<std::unique_ptr<Loading>> prepare(ExchangeShop& shop) {
        std::unique_ptr<Loading> loading(new Loading);
        for (std::size_t i = 0; i < kApps; ++i) {
            loading->apps_.push_back({.session = TRY(shop.enroll_and_login()).session});
        }
        loading->clients_ = TRY(shop.connect(kApps));
        return loading;
    }

    /// Errors: wrong_state (an app does not have all goods), those of the load.
    Done run() {
        TRY(clients_->put_load(
            [this](std::size_t client) { return next(client); },
            [this](std::size_t client, const HttpsAnswer& answer) { return take(client, answer); },
            kLoadTimeMax));
        for (const App& app : apps_) {
            if (app.goods != kGoods) {
                return make_error(ErrorCode::wrong_state,
                                  fmt::format("an app has {} goods", app.goods));
            }
        }
        return {};
    }

private:
    struct App {
        std::string session;
        std::string cursor{};
        bool more = true;
        int goods = 0;
    };
    Loading() = default;

    std::string next(std::size_t client) const {
        const App& app = apps_[client];
        if (!app.more) {
            return {};
        }
        std::string path = "/v1/app/changes?maxBytes=1048576";
        if (!app.cursor.empty()) {
            path += "&cursor=" + app.cursor;
        }
        return https_request("GET", path, app.session);
    }
    Done take(std::size_t client, const HttpsAnswer& answer) {
        App& app = apps_[client];
        if (answer.status != 200) {
            return make_error(ErrorCode::wrong_state,
                              fmt::format("{} {}", answer.status, answer.body.substr(0, 1000)));
        }
        constexpr std::size_t kTail = 400;  // behind the objects
        const std::string_view tail =
            answer.body.substr(answer.body.size() - std::min(kTail, answer.body.size()));
        app.goods += count_of(kGoodsMark, answer.body);
        app.cursor = TRY(member_of(tail, "cursor"));
        app.more = tail.find("\"more\":true") != std::string_view::npos;
        return {};
    }

    std::vector<App> apps_;
    std::unique_ptr<HttpsClients> clients_;
};

Result<std::vector<Figure>> measure_first_load(Bench& bench, ExchangeShop& shop) {
    const auto loading = TRY(Loading::prepare(shop));
    TRY(forget_peak(shop.sumpd()));
    const std::uint64_t ns = TRY(processor_ns(shop.sumpd()));
    const os::Instant start = bench.clock.now();
    TRY(loading->run());
    const double seconds = seconds_since(bench, start);
    const auto cpu = static_cast<double>(TRY(processor_ns(shop.sumpd())) - ns) / 1e9;
    const std::uint64_t peak = TRY(resident_bytes(shop.sumpd())).peak;
    return std::vector<Figure>{
        absolute("first load of 100,000 goods by 50 apps", seconds, kLoadSecondsMax, "s"),
        {.name = "  CPU of sumpd", .measured = fmt::format("{:.2f} s", cpu)},
        absolute("  its resident memory at its most", static_cast<double>(peak) / kMegabyte,
                 kLoadMegabytesMax, "MB")};
}

}  // namespace

Result<std::vector<Figure>> measure_goods(Bench& bench) {
    const auto shop = TRY(ExchangeShop::open(bench));
    std::vector<Figure> figures = TRY(measure_import(bench, *shop));
    figures.push_back(TRY(measure_reader(bench, *shop)));
    for (Figure& figure : TRY(measure_first_load(bench, *shop))) {
        figures.push_back(std::move(figure));
    }
    return figures;
}

}  // namespace tillhost::bench
