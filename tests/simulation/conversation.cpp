#include <fmt/format.h>

#include <utility>
#include <variant>

#include "ipc/contract/decoder.h"
#include "tests/simulation/client.h"

namespace tillhost::simulation {
namespace {

/// A client waits for its answer that much longer than it told devd.
constexpr std::int64_t kPatienceMs = 2000;

bool carries_a_session(contract::RequestKind kind) {
    using Kind = contract::RequestKind;
    return kind == Kind::submit || kind == Kind::cancel || kind == Kind::settle ||
           kind == Kind::decide || kind == Kind::acknowledge || kind == Kind::abort;
}

}  // namespace

Conversation::Conversation(Scheduler& scheduler, SimDevd& devd, Findings& findings, Ledger& ledger,
                           std::string name, Chance chance)
    : scheduler_(scheduler),
      devd_(devd),
      findings_(findings),
      ledger_(ledger),
      name_(std::move(name)),
      chance_(chance) {}

bool Conversation::connect() {
    drop();
    // Long enough for devd to hear that the former connection has ended.
    scheduler_.sleep_until(scheduler_.now() + chance_.ms_between(20, 400));
    connection_ = devd_.connect();
    if (!connection_) {
        return false;
    }
    contract::HelloRequest hello;
    hello.client = name_;
    hello.versions = {1};
    const auto reply = ask(contract::RequestKind::hello, contract::to_value(hello), 2000);
    const auto* body = reply ? std::get_if<contract::Value>(&reply->outcome) : nullptr;
    if (body == nullptr) {
        close();
        return false;
    }
    session_ = contract::from_value<contract::HelloReply>(*body).value().session;
    scheduler_.trace().say(scheduler_.now(), name_, "session {}", session_);
    send_again();
    return true;
}

void Conversation::send_again() {
    for (contract::Request& request : std::exchange(queue_, {})) {
        if (!carries_a_session(request.kind)) {
            continue;
        }
        stale_.emplace(request.id, request.kind);
        scheduler_.trace().say(scheduler_.now(), name_, "{} of the former session is sent again",
                               contract::name_of(request.kind));
        const os::Duration delay = chance_.one_in(3) ? os::Duration{} : chance_.ms_between(1, 3000);
        scheduler_.after(delay, [this, connection = connection_, request = std::move(request)] {
            if (connection->open) {
                devd_.request(connection, request, {});
            }
        });
    }
}

std::int64_t Conversation::put(contract::RequestKind kind, contract::Value body,
                               std::int64_t deadline_ms, os::Duration delay) {
    contract::Request request;
    request.kind = kind;
    request.id = ++ledger_.last_request;
    request.deadline_ms = deadline_ms;
    request.body = std::move(body);
    devd_.request(connection_, request, delay);
    return request.id;
}

std::optional<contract::Reply> Conversation::ask(contract::RequestKind kind, contract::Value body,
                                                 std::int64_t deadline_ms) {
    scheduler_.point();
    if (!open()) {
        return std::nullopt;
    }
    const std::int64_t id = put(kind, std::move(body), deadline_ms, {});
    const os::Instant deadline = scheduler_.now() + ms(deadline_ms + kPatienceMs);
    while (true) {
        const ConnectionPtr connection = connection_;
        while (!connection->arrived.empty()) {
            contract::Reply reply = std::move(connection->arrived.front());
            connection->arrived.pop_front();
            if (reply.id == id) {
                scheduler_.point();
                return reply;
            }
            look_at_stray(reply);
        }
        if (!connection->open || !scheduler_.wait(connection->heard, deadline)) {
            scheduler_.trace().say(scheduler_.now(), name_, "no answer to {}",
                                   contract::name_of(kind));
            close();
            return std::nullopt;
        }
    }
}

void Conversation::tell(contract::RequestKind kind, contract::Value body, os::Duration delay) {
    scheduler_.point();
    if (open()) {
        put(kind, std::move(body), 1000, delay);
    }
}

/// An answer nobody waits for any more. One to a message of a former session has to be a refusal.
void Conversation::look_at_stray(const contract::Reply& reply) {
    const auto stale = stale_.find(reply.id);
    if (stale != stale_.end() && std::holds_alternative<contract::Value>(reply.outcome)) {
        findings_.add(fmt::format("{}: a {} of a former session was taken", name_,
                                  contract::name_of(stale->second)));
    }
}

void Conversation::close() {
    if (!connection_) {
        return;
    }
    for (const contract::Reply& reply : connection_->arrived) {
        look_at_stray(reply);
    }
    std::deque<contract::Request> undelivered = devd_.close(connection_);
    if (chance_.one_in(2)) {
        for (contract::Request& request : undelivered) {
            queue_.push_back(std::move(request));
        }
    }
    connection_.reset();
    session_ = 0;
}

void Conversation::drop() {
    if (connection_) {
        devd_.close(connection_);
        connection_.reset();
    }
    session_ = 0;
}

}  // namespace tillhost::simulation
