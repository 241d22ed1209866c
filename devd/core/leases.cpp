#include "devd/core/leases.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tillhost::devd::core {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::LeaseEvent;

std::int64_t left_ms(os::Instant until, os::Instant now) {
    return std::max<std::int64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(until - now).count(), 0);
}

bool names(const OperationRow& row, const std::string& device) {
    const auto* sale = row.command ? std::get_if<contract::Sale>(&*row.command) : nullptr;
    const auto devices = sale == nullptr ? std::vector<std::string>() : devices_of(*sale);
    return std::find(devices.begin(), devices.end(), device) != devices.end();
}

}  // namespace

// --- the requests

Done Leases::take(const Call& call, const contract::TakeLeaseRequest& request) {
    Line& line = lines_[request.device];
    if (line.holder && line.holder->asker.peer == call.asker.peer) {
        prolong(request.device, *line.holder, request.time_ms);
        answer(call.asker.peer, call.request_id, context_.book.last_position(), request.device);
        return {};
    }
    if (!request.wait) {
        TRY(check(call.asker, {request.device}, 0));
        const std::string why = waits_for(request.device, call.asker);
        if (!why.empty()) {
            return make_error(ErrorCode::device_leased,
                              fmt::format("device: '{}' is free after {}", request.device, why));
        }
    }
    return stand_in_line(call, request.device, request.time_ms, false);
}

/// Grants at once where nothing is in the way.
Done Leases::stand_in_line(const Call& call, const std::string& device, std::int64_t time_ms,
                           bool takeover) {
    if (!context_.book.has_room()) {
        return make_error(ErrorCode::storage_full, "make room on the disk of the operation book");
    }
    Line& line = lines_[device];
    Waiter* mine = waiter(line, call.asker.peer);
    if (mine == nullptr && line.waiting.size() >= kLeaseWaitersMax) {
        return make_error(ErrorCode::retry_later,
                          fmt::format("device: {} programs wait for it", kLeaseWaitersMax));
    }
    Waiter entry{call.asker, context_.clock.unix_ms(), time_ms, takeover, call.request_id, {}};
    if (mine != nullptr) {
        if (mine->request_id != kAnswered) {
            return make_error(ErrorCode::wrong_state,
                              "device: another request of this connection waits for it");
        }
        entry.since_ms = mine->since_ms;
        entry.takeover = takeover || mine->takeover;
        if (entry.takeover == mine->takeover) {
            *mine = entry;
        } else {
            std::erase_if(line.waiting, [&](const Waiter& one) { return &one == mine; });
            mine = nullptr;
        }
    }
    if (mine == nullptr) {
        const auto behind = std::find_if(line.waiting.begin(), line.waiting.end(),
                                         [](const Waiter& one) { return !one.takeover; });
        mine = &*line.waiting.insert(takeover ? behind : line.waiting.end(), entry);
    }
    mine->timer = context_.timers.call_at(call.deadline, [this, device, peer = call.asker.peer] {
        Waiter* const late = waiter(lines_[device], peer);
        if (late != nullptr && late->request_id != kAnswered) {
            answer(peer, std::exchange(late->request_id, kAnswered), 0, device);
        }
    });
    try_grant(device);
    return {};
}

Done Leases::renew(const Call& call, const contract::RenewLeaseRequest& request) {
    Holder* const mine = TRY(held_by(call.asker, request.device, request.token));
    prolong(request.device, *mine, request.time_ms);
    answer(call.asker.peer, call.request_id, 0, request.device);
    return {};
}

Done Leases::release(const Call& call, const std::string& device) {
    const auto found = lines_.find(device);
    const bool mine = found != lines_.end() && found->second.holder &&
                      found->second.holder->asker.peer == call.asker.peer;
    if (mine) {
        let_go(device, LeaseEvent::released, "");
    } else if (found != lines_.end()) {
        const Waiter* const waits = waiter(found->second, call.asker.peer);
        if (waits != nullptr && waits->request_id != kAnswered) {
            answer(call.asker.peer, waits->request_id, 0, device);
        }
        leave_line(device, call.asker.peer);
    }
    answer(call.asker.peer, call.request_id, 0, device);
    return {};
}

