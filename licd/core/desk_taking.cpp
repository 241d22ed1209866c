// How licences are taken; the rest of LicenceDesk stands in licence_desk.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"
#include "licd/core/licence_desk.h"

namespace tillhost::licd::core {

using base::ErrorCode;
using base::make_error;

LicenceDesk::Outcome LicenceDesk::acquire(const Call& call) {
    auto [request, session] = TRY(read<contract::AcquireLicenceRequest>(call));
    if (const Lease* earlier = book_.earlier(session->holder.instance, request.request_id)) {
        return again(call, request, *earlier);
    }
    const auto from = TRY(candidates(request, *session, call.now));
    // Not from whoever stands in front.
    std::vector<std::string> keys;
    for (const Terms* one : from) {
        if (book_.has_seat(*one, session->holder) ||
            !lines_.wants_before(request.licence, session->holder.instance, request.request_id,
                                 one->key)) {
            keys.push_back(one->key);
        }
    }
    const Lease* lease =
        TRY(try_seats(keys, request.licence, session->holder, request.request_id, call.now));
    if (lease == nullptr) {
        return wait(call, request, *session, from);
    }
    answer_former(request.licence, session->holder.instance, request.request_id);
    lines_.leave(request.licence, session->holder.instance, request.request_id);
    book_.note_process(lease->row.number, session->pid);
    grant(call.peer, call.request.id, *lease, false);
    return {};
}

/// A request that waits, when the same is asked once more or is given up.
void LicenceDesk::answer_former(const std::string& licence, const std::string& instance,
                                const base::OperationId& request) {
    if (const auto former = lines_.take_asking(licence, instance, request)) {
        refuse(former->peer, former->id,
               make_error(ErrorCode::retry_later, "it was asked for once more, or given up"));
    }
}

/// The same request once more: the same answer, and no second seat.
base::Done LicenceDesk::again(const Call& call, const contract::AcquireLicenceRequest& request,
                              const Lease& earlier) {
    if (earlier.row.licence != request.licence) {
        return make_error(ErrorCode::conflict,
                          fmt::format("request_id: it was made for '{}'", earlier.row.licence));
    }
    const auto ended = earlier.row.ended ? earlier.row.ended : earlier.row.taken;
    if (ended) {
        return make_error(ErrorCode::lease_gone,
                          fmt::format("this lease is over ({})", contract::name_of(*ended)));
    }
    TRY(renews(earlier.row));
    book_.refresh(earlier.row.number, call.now);
    book_.note_process(earlier.row.number, sessions_.at(call.peer).pid);
    grant(call.peer, call.request.id, earlier, true);
    return {};
}

base::Done LicenceDesk::renews(const LeaseRow& row) const {
    const Terms* terms = keys_.find(row.key, row.licence);
    if (terms == nullptr) {
        return make_error(ErrorCode::key_off, fmt::format("the key {} is gone", row.key));
    }
    // A revision of the key may give fewer seats, or count otherwise.
    const bool counted = terms->counting == contract::LicenceCounting::counted;
    if (counted ? row.seat < 1 || row.seat > terms->count : row.seat != 0) {
        return make_error(ErrorCode::key_off,
                          fmt::format("the key {} gives seat {} no more", row.key, row.seat));
    }
    return keys_.renews(*terms, row.holder.program_version);
}

/// The licences that may be taken: known to the program, and given now.
base::Result<std::vector<const Terms*>> LicenceDesk::candidates(
    const contract::AcquireLicenceRequest& request, Session& session, os::Instant now) {
    std::vector<const Terms*> given;
    base::Error why = make_error(ErrorCode::licence_unknown,
                                 fmt::format("no key here has a licence '{}'", request.licence));
    bool wrong_code = false;
    bool right_code = false;
    for (const Terms* one : keys_.licences(request.licence)) {
        if (!request.key.empty() && one->key != request.key) {
            continue;
        }
        if (one->has_code) {
            if (request.code_proof.empty()) {
                continue;  // without its code a key is not seen
            }
            if (!may_guess(session.origin, now)) {
                return make_error(ErrorCode::retry_later, "too many wrong access codes");
            }
            if (!keys_.knows_code(one->key, session.nonce, request.code_proof)) {
                wrong_code = true;
                continue;
            }
            right_code = true;
        }
        if (const auto gives = keys_.gives(*one, session.holder.program_version); !gives) {
            why = gives.error();
        } else {
            given.push_back(one);
        }
    }
    if (wrong_code && !right_code) {
        note_wrong_code(session.origin, now);  // also if another key needs none
    }
    if (!given.empty()) {
        return given;
    }
    return wrong_code && !right_code ? make_error(ErrorCode::access_code_wrong, "") : why;
}

bool LicenceDesk::may_guess(const std::string& origin, os::Instant now) {
    const auto found = guesses_.find(origin);
    if (found == guesses_.end() || now - found->second.minute_began >= std::chrono::minutes(1)) {
        return true;
    }
    return found->second.wrong < kWrongCodesPerMinute;
}

void LicenceDesk::note_wrong_code(const std::string& origin, os::Instant now) {
    std::erase_if(guesses_, [&](const auto& one) {
        return now - one.second.minute_began >= std::chrono::minutes(1);
    });
    if (guesses_.size() >= kSessionsMax) {
        guesses_.clear();  // so many origins in a minute: each has guessed a few times at most
    }
    Guesses& guesses = guesses_.try_emplace(origin, Guesses{now, 0}).first->second;
    ++guesses.wrong;
}

/// nullptr: no seat is free. Errors: retry_later, storage_full.
base::Result<const Lease*> LicenceDesk::try_seats(const std::vector<std::string>& keys,
                                                  const std::string& licence, const Holder& holder,
                                                  const base::OperationId& request,
                                                  os::Instant now) {
    if (!store_.has_room()) {
        return make_error(ErrorCode::storage_full, "the disk of the licence server is full");
    }
    for (const std::string& key : keys) {
        const Terms* terms = keys_.find(key, licence);
        if (terms == nullptr || !keys_.gives(*terms, holder.program_version)) {
            continue;
        }
        auto lease = book_.acquire(*terms, holder, request, clock_.unix_ms(), now);
        if (!lease && lease.error().code == ErrorCode::no_seat &&
            book_.end_late(key, licence, now)) {
            lease = book_.acquire(*terms, holder, request, clock_.unix_ms(), now);
        }
        if (lease || lease.error().code != ErrorCode::no_seat) {
            return lease;
        }
    }
    return nullptr;
}

LicenceDesk::Outcome LicenceDesk::wait(const Call& call,
                                       const contract::AcquireLicenceRequest& request,
                                       const Session& session,
                                       const std::vector<const Terms*>& from) {
    std::int64_t seats = 0;
    Waiter waiter;
    for (const Terms* one : from) {
        seats += one->count;
        waiter.keys.push_back(one->key);
    }
    if (request.wait_ms == 0) {
        return make_error(ErrorCode::no_seat,
                          fmt::format("all {} licences '{}' are in use", seats, request.licence));
    }
    const bool stands_there =
        lines_.place(request.licence, session.holder.instance, request.request_id) != 0;
    if (!stands_there && lines_.is_full(request.licence)) {
        return make_error(ErrorCode::retry_later,
                          fmt::format("{} programs wait for '{}'", kLineMax, request.licence));
    }
    const std::vector<std::string> keys = waiter.keys;
    waiter.holder = session.holder;
    waiter.request_id = request.request_id;
    waiter.asking = {call.peer, call.request.id,
                     call.now + std::chrono::milliseconds(request.wait_ms)};
    answer_former(request.licence, session.holder.instance, request.request_id);
    lines_.join(request.licence, std::move(waiter));
    for (const std::string& key : keys) {
        book_.take_idle(key, request.licence, call.now);
    }
    serve(request.licence);
    return {};
}

/// Gives free seats to the line, first come first served. One who is between two requests keeps
/// its turn: nobody behind it gets a seat that it may have.
void LicenceDesk::serve(const std::string& licence) {
    std::deque<Waiter>& line = lines_.line(licence);
    const os::Instant now = clock_.now();
    std::vector<std::string> spoken_for;  // keys that one in front gets the next seat of
    for (std::size_t i = 0; i < line.size();) {
        Waiter& one = line[i];
        std::vector<std::string> keys;
        for (const std::string& key : one.keys) {
            if (std::find(spoken_for.begin(), spoken_for.end(), key) == spoken_for.end()) {
                keys.push_back(key);
            }
        }
        const auto lease = one.asking ? try_seats(keys, licence, one.holder, one.request_id, now)
                                      : base::Result<const Lease*>(nullptr);
        if (lease && *lease == nullptr) {
            spoken_for.insert(spoken_for.end(), keys.begin(), keys.end());
            ++i;
            continue;
        }
        const Waiter::Asking asking = *one.asking;
        line.erase(line.begin() + static_cast<std::ptrdiff_t>(i));
        if (!lease) {
            refuse(asking.peer, asking.id, lease.error());
            continue;
        }
        if (const auto session = sessions_.find(asking.peer); session != sessions_.end()) {
            book_.note_process((*lease)->row.number, session->second.pid);
        }
        grant(asking.peer, asking.id, **lease, false);
    }
    lines_.tidy(licence);
}

void LicenceDesk::serve_freed() {
    for (auto freed = book_.take_freed(); !freed.empty(); freed = book_.take_freed()) {
        for (const auto& [key, licence] : freed) {
            if (lines_.waits(key, licence)) {
                serve(licence);
            }
        }
    }
}

}  // namespace tillhost::licd::core
