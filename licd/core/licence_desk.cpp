#include "licd/core/licence_desk.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"

namespace tillhost::licd::core {

using base::ErrorCode;
using base::make_error;
using contract::RequestKind;

namespace {

constexpr RequestKind kOwn[] = {RequestKind::licence_hello, RequestKind::acquire_licence,
                                RequestKind::beat_licences, RequestKind::release_licence,
                                RequestKind::own_licences,  RequestKind::licence_connections,
                                RequestKind::free_licences};

std::string origin_of(const ipc::PeerIdentity& identity) {
    return identity.key.empty() ? fmt::format("user {}", identity.uid) : identity.address;
}

}  // namespace

LicenceDesk::LicenceDesk(DeskOptions options, LeaseStore& store, const os::Clock& clock,
                         KeyPort& keys, ProcessPort& processes, ipc::ReplySink& replies,
                         Random random)
    : options_(std::move(options)),
      store_(store),
      clock_(clock),
      keys_(keys),
      processes_(processes),
      replies_(replies),
      random_(std::move(random)),
      book_(store, options_.times, options_.starts,
            [this](const std::string& key, const std::string& licence) {
                return lines_.waits(key, licence);
            }) {}

bool LicenceDesk::on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                             const contract::Request& request) {
    const Call call{peer, request, clock_.now()};
    if (std::find(std::begin(kOwn), std::end(kOwn), request.kind) == std::end(kOwn)) {
        return false;
    }
    if (const auto done = dispatch(call, identity); !done) {
        refuse(peer, request.id, done.error());
    }
    serve_freed();
    return true;
}

LicenceDesk::Outcome LicenceDesk::dispatch(const Call& call, const ipc::PeerIdentity& identity) {
    const RequestKind kind = call.request.kind;
    if (kind == RequestKind::licence_hello) {
        return hello(call, identity);
    }
    if (kind == RequestKind::acquire_licence) {
        return acquire(call);
    }
    if (kind == RequestKind::beat_licences) {
        return beat(call);
    }
    if (kind == RequestKind::release_licence) {
        return release(call);
    }
    if (kind == RequestKind::own_licences) {
        return own(call);
    }
    return kind == RequestKind::licence_connections ? connections(call) : free_licences(call);
}

template <class Body>
base::Result<std::pair<Body, LicenceDesk::Session*>> LicenceDesk::read(const Call& call) {
    Body body = TRY(contract::from_value<Body>(call.request.body));
    const auto found = sessions_.find(call.peer);
    if (found == sessions_.end()) {
        return make_error(ErrorCode::no_session, "the connection has not said licence_hello");
    }
    if (found->second.id != body.session) {
        return make_error(ErrorCode::stale_session, "the session is of another connection");
    }
    return std::pair(std::move(body), &found->second);
}

LicenceDesk::Outcome LicenceDesk::hello(const Call& call, const ipc::PeerIdentity& identity) {
    auto request = TRY(contract::from_value<contract::LicenceHelloRequest>(call.request.body));
    if (sessions_.size() >= kSessionsMax && !sessions_.contains(call.peer)) {
        return make_error(ErrorCode::retry_later, "too many programs are connected");
    }
    Session session;
    session.id = ++last_session_;
    session.holder = {.instance = std::move(request.instance),
                      .program = std::move(request.program),
                      .program_version = std::move(request.program_version),
                      .user = std::move(request.user),
                      .computer = std::move(request.computer),
                      .terminal_session = std::move(request.terminal_session)};
    session.origin = origin_of(identity);
    session.nonce = random_(32);
    if (identity.key.empty() && identity.pid > 0 && processes_.watch(identity.pid)) {
        session.pid = identity.pid;
        auto& instances = instances_of_[identity.pid];
        if (std::find(instances.begin(), instances.end(), session.holder.instance) ==
            instances.end()) {
            instances.push_back(session.holder.instance);
        }
    }
    contract::LicenceHelloReply answer;
    answer.session = session.id;
    answer.server = options_.server;
    answer.server_key = options_.server_key;
    answer.beat_ms = milliseconds(options_.beat);
    answer.code_salt = options_.code_salt;
    answer.code_nonce = session.nonce;
    sessions_.insert_or_assign(call.peer, std::move(session));
    reply(call.peer, call.request.id, 0, contract::to_value(answer));
    return {};
}

// --- taking

