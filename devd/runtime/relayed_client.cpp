#include "devd/runtime/relayed_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devd/core/events.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using contract::RequestKind;
using contract::Value;

/// How long a subscription that goes on in a new session may take to do so.
constexpr os::Duration kResumeMax = std::chrono::seconds(10);

contract::HelloRequest hello_of(const RelayedClient::Who& who, const RemoteNames& names,
                                std::string program_version) {
    contract::HelloRequest hello;
    hello.client = "relay";
    hello.versions = {contract::kProtocolVersion};
    hello.program_version = std::move(program_version);
    hello.on_behalf_of = who.client;
    hello.at_most = who.role;
    for (const std::string& device : who.devices) {
        if (const std::string* there = names.there(device)) {
            hello.only_devices.push_back(*there);
        }
    }
    if (!who.devices.empty() && hello.only_devices.empty()) {
        hello.only_devices = {""};  // none; an empty list would be all
    }
    return hello;
}

contract::Error no_subscription() {
    return contract::to_contract(
        base::bad_field("subscription", "one that subscribe gave this connection"));
}

/// The value with another number in one of its entries.
Value with_number(Value value, std::string_view key, std::int64_t number) {
    if (Value* entry = value.find(key)) {
        *entry = Value(number);
    }
    return value;
}

}  // namespace

RelayedClient::RelayedClient(RemoteLinkParts parts, const RemoteHost& host,
                             std::int64_t host_number, Who who, std::string program_version,
                             ipc::ReplySink& replies, ipc::OperationDevices& places)
    : clock_(parts.clock),
      logger_(parts.logger),
      host_(host),
      names_(host),
      who_(std::move(who)),
      program_version_(std::move(program_version)),
      replies_(replies),
      places_(places),
      first_(kRemoteSubscriptions + host_number * kSubscriptionsAHost),
      link_(std::move(parts), host, hello_of(who_, names_, program_version_), *this) {}

void RelayedClient::become(Who who) {
    who_ = std::move(who);
    link_.become(hello_of(who_, names_, program_version_));
}

void RelayedClient::pass(const contract::Request& request, os::Instant deadline) {
    if (request.kind == RequestKind::subscribe) {
        subscribe(request, deadline);
    } else if (request.kind == RequestKind::credit) {
        give_credit(request, deadline);
    } else if (request.kind == RequestKind::unsubscribe) {
        unsubscribe(request, deadline);
    } else {
        forward(request, names_.to_there(request.body), deadline);
    }
}

void RelayedClient::answer(std::int64_t request, std::variant<Value, contract::Error> outcome) {
    replies_.send(who_.peer, {request, std::move(outcome)});
}

/// Remembers where each operation belongs.
Value RelayedClient::told(const Value& said) {
    Value here = names_.to_here(said);
    const auto id = base::OperationId::from_text(text_at(here, "operation_id"));
    const std::string device = text_at(here, "device");
    if (id && !device.empty()) {
        places_.remember(*id, device);
    }
    return here;
}

void RelayedClient::forward(const contract::Request& request, Value body, os::Instant deadline) {
    link_.ask(request.kind, std::move(body), deadline,
              [this, number = request.id](const contract::Reply& reply) {
                  if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
                      answer(number, *error);
                  } else {
                      answer(number, told(std::get<Value>(reply.outcome)));
                  }
              });
}

// --- subscriptions

std::string RelayedClient::topic_there(const std::string& topic) const {
    const std::size_t slash = topic.find('/') + 1;
    const std::string* there = names_.there(topic.substr(slash));
    const bool alarms = topic.starts_with(core::kAlarmsTopic);
    return alarms || there == nullptr ? std::string(core::kAlarmsTopic)
                                      : topic.substr(0, slash) + *there;
}

void RelayedClient::subscribe(const contract::Request& request, os::Instant deadline) {
    auto wanted = contract::from_value<contract::SubscribeRequest>(request.body);
    if (!wanted) {
        answer(request.id, contract::to_contract(wanted.error()));
        return;
    }
    wanted->topic = topic_there(wanted->topic);
    const Subscription made{.topic = wanted->topic,
                            .request = request.id,
                            .credit = wanted->credit,
                            .epoch = wanted->epoch,
                            .next = wanted->from_seq};
    link_.ask(RequestKind::subscribe, contract::to_value(*wanted), deadline,
              [this, made](const contract::Reply& reply) { take_subscription(reply, made); });
}

void RelayedClient::take_subscription(const contract::Reply& reply, const Subscription& wanted) {
    if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        answer(wanted.request, *error);
        return;
    }
    const Value& said = std::get<Value>(reply.outcome);
    Subscription made = wanted;
    made.there = number_at(said, "subscription");
    if (made.epoch == 0) {
        made.epoch = number_at(said, "epoch");
        made.next = number_at(said, "next_seq");
    }
    const std::int64_t number = first_ + ++last_;
    subscriptions_.emplace(number, std::move(made));
    link_.keep_up();  // what it tells is not asked for
    answer(wanted.request, with_number(said, "subscription", number));
}

