#include "devd/core/timers.h"

namespace tillhost::devd::core {

TimerKey Timers::call_at(os::Instant when, Action action) {
    const TimerKey key{++last_};
    by_time_.emplace(std::pair(when, key), std::move(action));
    times_.emplace(key, when);
    return key;
}

void Timers::cancel(TimerKey key) {
    if (const auto found = times_.find(key); found != times_.end()) {
        by_time_.erase({found->second, key});
        times_.erase(found);
    }
}

std::optional<os::Instant> Timers::next() const {
    if (by_time_.empty()) {
        return std::nullopt;
    }
    return by_time_.begin()->first.first;
}

void Timers::fire(os::Instant now) {
    for (int i = 0; i < kActionsPerFireMax && !by_time_.empty(); ++i) {
        const auto first = by_time_.begin();
        if (first->first.first > now) {
            return;
        }
        const Action action = std::move(first->second);
        times_.erase(first->first.second);
        by_time_.erase(first);
        action();
    }
}

}  // namespace tillhost::devd::core
