// The simulation: one devd, its hosts, devices and clients on virtual time, a seed at a time.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include "tests/simulation/campaign.h"

using namespace tillhost::simulation;

namespace {

struct Arguments {
    std::uint64_t seeds = 0;
    std::uint64_t from = 1;
    std::optional<std::uint64_t> seed;
    std::string driver = "mixed";
    std::string bug;
    std::string seeds_file;
    int jobs = 1;
    bool trace = false;
    bool coverage = false;
    std::uint64_t cells_least = 0;
    double rate_least = 0;
};

/// In the order of Drivers.
const std::vector<std::string> kDriverNames{"toy", "shtrih", "mixed", "zvt", "sale"};

Drivers drivers_of(const std::string& name) {
    const auto found = std::find(kDriverNames.begin(), kDriverNames.end(), name);
    return found == kDriverNames.end() ? Drivers::mixed
                                       : static_cast<Drivers>(found - kDriverNames.begin());
}

int run_one(const Arguments& arguments, const Job& job) {
    StackPool stacks;
    Coverage coverage;
    const Outcome outcome =
        run_shop(*arguments.seed, job.drivers, job.bugs, arguments.trace, stacks, coverage);
    fmt::print("{}", outcome.trace);
    for (const std::string& finding : outcome.findings) {
        fmt::print("seed={} {}\n", *arguments.seed, finding);
    }
    fmt::print("seed={} {} tasks, {} ms of virtual time: {}\n", *arguments.seed, outcome.tasks,
               outcome.virtual_ms, outcome.findings.empty() ? "well" : "WRONG");
    return outcome.findings.empty() ? 0 : 1;
}

/// The first column of each line that is not a comment: NUMBER DRIVER story.
std::vector<std::pair<std::uint64_t, Drivers>> read_seeds(const std::string& path) {
    std::vector<std::pair<std::uint64_t, Drivers>> seeds;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::uint64_t seed = 0;
        std::string driver;
        if (words >> seed >> driver) {
            seeds.emplace_back(seed, drivers_of(driver));
        }
    }
    return seeds;
}

int run_kept_seeds(const Arguments& arguments, const Job& job) {
    int wrong = 0;
    const auto seeds = read_seeds(arguments.seeds_file);
    for (const auto& [seed, drivers] : seeds) {
        Arguments one = arguments;
        one.seed = seed;
        Job its = job;
        its.drivers = drivers;
        wrong += run_one(one, its);
    }
    fmt::print("{} kept seeds, {} wrong\n", seeds.size(), wrong);
    return wrong == 0 && !seeds.empty() ? 0 : 1;
}

int report(const Arguments& arguments, const Job& job, const Tally& tally) {
    if (arguments.coverage) {
        fmt::print("{}", tally.coverage.table(job.drivers));
    }
    for (const Failure& failure : tally.failures) {
        fmt::print("seed={} {}\n  replay: run_simulation --driver {}{}{} --trace --seed {}\n",
                   failure.seed, failure.finding, arguments.driver,
                   job.bugs.name.empty() ? "" : " --bug ", job.bugs.name, failure.seed);
    }
    const double rate =
        tally.cpu_seconds > 0 ? static_cast<double>(tally.seeds) / tally.cpu_seconds : 0;
    fmt::print("{} seeds, {} wrong, {:.0f} seeds a second and core\n", tally.seeds,
               tally.failures.size(), rate);
    if (!job.bugs.name.empty()) {
        return tally.failures.empty() ? 1 : 0;
    }
    const std::string gaps = arguments.cells_least == 0
                                 ? std::string()
                                 : tally.coverage.gaps(job.drivers, arguments.cells_least);
    if (!gaps.empty()) {
        fmt::print("cells hit fewer than {} times:\n{}", arguments.cells_least, gaps);
    }
    const bool slow = rate < arguments.rate_least;
    if (slow) {
        fmt::print("too slow: {} are wanted\n", arguments.rate_least);
    }
    return tally.failures.empty() && gaps.empty() && !slow ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Runs days of a shop on virtual time and compares the three ledgers.");
    app.add_option("--seeds", arguments.seeds, "how many seeds");
    app.add_option("--from", arguments.from, "the first one");
    app.add_option("--seed", arguments.seed, "only this one");
    app.add_option("--kept", arguments.seeds_file, "the seeds of this file");
    app.add_option("--driver", arguments.driver, "toy, shtrih, mixed, zvt or sale")
        ->check(CLI::IsMember(kDriverNames));
    app.add_option("--bug", arguments.bug, "a known bug; found = success");
    app.add_option("--jobs", arguments.jobs, "processes");
    app.add_flag("--trace", arguments.trace, "with --seed: every event");
    app.add_flag("--coverage", arguments.coverage, "the matrix of trouble, step and command");
    app.add_option("--cells-least", arguments.cells_least, "fail if a cell was hit fewer times");
    app.add_option("--rate-least", arguments.rate_least, "fail below this rate");
    CLI11_PARSE(app, argc, argv);

    Job job;
    job.from = arguments.from;
    job.seeds = arguments.seeds;
    job.jobs = std::max(arguments.jobs, 1);
    if (!arguments.bug.empty()) {
        const auto& bugs = known_bugs();
        const auto found = std::find_if(bugs.begin(), bugs.end(),
                                        [&](const Bugs& bug) { return bug.name == arguments.bug; });
        if (found == bugs.end()) {
            fmt::print(stderr, "no such bug: {}\n", arguments.bug);
            return 2;
        }
        job.bugs = *found;
        job.until_first = true;
    }
    job.drivers = app.count("--driver") != 0 ? drivers_of(arguments.driver) : job.bugs.drivers;
    arguments.driver = kDriverNames[static_cast<std::size_t>(job.drivers)];
    if (arguments.seed) {
        return run_one(arguments, job);
    }
    if (!arguments.seeds_file.empty()) {
        return run_kept_seeds(arguments, job);
    }
    return report(arguments, job, run_campaign(job));
}
