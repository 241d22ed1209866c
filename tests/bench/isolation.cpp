#include <fmt/format.h>

#include "tests/bench/groups.h"

namespace tillhost::bench {
namespace {

using base::Result;

constexpr const char* kDevice = "echo";
constexpr double kRatioMax = 1.5;
/// Long enough for three crashes: at once, after 0.2 s, after 1 s more.
constexpr os::Duration kWindow = std::chrono::milliseconds(1500);
constexpr int kHostNice = 5;  // as devd starts its hosts

/// 99 of 100 questions to the healthy device are answered within this, in microseconds.
Result<double> p99_us(Bench& bench, Counter& counter) {
    TRY(counter.wait_ready(kDevice));
    std::vector<double> each;
    const os::Instant end = bench.clock.now() + kWindow;
    while (bench.clock.now() < end) {
        const os::Instant start = bench.clock.now();
        TRY(counter.echo(kDevice));
        each.push_back(microseconds(bench.clock.now() - start));
    }
    return percentile(std::move(each), 0.99);
}

Result<double> beside_troubled_host(Bench& bench, const std::string& deed) {
    const std::string trouble =
        fmt::format("driver = \"test/trouble\"\n[settings]\ndo = \"{}\"\non = \"open\"\n", deed);
    const auto counter =
        TRY(Counter::create(bench, {{.id = kDevice}, {.id = "trouble", .body = trouble}}));
    TRY(counter->start());
    return p99_us(bench, *counter);
}

/// The same code on the same processor with the same weight, and devd knows nothing of it.
Result<double> beside_burner(Bench& bench, const std::string& deed) {
    const auto counter = TRY(Counter::create(bench, {{.id = kDevice}}));
    const std::string program = TRY(os::program_folder()) + "bench_burner";
    bench.processors.be_service();
    const auto burner = os::Child::spawn(
        {.program = program, .arguments = {deed}, .nice = deed == "crash" ? 0 : kHostNice});
    bench.processors.be_client();
    if (!burner) {
        return burner.error();
    }
    TRY(counter->start());
    return p99_us(bench, *counter);
}

}  // namespace

Result<std::vector<Figure>> measure_isolation(Bench& bench) {
    std::vector<Figure> figures;
    for (const char* deed : {"loop", "leak", "crash"}) {
        std::vector<double> inside;
        std::vector<double> outside;
        for (int round = 0; round < kRounds; ++round) {
            inside.push_back(TRY(beside_troubled_host(bench, deed)));
            outside.push_back(TRY(beside_burner(bench, deed)));
        }
        figures.push_back(compare(fmt::format("p99 beside a host that does '{}' / burner", deed),
                                  inside, outside, "us", kRatioMax));
    }
    return figures;
}

}  // namespace tillhost::bench