Done Leases::ask_takeover(const Call& call, const contract::AskTakeoverRequest& request) {
    Line& line = lines_[request.device];
    if (line.holder && line.holder->asker.peer == call.asker.peer) {
        answer(call.asker.peer, call.request_id, 0, request.device);
        return {};
    }
    const bool held = line.holder.has_value();
    TRY(stand_in_line(call, request.device, request.time_ms, held));
    if (held) {
        tell(request.device, LeaseEvent::takeover_asked, call.asker.client, request.note);
    }
    return {};
}

Done Leases::answer_takeover(const Call& call, const contract::AnswerTakeoverRequest& request) {
    TRY(held_by(call.asker, request.device, request.token));
    Line& line = lines_[request.device];
    if (line.waiting.empty() || !line.waiting.front().takeover) {
        return make_error(ErrorCode::wrong_state, "device: nobody asks for it");
    }
    if (request.consent) {
        let_go(request.device, LeaseEvent::released, "");
    } else {
        Waiter refused = std::move(line.waiting.front());
        line.waiting.pop_front();
        refused.takeover = false;
        const std::string client = refused.asker.client;
        // Back to where it would have been had it not asked.
        const auto behind = std::find_if(
            line.waiting.begin(), line.waiting.end(),
            [&](const Waiter& one) { return !one.takeover && one.since_ms > refused.since_ms; });
        line.waiting.insert(behind, std::move(refused));
        tell(request.device, LeaseEvent::takeover_refused, client);
    }
    answer(call.asker.peer, call.request_id, 0, request.device);
    return {};
}

Done Leases::end(const Call& call, const contract::EndLeaseRequest& request) {
    const auto found = lines_.find(request.device);
    if (found == lines_.end() || !found->second.holder) {
        return make_error(ErrorCode::wrong_state, "device: nobody has it");
    }
    let_go(request.device, LeaseEvent::ended, request.note);
    answer(call.asker.peer, call.request_id, context_.book.last_position(), request.device);
    return {};
}

contract::Lease Leases::describe(const std::string& device, ipc::PeerId asker) const {
    contract::Lease lease;
    lease.device = device;
    lease.state = contract::LeaseState::free;
    const auto found = lines_.find(device);
    if (found == lines_.end()) {
        return lease;
    }
    const Line& line = found->second;
    if (line.holder) {
        const bool mine = line.holder->asker.peer == asker;
        lease.state = mine ? contract::LeaseState::held : lease.state;
        lease.token = mine ? line.holder->token : 0;
        lease.holder = line.holder->asker.client;
        lease.since_ms = line.holder->since_ms;
        lease.expires_in_ms = left_ms(line.holder->until, context_.clock.now());
    } else if (!line.waiting.empty()) {
        lease.waits_for = waits_for(device, line.waiting.front().asker);
    }
    for (const Waiter& one : line.waiting) {
        lease.waiting.push_back({one.asker.client, one.since_ms, one.takeover});
        if (one.asker.peer == asker) {
            lease.state = contract::LeaseState::waiting;
            lease.place = static_cast<std::int64_t>(lease.waiting.size());
        }
    }
    return lease;
}

// --- work that is handed over

Done Leases::check(const Asker& asker, const std::vector<std::string>& devices,
                   std::int64_t token) const {
    if (token != 0 && !is_current(asker, token)) {
        return make_error(ErrorCode::stale_lease,
                          "lease: it is over; nothing of this was handed over");
    }
    bool holds = false;
    for (const std::string& device : devices) {
        const auto found = lines_.find(device);
        if (found == lines_.end()) {
            continue;
        }
        const std::optional<Holder>& holder = found->second.holder;
        if (holder && holder->asker.peer == asker.peer) {
            holds = true;
        } else if (holder) {
            return make_error(ErrorCode::device_leased,
                              fmt::format("device: '{}' is held by {} for up to {} s more", device,
                                          holder->asker.client,
                                          left_ms(holder->until, context_.clock.now()) / 1000));
        } else if (!found->second.waiting.empty()) {
            return make_error(ErrorCode::device_leased,
                              fmt::format("device: '{}' is about to be given to {}", device,
                                          found->second.waiting.front().asker.client));
        }
    }
    if (holds && token == 0) {
        return base::bad_field("lease", "the token that take_lease gave this connection");
    }
    return {};
}

