#include "licd/core/lease_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/invariant.h"

namespace tillhost::licd::core {

using base::ErrorCode;
using base::make_error;
using contract::LicenceEnd;
using State = contract::LicenceLeaseState;

namespace {

/// Renewals of one life of licd; a lease that is renewed every 200 s reaches it in 400 years.
constexpr std::int64_t kRenewalsPerStart = 1LL << 26;
/// Of a lease's time: after it the next beat gets it signed anew.
constexpr int kRenewAfterPart = 3;

}  // namespace

std::string Holder::station() const {
    return computer.empty() ? std::string() : computer + '\n' + user + '\n' + terminal_session;
}

LeaseBook::LeaseBook(LeaseStore& store, LeaseTimes times, std::uint64_t starts, Waiting waiting)
    : store_(store),
      times_(times),
      first_renewal_(static_cast<std::int64_t>(starts) * kRenewalsPerStart),
      waiting_(std::move(waiting)) {}

void LeaseBook::set_times(LeaseTimes times, os::Instant now) {
    times_ = times;
    for (auto& [number, lease] : leases_) {
        lease.signed_at = now - times_.lease;
    }
}

std::string LeaseBook::share_of(const Terms& terms, const Holder& holder) {
    const std::string station =
        terms.mode == contract::SeatMode::station ? holder.station() : std::string();
    return station.empty() ? "instance\n" + holder.instance : "station\n" + station;
}

void LeaseBook::recover(LeaseImage image, os::Duration promised, os::Instant now) {
    last_number_ = image.last_number;
    std::sort(image.leases.begin(), image.leases.end(),
              [](const LeaseRow& a, const LeaseRow& b) { return a.number < b.number; });
    for (LeaseRow& row : image.leases) {
        last_number_ = std::max(last_number_, row.number);
        if (row.ended) {
            keep_ended({.row = std::move(row)}, now, false);
            continue;
        }
        Lease& lease = add(std::move(row), now);
        lease.ends = now + std::max(promised, times_.lease);
        lease.signed_at = now - times_.lease;  // nobody knows when; the next beat gets it signed
        set_state(lease, lease.row.taken ? State::revoked : State::recovered);
        look_again(lease.row.number, due(lease));
        if (lease.row.taken && lease.row.seat != 0) {
            seats_[{lease.row.key, lease.row.licence}].take_away(lease.row.seat);
        }
    }
}

/// Puts a lease into every index; the row is written by the caller if it is new.
Lease& LeaseBook::add(LeaseRow row, os::Instant now) {
    const std::uint64_t number = row.number;
    if (row.seat != 0) {
        Seats& seats = seats_[{row.key, row.licence}];
        row.generation =
            seats.take(row.seat, row.share, row.generation == 0 ? number : row.generation)
                .generation;
    } else {
        row.generation = number;
    }
    by_instance_[row.holder.instance].insert(number);
    by_request_.insert_or_assign({row.holder.instance, row.request_id}, number);
    Lease& lease = leases_[number];
    lease.row = std::move(row);
    lease.heard = lease.used_at = lease.signed_at = lease.since = now;
    lease.ends = now + times_.lease;
    lease.renewal = first_renewal_;
    look_again(number, due(lease));
    return lease;
}

const Lease* LeaseBook::earlier(const std::string& instance,
                                const base::OperationId& request) const {
    const auto found = by_request_.find({instance, request});
    if (found == by_request_.end()) {
        return nullptr;
    }
    const auto held = leases_.find(found->second);
    return held != leases_.end() ? &held->second : &ended_.at(found->second);
}

base::Result<const Lease*> LeaseBook::acquire(const Terms& terms, const Holder& holder,
                                              const base::OperationId& request,
                                              std::int64_t unix_ms, os::Instant now) {
    const auto of_instance = by_instance_.find(holder.instance);
    if (leases_.size() >= kLeasesMax || (of_instance != by_instance_.end() &&
                                         of_instance->second.size() >= kLeasesPerInstanceMax)) {
        return make_error(ErrorCode::retry_later, "too many licences are lent at once");
    }
    LeaseRow row;
    row.share = share_of(terms, holder);
    if (terms.counting == contract::LicenceCounting::counted) {
        const Seats& seats = seats_[{terms.key, terms.licence}];
        auto seat = seats.of(row.share);
        if (!seat) {
            seat = seats.free(terms.count);
        }
        if (!seat) {
            return make_error(ErrorCode::no_seat,
                              fmt::format("all {} of '{}' are in use", terms.count, terms.licence));
        }
        row.seat = *seat;
    }
    row.number = ++last_number_;
    row.request_id = request;
    row.key = terms.key;
    row.licence = terms.licence;
    row.holder = holder;
    row.since_ms = unix_ms;
    const Lease& lease = add(std::move(row), now);
    write(lease.row);
    return &lease;
}

void LeaseBook::note_life(Lease& lease, os::Instant now) {
    const bool was_late = lease.state == State::late;
    lease.heard = now;
    lease.ends = std::max(lease.ends, now + times_.lease);
    if (lease.state != State::idle) {
        set_state(lease, State::held);
    }
    if (was_late) {
        look_again(lease.row.number, due(lease));  // earlier than it was to be looked at
    }
}

void LeaseBook::note_process(std::uint64_t number, std::int64_t pid) {
    leases_.at(number).pid = pid;
}

bool LeaseBook::wants_idle(const LicenceId& id) const {
    const auto seats = seats_.find(id);
    return seats != seats_.end() && seats->second.leaving() < waiting_(id.first, id.second);
}

void LeaseBook::set_state(Lease& lease, State state) {
    const auto is_spare = [](State one) { return one == State::late || one == State::idle; };
    if (lease.row.seat != 0 && is_spare(lease.state) != is_spare(state)) {
        std::set<std::uint64_t>& spare = spare_[{lease.row.key, lease.row.licence}];
        if (is_spare(state)) {
            spare.insert(lease.row.number);
        } else {
            spare.erase(lease.row.number);
        }
    }
    lease.state = state;
}

void LeaseBook::refresh(std::uint64_t number, os::Instant now) {
    Lease& lease = leases_.at(number);
    note_life(lease, now);
    lease.signed_at = now;
    ++lease.renewal;
}

Lease* LeaseBook::held(const std::string& instance, std::uint64_t number,
                       std::uint64_t generation) {
    const auto found = leases_.find(number);
    if (found == leases_.end() || found->second.row.holder.instance != instance ||
        found->second.row.generation != generation) {
        return nullptr;
    }
    return &found->second;
}

Beaten LeaseBook::beat(const std::string& instance, const contract::LicenceBeat& beat, bool gives,
                       os::Instant now) {
    const auto number = static_cast<std::uint64_t>(beat.number);
    Lease* const lease = held(instance, number, static_cast<std::uint64_t>(beat.generation));
    if (lease == nullptr) {
        const auto before = ended_.find(number);
        const bool own = before != ended_.end() && before->second.row.holder.instance == instance;
        return {.ended = own ? *before->second.row.ended : LicenceEnd::unknown};
    }
    if (lease->row.taken) {
        return {.ended = lease->row.taken};
    }
    if (!gives) {
        if (now < lease->ends) {
            return {};
        }
        end(number, LicenceEnd::key, now);
        return {.ended = LicenceEnd::key};
    }
    note_life(*lease, now);
    if (beat.used > lease->used || times_.idle == os::Duration::zero()) {
        lease->used = std::max(beat.used, lease->used);
        lease->used_at = now;
        set_state(*lease, State::held);
    } else if (now - lease->used_at >= times_.idle) {
        set_state(*lease, State::idle);
        if (lease->row.seat != 0 && wants_idle({lease->row.key, lease->row.licence})) {
            mark_taken(*lease, LicenceEnd::idle, now);
            return {.ended = LicenceEnd::idle};
        }
    }
    return {.ended = std::nullopt,
            .renew = now - lease->signed_at >= times_.lease / kRenewAfterPart};
}

bool LeaseBook::release(const std::string& instance, std::uint64_t number, std::uint64_t generation,
                        os::Instant now) {
    const Lease* const lease = held(instance, number, generation);
    if (lease == nullptr) {
        return false;
    }
    end(number, lease->row.taken.value_or(LicenceEnd::released), now);
    return true;
}

bool LeaseBook::take_away(std::uint64_t number, LicenceEnd why, bool at_once, os::Instant now) {
    const auto found = leases_.find(number);
    if (found == leases_.end() || (found->second.row.taken && !at_once)) {
        return false;
    }
    if (at_once || found->second.row.seat == 0) {
        end(number, why, now);
    } else {
        mark_taken(found->second, why, now);
    }
    return true;
}

void LeaseBook::mark_taken(Lease& lease, LicenceEnd why, os::Instant now) {
    if (now >= lease.ends) {
        end(lease.row.number, why, now);
        return;
    }
    lease.row.taken = why;
    set_state(lease, State::revoked);
    seats_[{lease.row.key, lease.row.licence}].take_away(lease.row.seat);
    write(lease.row);
    look_again(lease.row.number, due(lease));
}

void LeaseBook::end_all_of(const std::string& instance, std::int64_t pid, os::Instant now) {
    const auto found = by_instance_.find(instance);
    if (found == by_instance_.end()) {
        return;
    }
    const std::set<std::uint64_t> numbers = found->second;
    for (const std::uint64_t number : numbers) {
        if (leases_.at(number).pid == pid) {
            end(number, LicenceEnd::died, now);
        }
    }
}

void LeaseBook::connection_lost(const std::string& instance) {
    const auto found = by_instance_.find(instance);
    if (found == by_instance_.end()) {
        return;
    }
    for (const std::uint64_t number : found->second) {
        Lease& lease = leases_.at(number);
        if (!lease.row.taken && lease.state != State::late) {
            set_state(lease, State::probed);
        }
    }
}

bool LeaseBook::end_late(const std::string& key, const std::string& licence, os::Instant now) {
    std::vector<std::uint64_t> late;
    for (const std::uint64_t number : spare_[{key, licence}]) {
        if (leases_.at(number).state == State::late) {
            late.push_back(number);
        }
    }
    for (const std::uint64_t number : late) {
        end(number, LicenceEnd::expired, now);
    }
    return !late.empty();
}

void LeaseBook::take_idle(const std::string& key, const std::string& licence, os::Instant now) {
    if (!wants_idle({key, licence})) {
        return;
    }
    Lease* longest = nullptr;
    for (const std::uint64_t number : spare_[{key, licence}]) {
        Lease& lease = leases_.at(number);
        if (lease.state == State::idle &&
            (longest == nullptr || lease.used_at < longest->used_at)) {
            longest = &lease;
        }
    }
    if (longest != nullptr) {
        mark_taken(*longest, LicenceEnd::idle, now);
    }
}

void LeaseBook::end(std::uint64_t number, LicenceEnd why, os::Instant now) {
    Lease& lease = leases_.at(number);
    const LeaseRow& row = lease.row;
    const bool was_taken = row.taken.has_value();
    set_state(lease, State::held);  // out of the spare ones
    if (row.seat != 0 && seats_[{row.key, row.licence}].leave(row.seat, was_taken)) {
        freed_.emplace(row.key, row.licence);
    }
    const auto of_instance = by_instance_.find(row.holder.instance);
    of_instance->second.erase(number);
    if (of_instance->second.empty()) {
        by_instance_.erase(of_instance);
    }
    const auto look = look_at_.find(number);
    looks_.erase({look->second, number});
    look_at_.erase(look);
    lease.row.ended = why;
    keep_ended(std::move(leases_.extract(number).mapped()), now, true);
}

/// A new one is written; what that pushes out is forgotten in the same change.
void LeaseBook::keep_ended(Lease lease, os::Instant now, bool is_new) {
    const std::uint64_t number = lease.row.number;
    std::vector<std::uint64_t> forget;
    std::deque<std::uint64_t>& of_instance = ended_of_[lease.row.holder.instance];
    of_instance.push_back(number);
    if (is_new && of_instance.size() > kEndedPerInstanceMax) {
        forget.push_back(of_instance.front());
    }
    by_request_.insert_or_assign({lease.row.holder.instance, lease.row.request_id}, number);
    forget_at_.emplace(now + kEndedKept, number);
    forgotten_at_.insert_or_assign(number, now + kEndedKept);
    const LeaseRow& row = ended_.insert_or_assign(number, std::move(lease)).first->second.row;
    if (is_new && ended_.size() > kEndedMax && forget.empty()) {
        forget.push_back(forget_at_.begin()->second);
    }
    if (is_new) {
        write(row, forget);
    }
    for (const std::uint64_t one : forget) {
        forget_ended(one);
    }
}

void LeaseBook::forget_ended(std::uint64_t number) {
    auto node = ended_.extract(number);
    const LeaseRow& row = node.mapped().row;
    const auto request = by_request_.find({row.holder.instance, row.request_id});
    if (request != by_request_.end() && request->second == number) {
        by_request_.erase(request);
    }
    const auto of_instance = ended_of_.find(row.holder.instance);
    std::erase(of_instance->second, number);
    if (of_instance->second.empty()) {
        ended_of_.erase(of_instance);
    }
    const auto at = forgotten_at_.find(number);
    forget_at_.erase({at->second, number});
    forgotten_at_.erase(at);
}

void LeaseBook::write(const LeaseRow& row, std::vector<std::uint64_t> forget) {
    position_ = store_.write({{row}, std::move(forget), last_number_});
}

// --- time

/// When something happens to the lease unless its holder is heard.
os::Instant LeaseBook::due(const Lease& lease) const {
    return lease.state == State::late ? lease.heard + std::max(times_.killed, times_.lease)
                                      : lease.ends;
}

void LeaseBook::look_again(std::uint64_t number, os::Instant when) {
    const auto found = look_at_.find(number);
    if (found != look_at_.end()) {
        looks_.erase({found->second, number});
    }
    look_at_.insert_or_assign(number, when);
    looks_.emplace(when, number);
}

void LeaseBook::on_due(std::uint64_t number, os::Instant now) {
    Lease& lease = leases_.at(number);
    if (now < due(lease)) {  // it was heard since
        look_again(number, due(lease));
        return;
    }
    if (lease.row.taken) {
        end(number, *lease.row.taken, now);
        return;
    }
    // An uncounted one is kept for nobody.
    const bool wanted = lease.row.seat == 0 || waiting_(lease.row.key, lease.row.licence) > 0;
    if (lease.state == State::late || wanted || due(lease) >= lease.heard + times_.killed) {
        end(number, LicenceEnd::expired, now);
        return;
    }
    set_state(lease, State::late);
    look_again(number, due(lease));
}

void LeaseBook::on_time(os::Instant now) {
    while (!looks_.empty() && looks_.begin()->first <= now) {
        on_due(looks_.begin()->second, now);
    }
    forget_old(now);
}

void LeaseBook::forget_old(os::Instant now) {
    LeaseChange change;
    while (!forget_at_.empty() && forget_at_.begin()->first <= now) {
        change.forget.push_back(forget_at_.begin()->second);
        forget_ended(change.forget.back());
    }
    if (!change.forget.empty()) {
        change.last_number = last_number_;
        store_.write(std::move(change));  // nobody waits for it
    }
}

std::optional<os::Instant> LeaseBook::next_time() const {
    std::optional<os::Instant> next;
    if (!looks_.empty()) {
        next = looks_.begin()->first;
    }
    if (!forget_at_.empty() && (!next || forget_at_.begin()->first < *next)) {
        next = forget_at_.begin()->first;
    }
    return next;
}

// --- looking

std::vector<const Lease*> LeaseBook::of_instance(const std::string& instance) const {
    std::vector<const Lease*> all;
    const auto found = by_instance_.find(instance);
    if (found != by_instance_.end()) {
        for (const std::uint64_t number : found->second) {
            all.push_back(&leases_.at(number));
        }
    }
    return all;
}

bool LeaseBook::has_seat(const Terms& terms, const Holder& holder) const {
    const auto found = seats_.find({terms.key, terms.licence});
    return found != seats_.end() && found->second.of(share_of(terms, holder)).has_value();
}

std::size_t LeaseBook::used(const std::string& key, const std::string& licence) const {
    const auto found = seats_.find({key, licence});
    return found == seats_.end() ? 0 : found->second.used();
}

void LeaseBook::check(const std::map<LicenceId, std::int64_t>& counts) const {
    std::map<std::pair<LicenceId, std::int64_t>, std::size_t> on_seat;
    for (const auto& [number, lease] : leases_) {
        INVARIANT(lease.row.number == number && !lease.row.ended);
        if (lease.row.seat != 0) {
            const LicenceId id{lease.row.key, lease.row.licence};
            const Seats::Seat& seat = seats_.at(id).taken().at(lease.row.seat);
            INVARIANT(seat.share == lease.row.share);
            INVARIANT(seat.generation == lease.row.generation);
            ++on_seat[{id, lease.row.seat}];
        }
    }
    for (const auto& [id, seats] : seats_) {
        const auto count = counts.find(id);
        INVARIANT(count == counts.end() || seats.used() <= static_cast<std::size_t>(count->second));
        for (const auto& [seat, taken] : seats.taken()) {
            const auto found = on_seat.find({id, seat});
            INVARIANT(found != on_seat.end() && found->second == taken.leases);
        }
    }
}

}  // namespace tillhost::licd::core