void RelayedClient::give_credit(const contract::Request& request, os::Instant deadline) {
    const std::int64_t number = number_at(request.body, "subscription");
    const std::int64_t more = number_at(request.body, "credit");
    const auto found = subscriptions_.find(number);
    if (found == subscriptions_.end()) {
        answer(request.id, no_subscription());
        return;
    }
    Subscription& to = found->second;
    if (to.there == 0) {
        // It goes on with that when there is a session again.
        std::int64_t& credit = to.resuming ? to.more : to.credit;
        credit = std::min(credit + std::max<std::int64_t>(more, 0), core::kCreditMax);
        answer(request.id, contract::to_value(contract::Empty{}));
        resume(number);
        return;
    }
    link_.ask(RequestKind::credit, with_number(request.body, "subscription", to.there), deadline,
              [this, number, more, id = request.id](const contract::Reply& reply) {
                  const bool good = std::holds_alternative<Value>(reply.outcome);
                  const auto at = subscriptions_.find(number);
                  if (good && at != subscriptions_.end()) {
                      at->second.credit += more;
                  }
                  answer(id, reply.outcome);
              });
}

void RelayedClient::unsubscribe(const contract::Request& request, os::Instant deadline) {
    const auto found = subscriptions_.find(number_at(request.body, "subscription"));
    if (found == subscriptions_.end()) {
        answer(request.id, no_subscription());
        return;
    }
    const std::int64_t there = found->second.there;
    subscriptions_.erase(found);
    if (there == 0) {
        answer(request.id, contract::to_value(contract::Empty{}));
        return;
    }
    forward(request, with_number(request.body, "subscription", there), deadline);
}

/// In a new session, from where it was.
void RelayedClient::resume(std::int64_t number) {
    const auto found = subscriptions_.find(number);
    if (!link_.is_up() || found == subscriptions_.end() || found->second.there != 0 ||
        found->second.resuming || found->second.credit <= 0) {
        return;
    }
    Subscription& of = found->second;
    of.resuming = true;
    const contract::SubscribeRequest again{of.topic, of.epoch, of.next, of.credit};
    link_.ask(RequestKind::subscribe, contract::to_value(again), clock_.now() + kResumeMax,
              [this, number](const contract::Reply& reply) { take_resumed(reply, number); });
}

void RelayedClient::take_resumed(const contract::Reply& reply, std::int64_t number) {
    const auto at = subscriptions_.find(number);
    const auto* said = std::get_if<Value>(&reply.outcome);
    if (at == subscriptions_.end()) {
        if (said != nullptr) {  // it was ended meanwhile
            link_.ask(
                RequestKind::unsubscribe,
                contract::to_value(contract::UnsubscribeRequest{number_at(*said, "subscription")}),
                clock_.now() + kResumeMax, [](const contract::Reply&) {});
        }
        return;
    }
    at->second.resuming = false;
    if (said != nullptr) {
        at->second.there = number_at(*said, "subscription");
        if (at->second.more > 0) {
            const contract::CreditRequest more{at->second.there, std::exchange(at->second.more, 0)};
            at->second.credit += more.credit;
            link_.ask(RequestKind::credit, contract::to_value(more), clock_.now() + kResumeMax,
                      [](const contract::Reply&) {});
        }
        return;
    }
    const auto& error = std::get<contract::Error>(reply.outcome);
    if (error.code == base::name_of(ErrorCode::host_unreachable)) {
        return;  // the next session tries again
    }
    logger_.warning("a subscription does not go on", {{"host", host_.name}, {"error", error.code}});
    tell_gap(number, at->second);
}

/// Whoever follows it has to read the state anew, and to subscribe anew.
void RelayedClient::tell_gap(std::int64_t number, Subscription& of) {
    contract::Gap gap;
    gap.from_seq = of.next;
    gap.restarted = true;
    contract::Event event;
    event.subscription = number;
    event.epoch = std::max<std::int64_t>(of.epoch, 1);
    event.seq = std::max<std::int64_t>(of.next - 1, 0);
    event.body = gap;
    of.credit -= 1;
    replies_.send(who_.peer, {of.request, contract::to_value(event), true});
}

// --- the link

void RelayedClient::on_session() {
    for (auto& [number, one] : subscriptions_) {
        one.there = 0;
        one.resuming = false;
        one.credit = std::min(one.credit + std::exchange(one.more, 0), core::kCreditMax);
        resume(number);
    }
}

void RelayedClient::on_lost(const base::Error& /*why*/) {
    for (auto& [number, one] : subscriptions_) {
        one.there = 0;
    }
}

void RelayedClient::on_event(std::int64_t /*request*/, Value event) {
    const std::int64_t there = number_at(event, "subscription");
    const auto found = std::find_if(subscriptions_.begin(), subscriptions_.end(),
                                    [there](const auto& one) { return one.second.there == there; });
    if (found == subscriptions_.end()) {
        return;  // it was ended meanwhile
    }
    Subscription& of = found->second;
    of.epoch = number_at(event, "epoch");
    of.next = number_at(event, "seq") + 1;
    of.credit -= 1;
    replies_.send(who_.peer,
                  {of.request, with_number(told(event), "subscription", found->first), true});
}

}  // namespace tillhost::devd::runtime
