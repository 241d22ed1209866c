#include "licd/core/waiting_line.h"

#include <algorithm>
#include <utility>

namespace tillhost::licd::core {
namespace {

auto is(const std::string& instance, const base::OperationId& request) {
    return [&](const Waiter& one) {
        return one.request_id == request && one.holder.instance == instance;
    };
}

os::Instant next_of(const Waiter& waiter) {
    return waiter.asking ? waiter.asking->answer_by : waiter.kept_until;
}

}  // namespace

std::size_t WaitingLines::place(const std::string& licence, const std::string& instance,
                                const base::OperationId& request) const {
    const auto found = lines_.find(licence);
    if (found == lines_.end()) {
        return 0;
    }
    const auto& line = found->second;
    const auto at = std::find_if(line.begin(), line.end(), is(instance, request));
    return at == line.end() ? 0 : static_cast<std::size_t>(at - line.begin()) + 1;
}

bool WaitingLines::is_full(const std::string& licence) const {
    const auto found = lines_.find(licence);
    return found != lines_.end() && found->second.size() >= kLineMax;
}

std::size_t WaitingLines::count(const std::string& key, const std::string& licence) const {
    const auto found = lines_.find(licence);
    if (found == lines_.end()) {
        return 0;
    }
    return static_cast<std::size_t>(
        std::count_if(found->second.begin(), found->second.end(), [&](const Waiter& one) {
            return std::find(one.keys.begin(), one.keys.end(), key) != one.keys.end();
        }));
}

bool WaitingLines::wants_before(const std::string& licence, const std::string& instance,
                                const base::OperationId& request, const std::string& key) const {
    const auto found = lines_.find(licence);
    if (found == lines_.end()) {
        return false;
    }
    const auto& line = found->second;
    const auto end = std::find_if(line.begin(), line.end(), is(instance, request));
    return std::any_of(line.begin(), end, [&](const Waiter& one) {
        return std::find(one.keys.begin(), one.keys.end(), key) != one.keys.end();
    });
}

std::optional<Waiter::Asking> WaitingLines::take_asking(const std::string& licence,
                                                        const std::string& instance,
                                                        const base::OperationId& request) {
    const auto found = lines_.find(licence);
    if (found == lines_.end()) {
        return std::nullopt;
    }
    auto& line = found->second;
    const auto at = std::find_if(line.begin(), line.end(), is(instance, request));
    return at == line.end() ? std::nullopt : std::exchange(at->asking, std::nullopt);
}

bool WaitingLines::waits(const std::string& key, const std::string& licence) const {
    return count(key, licence) > 0;
}

void WaitingLines::join(const std::string& licence, Waiter waiter) {
    std::deque<Waiter>& line = lines_[licence];
    const auto at =
        std::find_if(line.begin(), line.end(), is(waiter.holder.instance, waiter.request_id));
    if (at != line.end()) {
        *at = std::move(waiter);
    } else {
        line.push_back(std::move(waiter));
    }
}

bool WaitingLines::leave(const std::string& licence, const std::string& instance,
                         const base::OperationId& request) {
    const auto found = lines_.find(licence);
    if (found == lines_.end()) {
        return false;
    }
    auto& line = found->second;
    const auto at = std::find_if(line.begin(), line.end(), is(instance, request));
    if (at == line.end()) {
        return false;
    }
    line.erase(at);
    tidy(licence);
    return true;
}

bool WaitingLines::leave_any(const std::string& instance, const base::OperationId& request) {
    for (const std::string& licence : licences()) {
        if (leave(licence, instance, request)) {
            return true;
        }
    }
    return false;
}

std::deque<Waiter>& WaitingLines::line(const std::string& licence) { return lines_[licence]; }

void WaitingLines::tidy(const std::string& licence) {
    const auto found = lines_.find(licence);
    if (found != lines_.end() && found->second.empty()) {
        lines_.erase(found);
    }
}

void WaitingLines::connection_lost(ipc::PeerId peer, os::Instant now) {
    for (auto& [licence, line] : lines_) {
        for (Waiter& one : line) {
            if (one.asking && one.asking->peer == peer) {
                one.asking.reset();
                one.kept_until = now + kPlaceKept;
            }
        }
    }
}

std::vector<WaitingLines::Due> WaitingLines::take_due(os::Instant now) {
    std::vector<Due> due;
    for (const std::string& licence : licences()) {
        std::deque<Waiter>& line = lines_.at(licence);
        std::erase_if(line,
                      [&](const Waiter& one) { return !one.asking && one.kept_until <= now; });
        for (std::size_t i = 0; i < line.size(); ++i) {
            Waiter& one = line[i];
            if (one.asking && one.asking->answer_by <= now) {
                due.push_back({licence, *one.asking, i + 1, one.keys});
                one.asking.reset();
                one.kept_until = now + kPlaceKept;
            }
        }
        tidy(licence);
    }
    return due;
}

std::optional<os::Instant> WaitingLines::next_time() const {
    std::optional<os::Instant> next;
    for (const auto& [licence, line] : lines_) {
        for (const Waiter& one : line) {
            const os::Instant at = next_of(one);
            next = next ? std::min(*next, at) : at;
        }
    }
    return next;
}

std::vector<std::string> WaitingLines::licences() const {
    std::vector<std::string> names;
    for (const auto& [licence, line] : lines_) {
        names.push_back(licence);
    }
    return names;
}

}  // namespace tillhost::licd::core