LicenceDesk::Outcome LicenceDesk::acquire(const Call& call) {
    auto [request, session] = TRY(read<contract::AcquireLicenceRequest>(call));
    if (const Lease* earlier = book_.earlier(session->holder.instance, request.request_id)) {
        return again(call, request, *earlier);
    }
    const auto from = TRY(candidates(request, *session, call.now));
    const std::size_t place =
        lines_.place(request.licence, session->holder.instance, request.request_id);
    if (place <= 1 && (place == 1 || lines_.is_empty(request.licence))) {
        std::vector<std::string> keys;
        for (const Terms* one : from) {
            keys.push_back(one->key);
        }
        const Lease* lease =
            try_seats(keys, request.licence, session->holder, request.request_id, call.now);
        if (lease != nullptr) {
            lines_.leave(request.licence, session->holder.instance, request.request_id);
            grant(call.peer, call.request.id, *lease, false);
            return {};
        }
    }
    return wait(call, request, *session, from);
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
    TRY(gives(earlier.row));
    book_.refresh(earlier.row.number, call.now);
    grant(call.peer, call.request.id, earlier, true);
    return {};
}

base::Done LicenceDesk::gives(const LeaseRow& row) const {
    const Terms* terms = keys_.find(row.key, row.licence);
    if (terms == nullptr) {
        return make_error(ErrorCode::key_off, fmt::format("the key {} is gone", row.key));
    }
    return keys_.gives(*terms, row.holder.program_version);
}

/// The licences that may be taken: known to the program, and given now.
base::Result<std::vector<const Terms*>> LicenceDesk::candidates(
    const contract::AcquireLicenceRequest& request, Session& session, os::Instant now) {
    std::vector<const Terms*> given;
    base::Error why = make_error(ErrorCode::licence_unknown,
                                 fmt::format("no key here has a licence '{}'", request.licence));
    bool wrong_code = false;
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
        }
        if (const auto gives = keys_.gives(*one, session.holder.program_version); !gives) {
            why = gives.error();
        } else {
            given.push_back(one);
        }
    }
    if (given.empty() && wrong_code) {
        note_wrong_code(session.origin, now);
        return make_error(ErrorCode::access_code_wrong, "");
    }
    if (given.empty()) {
        return why;
    }
    return given;
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

const Lease* LicenceDesk::try_seats(const std::vector<std::string>& keys,
                                    const std::string& licence, const Holder& holder,
                                    const base::OperationId& request, os::Instant now) {
    if (!store_.has_room()) {
        return nullptr;
    }
    for (const std::string& key : keys) {
        const Terms* terms = keys_.find(key, licence);
        if (terms == nullptr || !keys_.gives(*terms, holder.program_version)) {
            continue;
        }
        if (const auto lease = book_.acquire(*terms, holder, request, clock_.unix_ms(), now)) {
            return *lease;
        }
    }
    return nullptr;
}

LicenceDesk::Outcome LicenceDesk::wait(const Call& call,
                                       const contract::AcquireLicenceRequest& request,
                                       const Session& session,
                                       const std::vector<const Terms*>& from) {
    if (!store_.has_room()) {
        return make_error(ErrorCode::storage_full, "the disk of the licence server is full");
    }
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
    lines_.join(request.licence, std::move(waiter));
    for (const std::string& key : keys) {
        book_.make_room(key, request.licence, call.now);
    }
    serve(request.licence);
    return {};
}

