#include "licd/core/licence_desk.h"

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"

namespace tillhost::licd::core {

using contract::LicenceEnd;

void LicenceDesk::on_peer_gone(ipc::PeerId peer) {
    const auto node = sessions_.extract(peer);
    if (node.empty()) {
        return;
    }
    lines_.connection_lost(peer, clock_.now());
    const Session& session = node.mapped();
    if (!is_attached(session.holder.instance)) {
        book_.connection_lost(session.holder.instance);
    }
}

bool LicenceDesk::is_attached(const std::string& instance) const {
    return std::any_of(sessions_.begin(), sessions_.end(),
                       [&](const auto& one) { return one.second.holder.instance == instance; });
}

void LicenceDesk::on_process_ended(std::int64_t pid) {
    const auto node = instances_of_.extract(pid);
    if (node.empty()) {
        return;
    }
    // It asks nothing more, also if its connections are not known to have ended yet.
    for (auto at = sessions_.begin(); at != sessions_.end();) {
        if (at->second.pid == pid) {
            lines_.connection_lost(at->first, clock_.now());
            at = sessions_.erase(at);
        } else {
            ++at;
        }
    }
    for (const std::string& instance : node.mapped()) {
        book_.end_all_of(instance, pid, clock_.now());
    }
    serve_freed();
}

void LicenceDesk::end_key(const std::string& serial) {
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, lease] : book_.leases()) {
        if (lease.row.key == serial) {
            numbers.push_back(number);
        }
    }
    for (const std::uint64_t number : numbers) {
        book_.take_away(number, LicenceEnd::key, false, clock_.now());
    }
    serve_freed();
}

void LicenceDesk::on_keys_changed() {
    for (const std::string& licence : lines_.licences()) {
        serve(licence);
    }
}

void LicenceDesk::on_durable() {
    const Position durable = store_.durable();
    while (!waiting_out_.empty() && waiting_out_.begin()->first <= durable) {
        auto node = waiting_out_.extract(waiting_out_.begin());
        node.mapped()();
    }
}

void LicenceDesk::on_time() {
    const os::Instant now = clock_.now();
    book_.on_time(now);
    serve_freed();
    for (const WaitingLines::Due& due : lines_.take_due(now)) {
        contract::LicencePlace place;
        place.place = static_cast<std::int64_t>(due.place);
        place.retry_in_ms = milliseconds(kPlaceKept);
        for (const std::string& key : due.keys) {
            const Terms* terms = keys_.find(key, due.licence);
            place.seats += terms == nullptr ? 0 : terms->count;
        }
        reply(due.asking.peer, due.asking.id, 0,
              contract::to_value(contract::LicenceAcquired(place)));
    }
    // Whoever left without a word may have stood in front of others.
    for (const std::string& licence : lines_.licences()) {
        serve(licence);
    }
}

std::optional<os::Instant> LicenceDesk::next_time() const {
    const auto a = book_.next_time();
    const auto b = lines_.next_time();
    return a && b ? std::min(*a, *b) : a ? a : b;
}

}  // namespace tillhost::licd::core
