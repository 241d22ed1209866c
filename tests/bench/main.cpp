// Claim: the bounds of docs/performance.md hold on this machine.
// Shown: real processes are measured in one run, turn about with what they are compared to; the
// table says each ratio and its bound.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "tests/bench/bare_chain.h"
#include "tests/bench/bare_payment.h"
#include "tests/bench/bare_service.h"
#include "tests/bench/groups.h"
#include "tests/bench/hostile_peer.h"
#include "tests/bench/licence_lender.h"
#include "tests/bench/references.h"

namespace tillhost::bench {
namespace {

using base::Result;

struct Group {
    std::string_view name;
    Result<std::vector<Figure>> (*measure)(Bench&);
};
constexpr Group kGroups[] = {{"latency", &measure_latency},     {"throughput", &measure_throughput},
                             {"restart", &measure_restart},     {"hosts", &measure_hosts},
                             {"isolation", &measure_isolation}, {"turnaround", &measure_turnaround},
                             {"telling", &measure_telling},     {"scan", &measure_scan},
                             {"payment", &measure_payment},     {"mixed", &measure_mixed},
                             {"network", &measure_network},     {"hostile", &measure_hostile},
                             {"licences", &measure_licences},   {"exchange", &measure_exchange},
                             {"goods", &measure_goods},         {"many", &measure_many}};

struct Options {
    std::string only;
    std::string log = "/dev/null";  ///< of devd and its hosts
};

bool is_group(std::string_view name) {
    for (const Group& group : kGroups) {
        if (group.name == name) {
            return true;
        }
    }
    return false;
}

bool parse(int count, char** words, Options& options) {
    bool good = true;
    for (int i = 1; good && i < count; ++i) {
        const std::string_view word = words[i];
        if (i + 1 < count && word == "--only") {
            options.only = words[++i];
            good = is_group(options.only);
        } else if (i + 1 < count && word == "--log") {
            options.log = words[++i];
        } else {
            good = false;
        }
    }
    if (!good) {
        fmt::print(
            "usage: run_bench [--only latency|throughput|restart|hosts|isolation|turnaround|"
            "telling|scan|payment|mixed|network|hostile|licences|exchange|goods|many] [--log "
            "FILE]\n");
    }
    return good;
}

/// The number of figures out of bounds.
Result<int> measure(const Options& options) {
    Bench bench{.processors = TRY(Processors::find())};
    bench.processors.be_client();
    fmt::print("{}; {} rounds, medians of ratios\n\n", bench.processors.text(), kRounds);
    print_head();
    int missed = 0;
    for (const Group& group : kGroups) {
        if (!options.only.empty() && options.only != group.name) {
            continue;
        }
        const std::vector<Figure> figures = TRY(group.measure(bench));
        for (const Figure& figure : figures) {
            print(figure);
            missed += figure.within() ? 0 : 1;
        }
    }
    return missed;
}

int run(const Options& options) {
    if (std::freopen(options.log.c_str(), "a", stderr) == nullptr) {
        return 1;
    }
    const Result<int> missed = measure(options);
    if (!missed) {
        fmt::print("FAILED: {}\n", base::to_text(missed.error()));
        return 1;
    }
    if (*missed > 0) {
        fmt::print("\n{} out of bounds\n", *missed);
    } else {
        fmt::print("\nall within bounds\n");
    }
    return *missed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tillhost::bench

int main(int count, char** words) {
    using namespace tillhost::bench;
    if (count == 3 && std::string_view(words[1]) == "--pong") {
        return PingPong::answer(words[2]);
    }
    if (count == 3 && std::string_view(words[1]) == "--bare") {
        return BareService::serve(words[2]);
    }
    if (count == 4 && std::string_view(words[1]) == "--chain") {
        return BareChain::pass_on(words[2], words[3]);
    }
    if (count == 5 && std::string_view(words[1]) == "--pay") {
        return BarePayment::serve(words[2], words[3], words[4]);
    }
    if (count == 5 && std::string_view(words[1]) == "--hostile") {
        return HostilePeer::act(words[2], words[3], words[4]);
    }
    if (count == 4 && std::string_view(words[1]) == "--spared") {
        return HostilePeer::serve(words[2], words[3]);
    }
    if (count == 4 && std::string_view(words[1]) == "--hold") {
        return hold_licence(words[2], words[3]);
    }
    Options options;
    return parse(count, words, options) ? run(options) : 2;
}
