#include "devd/runtime/remote_link.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"
#include "ipc/host_file.h"

namespace tillhost::devd::runtime {
namespace {

using base::Effect;
using base::ErrorCode;
using base::make_error;
using contract::RequestKind;
using contract::Value;

/// The number of the greeting; requests count from behind it.
constexpr std::int64_t kGreeting = 1;
/// Who has just failed to connect is not tried again for a request that comes in so soon.
constexpr os::Duration kFailedRecently = std::chrono::milliseconds(200);

std::int64_t ms(os::Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

RemoteLink::RemoteLink(RemoteLinkParts parts, const RemoteHost& host, contract::HelloRequest hello,
                       RemoteLinkUser& user)
    : parts_(std::move(parts)),
      host_(host),
      hello_(std::move(hello)),
      user_(user),
      last_id_(kGreeting) {}

RemoteLink::~RemoteLink() {
    for (const os::WatchId watch : watches_) {
        parts_.loop.unwatch(watch);
    }
    for (const auto& timer : {drain_, timer_, again_}) {
        if (timer) {
            parts_.loop.cancel(*timer);
        }
    }
    if (link_) {
        parts_.reaper.bury(std::move(link_));
    }
}

void RemoteLink::become(contract::HelloRequest hello) {
    hello_ = std::move(hello);
    if (link_) {
        lost(make_error(ErrorCode::link_lost, "what this program may has changed"));
    }
}

/// What would be refused again and again is said as it is: the program that asked must change.
base::Error RemoteLink::unreachable(const base::Error& why, Effect effect) const {
    const bool for_good = why.code == ErrorCode::bad_field;
    return make_error(
        for_good ? why.code : ErrorCode::host_unreachable,
        for_good ? why.detail : fmt::format("host '{}': {}", host_.name, base::to_text(why)),
        effect);
}

void RemoteLink::give(const Asked& asked, base::Error error) {
    asked.answer({asked.id, contract::to_contract(std::move(error))});
}

// --- asking

std::int64_t RemoteLink::ask(RequestKind kind, Value body, os::Instant deadline, Answer answer) {
    Asked asked{++last_id_, kind, std::move(body), deadline, std::move(answer)};
    const std::int64_t id = asked.id;
    if (session_) {
        transmit(std::move(asked));
        return id;
    }
    if (waiting_.size() >= kLinkWaitingMax) {
        give(asked, make_error(ErrorCode::retry_later,
                               fmt::format("too many requests wait for host '{}'", host_.name)));
        return id;
    }
    waiting_.push_back(std::move(asked));
    if (!link_) {
        const bool just_failed = failed_at_ && parts_.clock.now() - *failed_at_ < kFailedRecently;
        just_failed ? answer_all(make_error(ErrorCode::no_daemon, why_down_)) : connect();
    }
    set_timer();
    return id;
}

void RemoteLink::transmit(Asked asked) {
    if (sent_.size() >= kLinkSentMax) {
        give(asked, make_error(ErrorCode::retry_later,
                               fmt::format("host '{}' owes too many answers", host_.name)));
        return;
    }
    const std::int64_t left = ms(asked.deadline - parts_.clock.now());
    if (left <= 0) {
        give(asked, make_error(ErrorCode::deadline_passed,
                               fmt::format("host '{}' was not reached in time", host_.name)));
        return;
    }
    if (Value* session = asked.body.find("session")) {
        *session = Value(*session_);
    }
    const base::Done sent = link_->send({asked.kind, asked.id, left, std::move(asked.body)});
    if (!sent) {
        // It has not left.
        give(asked, sent.error().code == ErrorCode::link_lost
                        ? unreachable(sent.error(), Effect::none)
                        : sent.error());
    } else {
        sent_.emplace(asked.id, std::move(asked));
    }
    drain_soon();
    set_timer();
}

// --- the connection

void RemoteLink::keep_up() {
    keeps_up_ = true;
    if (!link_) {
        connect();
    }
}

base::Done RemoteLink::open() {
    if (parts_.reaper.is_full()) {
        return make_error(ErrorCode::retry_later, "too many connections are still being closed");
    }
    const ipc::HostFile file = TRY(ipc::read_host_file_at(host_.keys));
    host_key_ = file.host_key;
    link_ = TRY(ipc::ZmqLink::open(file.endpoint(), file.keys()));
    for (const int fd : link_->fds()) {
        watches_.push_back(TRY(parts_.loop.watch(fd, [this](os::Readiness) { drain(); })));
    }
    return {};
}

void RemoteLink::connect() {
    if (again_) {
        parts_.loop.cancel(*again_);
        again_.reset();
    }
    greeted_ = false;
    connect_by_ = parts_.clock.now() + kLinkConnectMax;
    if (const base::Done opened = open(); !opened) {
        lost(opened.error());
        return;
    }
    drain_soon();
    set_timer();
}

/// Sending may have consumed the signal of what came in meanwhile.
void RemoteLink::drain_soon() {
    if (!drain_) {
        drain_ = parts_.loop.call_at(parts_.clock.now(), [this] {
            drain_.reset();
            drain();
        });
    }
}

void RemoteLink::drain() {
    if (!link_) {
        return;
    }
    ipc::ZmqLink::State state = link_->state();
    if (state == ipc::ZmqLink::State::up && !greeted_) {
        greet();
    }
    while (auto reply = link_->receive()) {
        take(std::move(*reply));
        if (!link_) {
            return;  // it was given up for what the host said
        }
    }
    state = link_->state();
    if (state == ipc::ZmqLink::State::up && !greeted_) {
        greet();  // it came up meanwhile, and its signal is used up
    }
    if (state == ipc::ZmqLink::State::lost) {
        lost(base::Error(link_->why()));
    }
}

void RemoteLink::greet() {
    greeted_ = true;
    const auto left = connect_by_ - parts_.clock.now();
    static_cast<void>(
        link_->send({RequestKind::hello, kGreeting, std::max<std::int64_t>(ms(left), 1),
                     contract::to_value(hello_)}));
    drain_soon();
}

void RemoteLink::take_greeting(const contract::Reply& reply) {
    if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        lost(contract::to_base(*error));
        return;
    }
    const auto hello = contract::from_value<contract::HelloReply>(std::get<Value>(reply.outcome));
    if (!hello || hello->version != contract::kProtocolVersion) {
        lost(make_error(ErrorCode::wrong_version, "it speaks another version of the protocol"));
        return;
    }
    session_ = hello->session;
    failures_ = 0;
    failed_at_.reset();
    why_down_.clear();
    user_.on_session();
    while (session_ && !waiting_.empty()) {
        Asked first = std::move(waiting_.front());
        waiting_.pop_front();
        transmit(std::move(first));
    }
}

void RemoteLink::take(contract::Reply reply) {
    if (reply.is_event) {
        user_.on_event(reply.id, std::get<Value>(std::move(reply.outcome)));
        return;
    }
    if (reply.id == kGreeting && !session_) {
        take_greeting(reply);
        return;
    }
    const auto found = sent_.find(reply.id);
    if (found == sent_.end()) {
        return;  // it was given up
    }
    const Asked asked = std::move(found->second);
    sent_.erase(found);
    asked.answer(reply);
    // A connection whose key was revoked stays open and is told so with each request.
    const auto* error = std::get_if<contract::Error>(&reply.outcome);
    if (error != nullptr && error->code == base::name_of(ErrorCode::not_paired)) {
        lost(contract::to_base(*error));
    }
}

void RemoteLink::lost(const base::Error& why) {
    const bool had_session = session_.has_value();
    session_.reset();
    for (const os::WatchId watch : std::exchange(watches_, {})) {
        parts_.loop.unwatch(watch);
    }
    if (link_) {
        parts_.reaper.bury(std::move(link_));
    }
    why_down_ = base::to_text(why);
    failed_at_ = parts_.clock.now();
    answer_all(why);
    if (had_session) {
        parts_.logger.notice("connection to a host lost",
                             {{"host", host_.name}, {"error", why_down_}});
    }
    user_.on_lost(why);
    if (keeps_up_) {
        try_again_later();
    }
}

void RemoteLink::answer_all(const base::Error& why) {
    for (const auto& [id, asked] : std::exchange(sent_, {})) {
        give(asked, unreachable(why, Effect::unknown));
    }
    for (const Asked& asked : std::exchange(waiting_, {})) {
        give(asked, unreachable(why, Effect::none));
    }
}

void RemoteLink::try_again_later() {
    if (again_ || link_) {
        return;
    }
    const os::Duration pause = kLinkPauses.at(std::min(failures_++, kLinkPauses.size() - 1));
    again_ = parts_.loop.call_at(parts_.clock.now() + pause, [this] {
        again_.reset();
        if (!link_) {
            connect();
        }
    });
}

// --- time

void RemoteLink::set_timer() {
    if (timer_) {
        parts_.loop.cancel(*timer_);
        timer_.reset();
    }
    std::optional<os::Instant> next;
    const auto consider = [&next](os::Instant at) { next = next ? std::min(*next, at) : at; };
    if (link_ && !session_) {
        consider(connect_by_);
    }
    for (const Asked& asked : waiting_) {
        consider(asked.deadline);
    }
    for (const auto& [id, asked] : sent_) {
        consider(asked.deadline + kLinkGrace);
    }
    if (next) {
        timer_ = parts_.loop.call_at(*next, [this] {
            timer_.reset();
            on_timer();
        });
    }
}

void RemoteLink::on_timer() {
    const os::Instant now = parts_.clock.now();
    std::vector<std::pair<Asked, Effect>> late;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        const bool over = at->deadline <= now;
        if (over) {
            late.emplace_back(std::move(*at), Effect::none);
        }
        at = over ? waiting_.erase(at) : std::next(at);
    }
    for (auto at = sent_.begin(); at != sent_.end();) {
        const bool over = at->second.deadline + kLinkGrace <= now;
        if (over) {
            late.emplace_back(std::move(at->second), Effect::unknown);
        }
        at = over ? sent_.erase(at) : std::next(at);
    }
    for (const auto& [asked, effect] : late) {
        give(asked, make_error(ErrorCode::deadline_passed,
                               fmt::format("host '{}' has not answered", host_.name), effect));
    }
    if (link_ && !session_ && connect_by_ <= now) {
        lost(make_error(ErrorCode::no_daemon, "no answer within the time limit"));
    }
    set_timer();
}

}  // namespace tillhost::devd::runtime
