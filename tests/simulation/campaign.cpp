#include "tests/simulation/campaign.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

#include "hal/base/invariant.h"

namespace tillhost::simulation {
namespace {

constexpr std::size_t kFailuresMax = 50;
constexpr std::size_t kFindingBytesMax = 400;

/// What a child tells: memory shared with its parent, so that it stands there even if the child
/// ends in the middle of a seed. The counters change only between seeds.
struct Report {
    std::uint64_t seeds = 0;
    std::uint64_t now_at = 0;  ///< the seed under way; 0 = none
    double cpu_seconds = 0;
    std::size_t failures = 0;
    struct Row {
        std::uint64_t seed = 0;
        char finding[kFindingBytesMax] = {};
    } rows[kFailuresMax];
    Coverage coverage;
};

void note(Report& report, std::uint64_t seed, const std::string& finding) {
    if (report.failures < kFailuresMax) {
        Report::Row& row = report.rows[report.failures++];
        row.seed = seed;
        finding.copy(row.finding, kFindingBytesMax - 1);
    }
}

/// Every jobs-th seed from `first` on.
void work(const Job& job, std::uint64_t first, Report& report) {
    StackPool stacks;
    for (std::uint64_t seed = first; seed < job.from + job.seeds;
         seed += static_cast<std::uint64_t>(job.jobs)) {
        report.now_at = seed;
        const Outcome outcome =
            run_shop(seed, job.drivers, job.bugs, false, stacks, report.coverage);
        if (!outcome.findings.empty()) {
            note(report, seed, outcome.findings.front());
        }
        ++report.seeds;
        report.cpu_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
        report.now_at = 0;
        if (report.failures == kFailuresMax || (report.failures != 0 && job.until_first)) {
            return;
        }
    }
}

Report* shared_reports(std::size_t count) {
    void* memory = ::mmap(nullptr, sizeof(Report) * count, PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    INVARIANT(memory != MAP_FAILED);
    auto* reports = static_cast<Report*>(memory);
    for (std::size_t i = 0; i < count; ++i) {
        new (&reports[i]) Report;
    }
    return reports;
}

/// A child whose seed ended the process is followed by another one that goes on after that seed.
pid_t start(const Job& job, std::uint64_t first, Report& report) {
    const pid_t child = ::fork();
    INVARIANT(child >= 0);
    if (child == 0) {
        work(job, first, report);
        ::_exit(0);
    }
    return child;
}

void finish(const Job& job, pid_t child, Report& report) {
    int status = 0;
    while (::waitpid(child, &status, 0) == child &&
           !(WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        const std::uint64_t seed = std::exchange(report.now_at, 0);
        note(report, seed, fmt::format("the process ended with status {:#x}", status));
        ++report.seeds;
        if (job.until_first || report.failures == kFailuresMax) {
            return;
        }
        child = start(job, seed + static_cast<std::uint64_t>(job.jobs), report);
    }
}

}  // namespace

Tally run_campaign(const Job& job) {
    const auto count = static_cast<std::size_t>(job.jobs);
    Report* reports = shared_reports(count);
    std::vector<pid_t> children;
    for (std::size_t i = 0; i < count; ++i) {
        children.push_back(start(job, job.from + i, reports[i]));
    }
    Tally tally;
    for (std::size_t i = 0; i < count; ++i) {
        finish(job, children[i], reports[i]);
        tally.seeds += reports[i].seeds;
        tally.cpu_seconds += reports[i].cpu_seconds;
        tally.coverage.add(reports[i].coverage);
        for (std::size_t row = 0; row < reports[i].failures; ++row) {
            tally.failures.push_back({reports[i].rows[row].seed, reports[i].rows[row].finding});
        }
    }
    ::munmap(reports, sizeof(Report) * count);
    std::sort(tally.failures.begin(), tally.failures.end(),
              [](const Failure& one, const Failure& other) { return one.seed < other.seed; });
    return tally;
}

}  // namespace tillhost::simulation