/// Whether the asker has any device by that token.
bool Leases::is_current(const Asker& asker, std::int64_t token) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const auto& one) {
        const std::optional<Holder>& holder = one.second.holder;
        return holder && holder->asker.peer == asker.peer && holder->token == token;
    });
}

const std::string& Leases::holder(const std::string& device) const {
    static const std::string kNone;
    const auto found = lines_.find(device);
    return found == lines_.end() || !found->second.holder ? kNone
                                                          : found->second.holder->asker.client;
}

std::size_t Leases::held() const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(),
                      [](const auto& one) { return one.second.holder.has_value(); }));
}

std::size_t Leases::waiting() const {
    std::size_t count = 0;
    for (const auto& [device, line] : lines_) {
        count += line.waiting.size();
    }
    return count;
}

// --- the line

Leases::Waiter* Leases::waiter(Line& line, ipc::PeerId peer) const {
    const auto found = std::find_if(line.waiting.begin(), line.waiting.end(),
                                    [&](const Waiter& one) { return one.asker.peer == peer; });
    return found == line.waiting.end() ? nullptr : &*found;
}

Result<Leases::Holder*> Leases::held_by(const Asker& asker, const std::string& device,
                                        std::int64_t token) {
    const auto found = lines_.find(device);
    if (found == lines_.end() || !found->second.holder ||
        found->second.holder->asker.peer != asker.peer || found->second.holder->token != token) {
        return make_error(ErrorCode::stale_lease, "token: this lease is over");
    }
    return &*found->second.holder;
}

/// Lines come to their end while one goes through them.
std::vector<std::string> Leases::devices() const {
    std::vector<std::string> devices;
    for (const auto& [device, line] : lines_) {
        devices.push_back(device);
    }
    return devices;
}

void Leases::look() {
    for (const std::string& device : devices()) {
        try_grant(device);
    }
}

void Leases::try_grant(const std::string& device) {
    const auto found = lines_.find(device);
    if (found == lines_.end()) {
        return;
    }
    Line& line = found->second;
    if (!line.holder && !line.waiting.empty() &&
        waits_for(device, line.waiting.front().asker).empty()) {
        grant(device, line);
    }
    if (!line.holder && line.waiting.empty()) {
        lines_.erase(found);
    }
}

/// What of others is not final on the device.
std::string Leases::waits_for(const std::string& device, const Asker& asker) const {
    const auto tell_of = [](const OperationRow& row, std::string_view how) {
        return fmt::format("operation {} of {}, {}", row.id.to_text(), row.client, how);
    };
    const auto doubt = context_.book.doubts().find(device);
    if (doubt != context_.book.doubts().end() && !doubt->second.empty()) {
        return tell_of(doubt->second.begin()->second->row, "in doubt");
    }
    for (const auto& [sequence, entry] : context_.book.waiting(device)) {
        if (entry->row.client != asker.client) {
            return tell_of(entry->row, "not finished");
        }
    }
    for (const auto& [sequence, entry] : context_.book.waiting("")) {  // sales, between their steps
        // One that waits for a person may wait long, and its device works.
        if (entry->row.client != asker.client && names(entry->row, device) &&
            !needs_person(entry->row)) {
            return tell_of(entry->row, "not finished");
        }
    }
    const auto counts = context_.book.counts().find(device);
    constexpr auto kPrepared = static_cast<std::size_t>(contract::OperationState::prepared);
    return counts != context_.book.counts().end() && counts->second.held[kPrepared] > 0
               ? "what is being carried out"
               : "";
}