/// Gives free seats to the line, first come first served. One who is between two requests keeps
/// its turn: nobody behind it is served meanwhile.
void LicenceDesk::serve(const std::string& licence) {
    std::deque<Waiter>& line = lines_.line(licence);
    const os::Instant now = clock_.now();
    std::vector<std::string> full;  // keys that a former one found without a seat
    for (std::size_t i = 0; i < line.size() && line[i].asking;) {
        Waiter& one = line[i];
        std::vector<std::string> keys;
        for (const std::string& key : one.keys) {
            if (std::find(full.begin(), full.end(), key) == full.end()) {
                keys.push_back(key);
            }
        }
        const Lease* lease =
            keys.empty() ? nullptr : try_seats(keys, licence, one.holder, one.request_id, now);
        if (lease == nullptr) {
            full.insert(full.end(), keys.begin(), keys.end());
            ++i;
            continue;
        }
        grant(one.asking->peer, one.asking->id, *lease, false);
        line.erase(line.begin() + static_cast<std::ptrdiff_t>(i));
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

// --- keeping and giving back

LicenceDesk::Outcome LicenceDesk::beat(const Call& call) {
    const auto [request, session] = TRY(read<contract::BeatLicencesRequest>(call));
    const Position before = book_.position();
    contract::BeatLicencesReply answer;
    answer.next_beat_ms = milliseconds(options_.beat);
    answer.leases.reserve(request.leases.size());
    for (const contract::LicenceBeat& one : request.leases) {
        const auto found = book_.leases().find(static_cast<std::uint64_t>(one.number));
        const bool given = found != book_.leases().end() && gives(found->second.row);
        const Beaten beaten = book_.beat(session->holder.instance, one, given, call.now);
        contract::LicenceBeatAnswer& told_of = answer.leases.emplace_back();
        told_of.number = one.number;
        told_of.ended = beaten.ended;
        if (beaten.renew) {
            book_.refresh(static_cast<std::uint64_t>(one.number), call.now);
            told_of.renewed = told(found->second);
        }
    }
    const Position after = book_.position() == before ? 0 : book_.position();
    reply(call.peer, call.request.id, after, contract::to_value(answer));
    return {};
}

LicenceDesk::Outcome LicenceDesk::release(const Call& call) {
    const auto [request, session] = TRY(read<contract::ReleaseLicenceRequest>(call));
    const std::string& instance = session->holder.instance;
    contract::LicenceReleased answer;
    if (request.number == 0) {
        answer.was_held = lines_.leave_any(instance, request.request_id);
        // The answer to its acquire may have been lost: then it is the lease that is given back.
        const Lease* lease = book_.earlier(instance, request.request_id);
        if (lease != nullptr && !lease->row.ended) {
            answer.was_held =
                book_.release(instance, lease->row.number, lease->row.generation, call.now);
        }
    } else {
        answer.was_held = book_.release(instance, static_cast<std::uint64_t>(request.number),
                                        static_cast<std::uint64_t>(request.generation), call.now);
    }
    reply(call.peer, call.request.id, book_.position(), contract::to_value(answer));
    return {};
}

LicenceDesk::Outcome LicenceDesk::own(const Call& call) {
    const auto [request, session] = TRY(read<contract::OwnLicencesRequest>(call));
    contract::OwnLicencesReply answer;
    for (const Lease* lease : book_.of_instance(session->holder.instance)) {
        if (!lease->row.taken && gives(lease->row)) {
            book_.refresh(lease->row.number, call.now);
            answer.leases.push_back(told(*lease));
        }
    }
    reply(call.peer, call.request.id, book_.position(), contract::to_value(answer));
    return {};
}

void LicenceDesk::grant(ipc::PeerId peer, std::int64_t id, const Lease& lease, bool repeated) {
    const Terms* terms = keys_.find(lease.row.key, lease.row.licence);
    contract::LicenceGranted granted;
    granted.lease = told(lease);
    granted.repeated = repeated;
    if (terms != nullptr) {
        granted.proof = keys_.proof(*terms);
    }
    reply(peer, id, book_.position(),
          contract::to_value(contract::LicenceAcquired(std::move(granted))));
}

contract::LicenceLease LicenceDesk::told(const Lease& lease) const {
    const LeaseRow& row = lease.row;
    const Terms* terms = keys_.find(row.key, row.licence);
    LeaseFacts facts{.number = row.number,
                     .licence = row.licence,
                     .key = row.key,
                     .seat = row.seat,
                     .generation = row.generation,
                     .instance = row.holder.instance,
                     .request_id = row.request_id,
                     .renewal = lease.renewal,
                     .time_ms = milliseconds(lease.ends - lease.signed_at),
                     .grace_ms = terms == nullptr ? 0 : terms->grace_ms};
    contract::LicenceLease told;
    told.number = static_cast<std::int64_t>(row.number);
    told.licence = row.licence;
    told.key = row.key;
    told.seat = row.seat;
    told.generation = static_cast<std::int64_t>(row.generation);
    told.time_ms = facts.time_ms;
    told.grace_ms = facts.grace_ms;
    told.signed_lease = keys_.sign(facts);
    return told;
}

void LicenceDesk::reply(ipc::PeerId peer, std::int64_t id, Position after, contract::Value body) {
    contract::Reply out{id, std::move(body)};
    if (after <= store_.durable()) {
        replies_.send(peer, out);
        return;
    }
    waiting_out_.emplace(after, [this, peer, out = std::move(out)] { replies_.send(peer, out); });
}

void LicenceDesk::refuse(ipc::PeerId peer, std::int64_t id, const base::Error& error) {
    replies_.send(peer, {id, contract::to_contract(error)});
}

}  // namespace tillhost::licd::core
