#include "simulators/core/line_meter.h"

#include <algorithm>

namespace tillhost::simulators {
namespace {

constexpr std::size_t kPercent = 100;

/// The value that `percent` of a sorted list do not exceed.
os::Duration share_of(const std::vector<os::Duration>& sorted, std::size_t percent) {
    const std::size_t rank = ((sorted.size() - 1) * percent + kPercent - 1) / kPercent;
    return sorted[rank];
}

}  // namespace

void LineMeter::Kept::add(os::Duration wait) {
    if (wait > kWaitMax) {
        return;
    }
    ++count;
    if (waits.size() < kWaitsKeptMax) {
        waits.push_back(wait);
    }
}

LineFigures::Waits LineMeter::Kept::summary() const {
    if (waits.empty()) {
        return {};
    }
    std::vector<os::Duration> sorted = waits;
    std::sort(sorted.begin(), sorted.end());
    return {.count = count,
            .p50 = share_of(sorted, 50),
            .p99 = share_of(sorted, 99),
            .max = sorted.back()};
}

void LineMeter::begin(os::Instant now) {
    const bool busy = busy_since_.has_value();
    *this = LineMeter();
    note(busy, now);
}

void LineMeter::host_begins(os::Instant now, bool quiet, bool device_works) {
    if (!spoke_at_) {
        return;
    }
    if (heard_ == Heard::nothing && quiet) {
        turns_.add(now - *spoke_at_);
    } else if (heard_ == Heard::one && !device_works) {
        questions_.add(now - *spoke_at_);
    }
    heard_ = heard_ == Heard::nothing ? Heard::one : Heard::more;
}

void LineMeter::device_byte(os::Instant passed) {
    ++figures_.device_bytes;
    spoke_at_ = passed;
    heard_ = Heard::nothing;
}

void LineMeter::note(bool busy, os::Instant now) {
    if (busy_since_) {
        figures_.busy += now - *busy_since_;
        last_ = now;
    }
    if (busy && !first_) {
        first_ = now;
    }
    busy_since_ = busy ? std::optional(now) : std::nullopt;
}

LineFigures LineMeter::figures() const {
    LineFigures figures = figures_;
    figures.span = figures_.busy > os::Duration::zero() ? last_ - *first_ : os::Duration{};
    figures.turns = turns_.summary();
    figures.questions = questions_.summary();
    return figures;
}

}  // namespace tillhost::simulators
