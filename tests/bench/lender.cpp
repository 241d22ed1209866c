#include "tests/bench/lender.h"

#include <poll.h>

#include <chrono>
#include <utility>

#include "tests/bench/figures.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kAnswerMsMax = 10'000;

/// One thread that waits for all.
class Driver final {
public:
    Driver(const os::Clock& clock, const std::vector<Lender::Step>& steps, os::Deadline end)
        : clock_(clock), steps_(steps), end_(end) {}

    Done add(Lender& lender) {
        turns_.push_back({&lender, 0, clock_.now()});
        fds_.push_back({.fd = lender.fd(), .events = POLLIN, .revents = 0});
        ++busy_;
        TRY(lender.ask(steps_.front()));
        return follow(turns_.size() - 1);
    }
    Done run() {
        while (busy_ > 0) {
            if (::poll(fds_.data(), fds_.size(), kAnswerMsMax) <= 0) {
                return make_error(ErrorCode::deadline_passed, "no answer under load");
            }
            for (std::size_t i = 0; i < fds_.size(); ++i) {
                if (fds_[i].revents != 0) {
                    TRY(follow(i));
                }
            }
        }
        return {};
    }
    std::uint64_t rounds() const { return rounds_; }
    std::vector<double> take_times() { return std::move(times_); }

private:
    struct Turn {
        Lender* lender;
        std::size_t step;
        os::Instant asked;
    };
    /// Until nothing more is there: only then does a socket of libzmq tell of what comes next.
    Done follow(std::size_t at) {
        Turn& turn = turns_[at];
        while (fds_[at].fd >= 0 && TRY(turn.lender->answered())) {
            const os::Instant now = clock_.now();
            times_.push_back(microseconds(now - turn.asked) / 1e3);
            turn.asked = now;
            if (++turn.step == steps_.size()) {
                turn.step = 0;
                ++rounds_;
                if (now >= end_) {
                    fds_[at].fd = -1;
                    --busy_;
                    return {};
                }
            }
            TRY(turn.lender->ask(steps_[turn.step]));
        }
        return {};
    }

    const os::Clock& clock_;
    const std::vector<Lender::Step>& steps_;
    const os::Deadline end_;
    std::vector<Turn> turns_;
    std::vector<pollfd> fds_;
    std::vector<double> times_;  // milliseconds
    std::size_t busy_ = 0;
    std::uint64_t rounds_ = 0;
};

}  // namespace

Result<Load> put_load(const os::Clock& clock, const Lenders& lenders, std::size_t count,
                      const std::vector<Lender::Step>& steps, os::Duration time) {
    INVARIANT(count > 0 && count <= lenders.size());
    const os::Instant start = clock.now();
    Driver driver(clock, steps, start + time);
    for (std::size_t i = 0; i < count; ++i) {
        TRY(driver.add(*lenders[i]));
    }
    TRY(driver.run());
    const double seconds = microseconds(clock.now() - start) / 1e6;
    return Load{.per_second = static_cast<double>(driver.rounds()) / seconds,
                .p99_ms = percentile(driver.take_times(), 0.99),
                .rounds = driver.rounds()};
}

}  // namespace tillhost::bench
