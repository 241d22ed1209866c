#include "devd/core/waiters.h"

#include <algorithm>
#include <memory>

namespace tillhost::devd::core {

bool is_settled(const OperationRow& row) { return is_final(row.state) || needs_person(row); }

bool Waiters::add(const base::OperationId& id, ipc::PeerId peer, std::int64_t request_id,
                  Until until, os::Instant deadline) {
    if (count_ >= kWaitersMax) {
        return false;
    }
    const auto key = std::make_shared<TimerKey>();
    *key = timers_.call_at(deadline, [this, id, key] { time_out(id, *key); });
    by_operation_[id].push_back({peer, request_id, until, *key});
    ++count_;
    return true;
}

void Waiters::changed(const OperationBook::Entry& entry) {
    if (is_settled(entry.row)) {
        answer_those(entry, true);
    }
}

void Waiters::answer_those(const OperationBook::Entry& entry, bool asked) {
    const auto found = by_operation_.find(entry.row.id);
    if (found == by_operation_.end()) {
        return;
    }
    const bool settled = is_settled(entry.row);
    std::vector<Waiter> waiting = std::move(found->second);
    by_operation_.erase(found);
    std::vector<Waiter> kept;
    for (const Waiter& waiter : waiting) {
        if (settled || (asked && waiter.until == Until::answered)) {
            timers_.cancel(waiter.timer);
            --count_;
            answer_(waiter.peer, waiter.request_id, entry);
        } else {
            kept.push_back(waiter);
        }
    }
    if (!kept.empty()) {
        by_operation_[entry.row.id] = std::move(kept);
    }
}

void Waiters::time_out(const base::OperationId& id, TimerKey timer) {
    const auto found = by_operation_.find(id);
    if (found == by_operation_.end()) {
        return;
    }
    std::vector<Waiter>& waiting = found->second;
    const auto waiter = std::find_if(waiting.begin(), waiting.end(),
                                     [&](const Waiter& one) { return one.timer == timer; });
    if (waiter == waiting.end()) {
        return;
    }
    const Waiter gone = *waiter;
    waiting.erase(waiter);
    --count_;
    if (waiting.empty()) {
        by_operation_.erase(found);
    }
    if (const OperationBook::Entry* entry = book_.find(id)) {
        answer_(gone.peer, gone.request_id, *entry);
    }
}

std::vector<std::int64_t> Waiters::take_back(
    ipc::PeerId peer, const std::function<bool(const OperationRow&)>& may_see) {
    std::vector<std::int64_t> requests;
    for (auto found = by_operation_.begin(); found != by_operation_.end();) {
        const OperationBook::Entry* entry = book_.find(found->first);
        std::vector<Waiter>& waiting = found->second;
        if (entry != nullptr && !may_see(entry->row)) {
            std::erase_if(waiting, [&](const Waiter& waiter) {
                if (waiter.peer != peer) {
                    return false;
                }
                timers_.cancel(waiter.timer);
                --count_;
                requests.push_back(waiter.request_id);
                return true;
            });
        }
        found = waiting.empty() ? by_operation_.erase(found) : std::next(found);
    }
    return requests;
}

void Waiters::forget(ipc::PeerId peer) {
    for (auto found = by_operation_.begin(); found != by_operation_.end();) {
        std::vector<Waiter>& waiting = found->second;
        for (const Waiter& waiter : waiting) {
            if (waiter.peer == peer) {
                timers_.cancel(waiter.timer);
                --count_;
            }
        }
        std::erase_if(waiting, [&](const Waiter& waiter) { return waiter.peer == peer; });
        found = waiting.empty() ? by_operation_.erase(found) : std::next(found);
    }
}

}  // namespace tillhost::devd::core
