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

/// A lease's text has each on a line of its own, and so has a station's name.
base::Done check_text(std::string_view name, const std::string& text) {
    constexpr std::size_t kBytesMax = 64;
    constexpr unsigned char kFirstPrintable = 0x20;
    constexpr unsigned char kDelete = 0x7f;
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= kFirstPrintable && byte != kDelete;
    });
    return plain && text.size() <= kBytesMax
               ? base::Done()
               : base::Done(base::bad_field(name, "at most 64 bytes, no control characters"));
}

base::Done check_holder(const Holder& holder) {
    TRY(check_text("instance", holder.instance));
    TRY(check_text("program", holder.program));
    TRY(check_text("program_version", holder.program_version));
    TRY(check_text("user", holder.user));
    TRY(check_text("computer", holder.computer));
    return check_text("terminal_session", holder.terminal_session);
}

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
                return lines_.count(key, licence);
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

base::Done LicenceDesk::note_instance(Session& session) {
    if (session.pid <= 0 || !processes_.watch(session.pid)) {
        session.pid = 0;
        return {};
    }
    auto& instances = instances_of_[session.pid];
    if (std::find(instances.begin(), instances.end(), session.holder.instance) != instances.end()) {
        return {};
    }
    if (instances.size() >= kInstancesPerProcessMax) {
        return make_error(
            ErrorCode::retry_later,
            fmt::format("instance: a process has at most {} at once", kInstancesPerProcessMax));
    }
    instances.push_back(session.holder.instance);
    return {};
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
    TRY(check_holder(session.holder));
    session.origin = origin_of(identity);
    session.nonce = random_(32);
    session.pid = identity.key.empty() ? identity.pid : 0;
    TRY(note_instance(session));
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

// --- keeping and giving back

LicenceDesk::Outcome LicenceDesk::beat(const Call& call) {
    const auto [request, session] = TRY(read<contract::BeatLicencesRequest>(call));
    const Position before = book_.position();
    contract::BeatLicencesReply answer;
    answer.next_beat_ms = milliseconds(options_.beat);
    answer.leases.reserve(request.leases.size());
    for (const contract::LicenceBeat& one : request.leases) {
        const auto found = book_.leases().find(static_cast<std::uint64_t>(one.number));
        const bool given = found != book_.leases().end() && renews(found->second.row);
        const Beaten beaten = book_.beat(session->holder.instance, one, given, call.now);
        contract::LicenceBeatAnswer& told_of = answer.leases.emplace_back();
        told_of.number = one.number;
        told_of.ended = beaten.ended;
        if (!beaten.ended) {
            book_.note_process(static_cast<std::uint64_t>(one.number), session->pid);
        }
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
        for (const std::string& licence : lines_.licences()) {
            answer_former(licence, instance, request.request_id);
        }
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
        if (!lease->row.taken && renews(lease->row)) {
            book_.refresh(lease->row.number, call.now);
            book_.note_process(lease->row.number, session->pid);
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
                     .time_ms = milliseconds(options_.times.lease),
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
    after = std::max(after, options_.begins_at);
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