void Leases::grant(const std::string& device, Line& line) {
    Waiter first = std::move(line.waiting.front());
    line.waiting.pop_front();
    context_.timers.cancel(first.timer);
    const auto now_ms = static_cast<std::uint64_t>(context_.clock.unix_ms());
    record(device, LeaseEvent::granted, first.asker.client, "");  // in the token's own change
    const auto [token, position] = context_.book.next_epoch(std::string(kLeaseTokensName), now_ms);
    line.holder = Holder{
        first.asker, static_cast<std::int64_t>(token.value), context_.clock.unix_ms(), {}, {}};
    prolong(device, *line.holder, first.time_ms);
    if (first.request_id != kAnswered) {
        answer(first.asker.peer, first.request_id, position, device);
    }
    for (Waiter& one : line.waiting) {
        one.takeover = false;  // it asked the former holder
    }
    tell(device, LeaseEvent::granted, first.asker.client);
}

void Leases::prolong(const std::string& device, Holder& holder, std::int64_t time_ms) {
    context_.timers.cancel(holder.timer);
    holder.until = context_.clock.now() + std::chrono::milliseconds(time_ms);
    holder.timer = context_.timers.call_at(
        holder.until, [this, device] { let_go(device, LeaseEvent::expired, ""); });
}

void Leases::let_go(const std::string& device, LeaseEvent how, const std::string& note) {
    Line& line = lines_.at(device);
    context_.timers.cancel(line.holder->timer);
    const std::string client = line.holder->asker.client;
    line.holder.reset();
    record(device, how, client, note);
    context_.book.write_audit();
    tell(device, how, client, note);
    try_grant(device);
}

void Leases::leave_line(const std::string& device, ipc::PeerId peer) {
    const auto found = lines_.find(device);
    if (found == lines_.end()) {
        return;
    }
    Waiter* const mine = waiter(found->second, peer);
    if (mine != nullptr) {
        context_.timers.cancel(mine->timer);
        std::erase_if(found->second.waiting, [&](const Waiter& one) { return &one == mine; });
    }
    try_grant(device);
}

/// The peer neither has the device nor waits for it.
void Leases::withdraw(const std::string& device, ipc::PeerId peer, LeaseEvent how,
                      const std::string& note) {
    leave_line(device, peer);
    const auto found = lines_.find(device);
    if (found != lines_.end() && found->second.holder && found->second.holder->asker.peer == peer) {
        let_go(device, how, note);
    }
}

void Leases::take_away(ipc::PeerId peer, const std::function<bool(const std::string&)>& may_use) {
    for (const std::string& device : devices()) {
        const auto found = lines_.find(device);
        if (found == lines_.end() || may_use(device)) {
            continue;
        }
        const Waiter* mine = waiter(found->second, peer);
        if (mine != nullptr && mine->request_id != kAnswered) {
            const auto refused = make_error(ErrorCode::not_permitted,
                                            "device: the right to '" + device + "' was taken away");
            context_.replies.send(peer, {mine->request_id, contract::to_contract(refused)});
        }
        withdraw(device, peer, LeaseEvent::ended, "the right to it was taken away");
    }
}

void Leases::forget(ipc::PeerId peer) {
    for (const std::string& device : devices()) {
        withdraw(device, peer, LeaseEvent::released, "its connection ended");
    }
}

// --- words

/// As the lease stands when it is sent; a token leaves when it is on disk.
void Leases::answer(ipc::PeerId peer, std::int64_t request_id, Position after,
                    const std::string& device) {
    context_.outbox.at(after, [this, peer, request_id, device] {
        context_.replies.send(peer, {request_id, contract::to_value(describe(device, peer))});
    });
}

void Leases::record(const std::string& device, LeaseEvent kind, const std::string& client,
                    const std::string& note) {
    contract::AuditRecord entry;
    entry.kind = contract::AuditKind::lease;
    entry.who = client;
    entry.device = device;
    entry.outcome = contract::name_of(kind);
    entry.note = note;
    context_.audit.add(std::move(entry));
}

void Leases::tell(const std::string& device, LeaseEvent kind, const std::string& client,
                  const std::string& note) {
    contract::LeaseChange change;
    change.kind = kind;
    change.client = client;
    change.note = note;
    change.lease = describe(device, {});
    context_.events.lease_changed(std::move(change), context_.book.last_position());
    context_.events.mark(device);
}

}  // namespace tillhost::devd::core
