#include "licd/client/licence_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/os/random.h"
#include "licd/client/identity.h"
#include "licd/client/pauses.h"

namespace tillhost::licd::client {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::RequestKind;

constexpr os::Duration kCloseTime = std::chrono::seconds(2);
/// Lets a beat of another thread in between two pieces of waiting.
constexpr os::Duration kBetweenPieces = std::chrono::milliseconds(20);
constexpr os::Duration kEarlyPause = std::chrono::milliseconds(500);
constexpr std::size_t kTextBytesMax = 64;  // of the contract
constexpr std::size_t kVersionBytesMax = 32;

std::int64_t milliseconds(os::Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

base::OperationId make_request_id(const os::Clock& clock) {
    return base::OperationId::make(static_cast<std::uint64_t>(clock.unix_ms()),
                                   {os::random_u64(), os::random_u64()});
}

Done check_text(std::string_view field, const std::string& text, std::size_t least,
                std::size_t most = kTextBytesMax) {
    if (text.size() < least || text.size() > most) {
        return base::bad_field(field, fmt::format("{} to {} bytes", least, most));
    }
    return {};
}

contract::LicenceHelloRequest greeting_of(const ClientOptions& options) {
    const auto or_else = [](const std::string& text, std::string (*make)()) {
        return text.empty() ? make() : text;
    };
    return {.instance = or_else(options.instance, make_instance),
            .program = options.program,
            .program_version = options.program_version,
            .user = or_else(options.user, this_user),
            .computer = or_else(options.computer, this_computer),
            .terminal_session = or_else(options.terminal_session, this_terminal_session)};
}

Done check(const ClientOptions& options, const contract::LicenceHelloRequest& hello) {
    TRY(check_text("program", hello.program, 1));
    TRY(check_text("program_version", hello.program_version, 0, kVersionBytesMax));
    TRY(check_text("instance", hello.instance, wire::kInstanceBytesMin));
    TRY(check_text("user", hello.user, 0));
    TRY(check_text("computer", hello.computer, 0));
    TRY(check_text("terminal_session", hello.terminal_session, 0));
    return check_text("product", options.product, 1);
}

Result<Trust> trust_of(const ClientOptions& options) {
    auto root = os::certificate_from_pem(options.vendor_root);
    if (!root) {
        return base::bad_field("vendor_root",
                               "the vendor's root certificate in PEM; " + root.error().detail);
    }
    return Trust{std::move(*root), options.product};
}

}  // namespace

// --- beginning and end

Result<std::unique_ptr<LicenceClient>> LicenceClient::open(ClientOptions options,
                                                           os::Clock& clock) {
    auto hello = greeting_of(options);
    TRY(check(options, hello));
    auto trust = TRY(trust_of(options));
    ServerFinder::Wish wish{
        .servers = TRY(parse_servers(options.servers)),
        .pins = options.pins,
        .search = {.group = options.group, .port = options.search_port, .at = options.search_at},
        .local_endpoint =
            options.local_endpoint.empty() ? local_endpoint() : options.local_endpoint};
    auto finder = TRY(ServerFinder::create(std::move(wish), clock));
    return std::unique_ptr<LicenceClient>(
        new LicenceClient(std::move(trust), std::move(finder), std::move(hello), clock));
}

LicenceClient::~LicenceClient() {
    // Whatever cannot be said now, the server learns by its silence.
    static_cast<void>(close(clock_.now() + kCloseTime));
}

Done LicenceClient::close(os::Deadline deadline) {
    const std::lock_guard network(network_);
    {
        const std::lock_guard state(state_);
        for (const LeaseId id : table_.ids()) {
            if (const auto goodbye = table_.remove(id)) {
                keep_goodbye(*goodbye);
            }
        }
    }
    for (const auto& [wanted, pending] : pending_) {
        keep_goodbye({.request = pending.request});
    }
    pending_.clear();
    const Done said = goodbyes_.empty() ? Done() : say_goodbyes(deadline);
    link_.reset();
    return said;
}

void LicenceClient::rest() {
    const std::lock_guard network(network_);
    link_.reset();
}

void LicenceClient::abandon() {
    const std::lock_guard network(network_);
    {
        const std::lock_guard state(state_);
        for (const LeaseId id : table_.ids()) {
            table_.remove(id);
        }
    }
    pending_.clear();
    goodbyes_.clear();
    link_.reset();
}

// --- the connection

Done LicenceClient::be_connected(os::Deadline deadline) {
    drop_useless_link();
    if (link_) {
        return {};
    }
    auto link = TRY(finder_.connect(deadline));
    TRY(link->say_hello(hello_, std::min(deadline, clock_.now() + kCallTime)));
    beat_time_ = std::chrono::milliseconds(link->hello().beat_ms);
    link_ = std::move(link);
    return {};
}

void LicenceClient::drop_useless_link() {
    if (link_ && !link_->is_of_use()) {
        link_.reset();
    }
}

// --- taking

Result<LeaseId> LicenceClient::acquire(const Wanted& wanted, os::Deadline deadline) {
    TRY(check_text("licence", wanted.licence, 1));
    TRY(check_text("key", wanted.key, 0));
    const os::Deadline wait_until = std::min(deadline, clock_.now() + wanted.wait);
    Pauses pauses(clock_);
    while (true) {
        auto step = acquire_once(wanted, wait_until, deadline);
        if (!step) {
            if (!is_worth_repeating(step.error()) || !pauses.wait(deadline)) {
                return std::move(step).error();
            }
            continue;
        }
        if (const auto* granted = std::get_if<Granted>(&*step)) {
            return granted->lease;
        }
        const auto& waiting = std::get<Waiting>(*step);
        if (wanted.watch && !wanted.watch(waiting.place)) {
            return no_seat(wanted, waiting.place, deadline);
        }
        const os::Duration pause = waiting.answered_early ? jittered(kEarlyPause) : kBetweenPieces;
        clock_.sleep_until(std::min(clock_.now() + pause, wait_until));
        // A request that would not wait is answered without a place.
        if (wait_until - clock_.now() < kBetweenPieces) {
            return no_seat(wanted, waiting.place, deadline);
        }
    }
}

Result<LicenceClient::Step> LicenceClient::acquire_once(const Wanted& wanted,
                                                        os::Deadline wait_until,
                                                        os::Deadline deadline) {
    const std::lock_guard network(network_);
    {
        const std::lock_guard state(state_);
        if (const auto held = table_.find(wanted.licence, wanted.key, clock_.now())) {
            return Step(Granted{*held});
        }
        for (const LeaseId id : table_.is_full() ? table_.ids() : std::vector<LeaseId>()) {
            // A program that does not release what is gone fills the table with it.
            if (table_.status(id, clock_.now()).standing == Standing::gone) {
                table_.remove(id);
            }
        }
        if (table_.is_full()) {
            return make_error(ErrorCode::too_large,
                              fmt::format("{} licences at once; release some", kLeasesMax));
        }
    }
    TRY(be_connected(deadline));
    Pending& pending = pending_for(wanted);
    const auto request = TRY(request_for(wanted, pending, wait_until));
    const os::Instant sent = clock_.now();
    pending.counts_from = pending.counts_from.value_or(sent);
    pending.last_sent = sent;
    const os::Duration waits = std::chrono::milliseconds(request.wait_ms);
    auto answer = link_->ask<contract::LicenceAcquired>(
        RequestKind::acquire_licence, request, std::min(deadline, sent + waits + kCallTime));
    drop_useless_link();
    if (!answer) {
        const bool is_over = answer.error().code == ErrorCode::lease_gone;
        if (is_over || !is_worth_repeating(answer.error())) {
            forget_pending(wanted, pending.stands_in_line);
        }
        // An acquire of before, whose lease has ended unseen: another one is made.
        return is_over ? make_error(ErrorCode::retry_later, answer.error().detail)
                       : std::move(answer).error();
    }
    if (const auto* granted = std::get_if<contract::LicenceGranted>(&*answer)) {
        return Step(TRY(take(*granted, wanted, pending, deadline)));
    }
    const auto& place = std::get<contract::LicencePlace>(*answer);
    pending.counts_from = sent;  // nothing was lent before this
    pending.stands_in_line = true;
    return Step(Waiting{{place.place, place.seats}, clock_.now() < sent + waits / 2});
}

Result<contract::AcquireLicenceRequest> LicenceClient::request_for(const Wanted& wanted,
                                                                   const Pending& pending,
                                                                   os::Deadline wait_until) {
    const os::Duration left = std::clamp(wait_until - clock_.now(), os::Duration{}, kWaitPiece);
    contract::AcquireLicenceRequest request{.session = link_->hello().session,
                                            .request_id = pending.request,
                                            .licence = wanted.licence,
                                            .key = wanted.key,
                                            .wait_ms = milliseconds(left)};
    if (!wanted.access_code.empty()) {
        request.code_proof = TRY(code_proof(wanted.access_code));
    }
    return request;
}

Result<base::Bytes> LicenceClient::code_proof(const std::string& code) {
    const contract::LicenceHelloReply& hello = link_->hello();
    if (!code_ || code_->code != code || code_->salt != hello.code_salt) {
        auto key = TRY(wire::CodeKey::derive(code, hello.code_salt));
        code_ = KnownCode{code, hello.code_salt, std::move(key)};
    }
    return code_->key.proof(hello.code_nonce);
}

Result<LicenceClient::Granted> LicenceClient::take(const contract::LicenceGranted& granted,
                                                   const Wanted& wanted, const Pending& pending,
                                                   os::Deadline deadline) {
    const os::Instant counts_from = pending.counts_from.value_or(pending.last_sent);
    auto checked = check_grant(trust_, granted,
                               {.licence = wanted.licence,
                                .key = wanted.key,
                                .instance = hello_.instance,
                                .request = pending.request},
                               clock_.unix_ms() / 1000);
    Done believed = checked ? generations_.take(checked->text) : Done(checked.error());
    if (believed) {
        believed = finder_.confirm(*link_, checked->server_key);
    }
    if (!believed) {
        forget_pending(wanted, true);
        static_cast<void>(say_goodbyes(deadline));
        link_.reset();  // nothing more is asked of such a server in this connection
        return believed.error();
    }
    forget_pending(wanted, false);
    const std::lock_guard state(state_);
    return Granted{table_.add(std::move(*checked), counts_from)};
}

LicenceClient::Pending& LicenceClient::pending_for(const Wanted& wanted) {
    const std::pair name(wanted.licence, wanted.key);
    const auto at = pending_.find(name);
    if (at != pending_.end() && clock_.now() - at->second.last_sent >= kPendingTime) {
        forget_pending(wanted, true);
    }
    const auto [pending, is_new] = pending_.try_emplace(name);
    if (is_new) {
        pending->second = {.request = make_request_id(clock_), .last_sent = clock_.now()};
    }
    return pending->second;
}

void LicenceClient::forget_pending(const Wanted& wanted, bool say_goodbye) {
    const auto at = pending_.find({wanted.licence, wanted.key});
    if (at == pending_.end()) {
        return;
    }
    if (say_goodbye) {
        keep_goodbye({.request = at->second.request});
    }
    pending_.erase(at);
}

Error LicenceClient::no_seat(const Wanted& wanted, const Place& place, os::Deadline deadline) {
    if (!wanted.keep_place) {
        static_cast<void>(leave_line(wanted.licence, deadline));
    }
    return make_error(ErrorCode::no_seat,
                      fmt::format("all {} licences '{}' are in use; place {} in the line",
                                  place.seats, wanted.licence, place.place));
}

Done LicenceClient::leave_line(const std::string& licence, os::Deadline deadline) {
    const std::lock_guard network(network_);
    for (auto at = pending_.begin(); at != pending_.end();) {
        if (at->first.first != licence) {
            ++at;
            continue;
        }
        keep_goodbye({.request = at->second.request});
        at = pending_.erase(at);
    }
    return say_goodbyes(deadline);
}

// --- keeping

void LicenceClient::used() {
    const std::lock_guard state(state_);
    table_.used();
}

void LicenceClient::used(LeaseId id) {
    const std::lock_guard state(state_);
    table_.used(id);
}

LeaseStatus LicenceClient::status(LeaseId id) {
    const std::lock_guard state(state_);
    return table_.status(id, clock_.now());
}

std::vector<std::pair<LeaseId, LeaseStatus>> LicenceClient::all_status() {
    const std::lock_guard state(state_);
    std::vector<std::pair<LeaseId, LeaseStatus>> all;
    for (const LeaseId id : table_.ids()) {
        all.emplace_back(id, table_.status(id, clock_.now()));
    }
    return all;
}

Result<os::Duration> LicenceClient::beat(os::Deadline deadline) {
    const std::lock_guard network(network_);
    const bool was_connected = link_ != nullptr;
    auto next = beat_once(deadline);
    drop_useless_link();
    if (!next && was_connected && link_ == nullptr) {
        // The connection had ended long before, perhaps: once more over a new one.
        next = beat_once(deadline);
        drop_useless_link();
    }
    return next;
}

Result<os::Duration> LicenceClient::beat_once(os::Deadline deadline) {
    contract::BeatLicencesRequest request;
    {
        const std::lock_guard state(state_);
        request.leases = table_.beats(clock_.now());
    }
    if (request.leases.empty() && goodbyes_.empty()) {
        return beat_time_;
    }
    TRY(be_connected(deadline));
    if (request.leases.empty()) {
        TRY(say_goodbyes(deadline));
        return beat_time_;
    }
    // Before the goodbyes: what keeps leases must not wait for what gives some back.
    request.session = link_->hello().session;
    const os::Instant sent = clock_.now();
    const auto reply = TRY(link_->ask<contract::BeatLicencesReply>(
        RequestKind::beat_licences, request, std::min(deadline, sent + kCallTime)));
    LeaseTable::Heard heard;
    {
        const std::lock_guard state(state_);
        heard = table_.hear(reply, sent, clock_.now());
    }
    beat_time_ = std::chrono::milliseconds(reply.next_beat_ms);
    for (const Goodbye& goodbye : heard.goodbyes) {
        keep_goodbye(goodbye);
    }
    TRY(say_goodbyes(deadline));
    return heard.disbelief ? Result<os::Duration>(*heard.disbelief) : beat_time_;
}

// --- giving back

Done LicenceClient::release(LeaseId id, os::Deadline deadline) {
    const std::lock_guard network(network_);
    {
        const std::lock_guard state(state_);
        const auto goodbye = table_.remove(id);
        if (!goodbye) {
            return {};
        }
        keep_goodbye(*goodbye);
    }
    return say_goodbyes(deadline);
}

void LicenceClient::keep_goodbye(const Goodbye& goodbye) {
    if (goodbyes_.size() >= kGoodbyesMax) {
        goodbyes_.erase(goodbyes_.begin());
    }
    goodbyes_.push_back(goodbye);
}

Done LicenceClient::say_goodbyes(os::Deadline deadline) {
    while (!goodbyes_.empty()) {
        TRY(be_connected(deadline));
        const Goodbye& goodbye = goodbyes_.front();
        const contract::ReleaseLicenceRequest request{.session = link_->hello().session,
                                                      .number = goodbye.number,
                                                      .generation = goodbye.generation,
                                                      .request_id = goodbye.request};
        const auto said = link_->ask<contract::LicenceReleased>(
            RequestKind::release_licence, request, std::min(deadline, clock_.now() + kCallTime));
        drop_useless_link();
        if (!said && is_worth_repeating(said.error())) {
            return said.error();
        }
        goodbyes_.erase(goodbyes_.begin());  // said, or of no use to be said
    }
    return {};
}

}  // namespace tillhost::licd::client
