#include "devd/core/events.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tillhost::devd::core {
namespace {

using base::ErrorCode;
using base::make_error;
using contract::AlarmKind;
using contract::OperationState;

/// What a device's event is about; its queue and the age of its answers change all the time.
bool same(const contract::Device& one, const contract::Device& other) {
    return one.state == other.state && one.reason == other.reason &&
           one.in_doubt == other.in_doubt && one.status == other.status &&
           one.leased_to == other.leased_to;
}

}  // namespace

std::optional<AlarmKind> alarm_of(const OperationRow& row) {
    if (row.acknowledged) {
        return std::nullopt;
    }
    if (row.state == OperationState::accepted && row.error &&
        row.error->code == base::name_of(ErrorCode::compensation_open)) {
        return AlarmKind::compensation_open;
    }
    if (row.state == OperationState::in_doubt) {
        return needs_person(row) ? AlarmKind::needs_person : AlarmKind::in_doubt;
    }
    const auto* result = row.result ? std::get_if<contract::FiscalResult>(&*row.result) : nullptr;
    if (row.state == OperationState::done && result != nullptr && result->registered &&
        result->printed == contract::Printed::not_printed) {
        return AlarmKind::registered_not_printed;
    }
    return std::nullopt;
}

void Events::begin(std::uint64_t epoch, Position position, const OperationBook& book) {
    epoch_ = static_cast<std::int64_t>(epoch);
    position_ = position;
    for (const auto& [sequence, entry] : book.all()) {
        if (const auto kind = alarm_of(entry->row)) {
            alarms_.emplace(entry->row.id, *kind);
        }
    }
}

// --- what happens

void Events::operation_changed(const OperationBook::Entry& entry) {
    mark(entry.row.device);
    const std::string name = std::string(kOperationTopic) + entry.row.device;
    if (topics_.contains(name)) {
        publish(name, operation_of(entry.row), entry.position);
    }
    alarm(entry);
}

void Events::alarm(const OperationBook::Entry& entry) {
    const auto now = alarm_of(entry.row);
    const auto known = alarms_.find(entry.row.id);
    if (known == alarms_.end() ? !now.has_value() : known->second == now) {
        return;
    }
    const std::string name(kAlarmsTopic);
    const bool wanted = topics_.contains(name);
    if (known != alarms_.end()) {
        if (wanted) {
            publish(name, contract::Alarm{known->second, false, operation_of(entry.row)},
                    entry.position);
        }
        alarms_.erase(known);
    }
    if (now) {
        alarms_.emplace(entry.row.id, *now);
        if (wanted) {
            publish(name, contract::Alarm{*now, true, operation_of(entry.row)}, entry.position);
        }
    }
}

bool Events::wants_device(const std::string& device) const {
    return topics_.contains(std::string(kDeviceTopic) + device) ||
           topics_.contains(std::string(kDevicesTopic));
}

void Events::device_changed(const contract::Device& device, Position position) {
    tell_device(std::string(kDeviceTopic) + device.device, device, position);
    tell_device(std::string(kDevicesTopic), device, position);
}

void Events::tell_device(const std::string& name, const contract::Device& device,
                         Position position) {
    const auto found = topics_.find(name);
    if (found == topics_.end()) {
        return;
    }
    const auto last = found->second.told.find(device.device);
    if (last != found->second.told.end() && same(last->second, device)) {
        return;
    }
    found->second.told.insert_or_assign(device.device, device);
    publish(name, device, position);
}

void Events::device_is(const contract::Device& device) {
    topic(std::string(kDeviceTopic) + device.device).told.insert_or_assign(device.device, device);
}

void Events::prompted(const std::string& device, const contract::PromptShown& shown,
                      Position position) {
    const std::string name = std::string(kPromptTopic) + device;
    if (topics_.contains(name)) {
        publish(name, contract::Prompt{shown.operation_id, shown.kind, shown.text}, position);
    }
}

void Events::scanned(contract::Scan scan, const std::string& holder) {
    const std::string name = std::string(kScanTopic) + scan.device;
    if (topics_.contains(name)) {
        publish(name, std::move(scan), 0, holder);
    }
}

void Events::lease_changed(contract::LeaseChange change, Position position) {
    const std::string name = std::string(kLeaseTopic) + change.lease.device;
    if (topics_.contains(name)) {
        publish(name, std::move(change), position);
    }
}

/// The topic of that name; it begins now if it has not.
Events::Topic& Events::topic(const std::string& name) {
    const auto [found, fresh] = topics_.try_emplace(name);
    if (fresh) {
        found->second.dropped_to = last_seq_;  // whatever there was, it was not held
    }
    return found->second;
}

void Events::publish(const std::string& name, contract::EventBody body, Position position,
                     const std::string& only_for) {
    Topic& in = topic(name);
    const Position before = in.ring.empty() ? position_ : in.ring.back().position;
    const Position after = std::max(position, before);
    in.ring.push_back({++last_seq_, after, clock_.unix_ms(), std::move(body), only_for});
    if (in.ring.size() > kEventsPerTopicMax) {
        in.dropped_to = in.ring.front().seq;
        in.ring.pop_front();
    }
    for (const std::int64_t number : in.subscribers) {
        outbox_.at(after, [this, number] { flow(number); });
    }
}

// --- sending

void Events::begin_flow(std::int64_t subscription) {
    const auto flows = [this, subscription] { flow(subscription); };
    outbox_.at(position_, flows);
    const Topic& from = topics_.at(subscriptions_.at(subscription).topic);
    if (!from.ring.empty() && !outbox_.is_out(from.ring.back().position)) {
        outbox_.at(from.ring.back().position, flows);
    }
}

void Events::flow(std::int64_t subscription) {
    const auto found = subscriptions_.find(subscription);
    if (found != subscriptions_.end()) {
        flow(topics_.at(found->second.topic), subscription, found->second);
    }
}

void Events::flow(const Topic& topic, std::int64_t number, Subscription& to) {
    while (to.credit > 0) {
        const auto held = next_for(topic, to);
        if (!held || !outbox_.is_out(held->position)) {
            return;
        }
        if (!send(number, to, *held)) {
            blocked_.insert(number);
            if (!again_) {
                again_ = timers_.call_at(clock_.now() + kSendAgainAfter, [this] {
                    again_.reset();
                    for (const std::int64_t blocked : std::exchange(blocked_, {})) {
                        flow(blocked);
                    }
                });
            }
            return;
        }
        to.credit -= 1;
        to.next = held->seq + 1;
        to.lost_from.reset();
    }
}

/// The gap or the event that is due.
std::optional<Events::Held> Events::next_for(const Topic& topic, const Subscription& of) const {
    if (of.lost_from || of.next <= topic.dropped_to) {
        contract::Gap gap;
        gap.from_seq = of.lost_from.value_or(of.next);
        gap.to_seq = topic.dropped_to;
        gap.restarted = of.lost_from.has_value();
        return Held{topic.dropped_to, position_, clock_.unix_ms(), gap, {}};
    }
    auto next = std::lower_bound(topic.ring.begin(), topic.ring.end(), of.next,
                                 [](const Held& held, std::int64_t seq) { return held.seq < seq; });
    next = std::find_if(next, topic.ring.end(),
                        [&](const Held& held) { return may_see(of.who, held); });
    return next == topic.ring.end() ? std::nullopt : std::optional(*next);
}

/// A scan may be the holder's alone, and an alarm or a change of a device that the subscriber may
/// not use.
bool Events::may_see(const Subscriber& who, const Held& held) {
    if (!held.only_for.empty() && held.only_for != who.client) {
        return false;
    }
    if (const auto* device = std::get_if<contract::Device>(&held.body)) {
        const bool its_own =
            who.devices.empty() ||
            std::find(who.devices.begin(), who.devices.end(), device->device) != who.devices.end();
        return its_own && !(who.host && !device->host.empty());
    }
    const auto* alarm = std::get_if<contract::Alarm>(&held.body);
    return alarm == nullptr || who.devices.empty() || alarm->operation.client == who.client ||
           std::find(who.devices.begin(), who.devices.end(), alarm->operation.device) !=
               who.devices.end();
}

bool Events::send(std::int64_t number, Subscription& to, const Held& held) {
    contract::Event event;
    event.subscription = number;
    event.epoch = epoch_;
    event.seq = held.seq;
    event.at_ms = held.at_ms;
    event.body = held.body;
    return replies_.send(to.who.peer, {to.who.request_id, contract::to_value(event), true});
}

// --- subscriptions

base::Result<contract::SubscribeReply> Events::subscribe(
    const Subscriber& who, const contract::SubscribeRequest& request) {
    if (request.epoch == 0 && request.from_seq != 0) {
        return base::bad_field("epoch", "the epoch that from_seq belongs to");
    }
    if (request.epoch == epoch_ && request.from_seq > last_seq_ + 1) {
        return base::bad_field(
            "from_seq", fmt::format("at most {}, the next number of this epoch", last_seq_ + 1));
    }
    const auto mine = by_peer_.find(who.peer);
    if (mine != by_peer_.end() && mine->second.size() >= kSubscriptionsPerPeerMax) {
        return make_error(
            ErrorCode::retry_later,
            fmt::format("a connection has at most {} subscriptions", kSubscriptionsPerPeerMax));
    }
    if (subscriptions_.size() >= kSubscriptionsMax) {
        return make_error(ErrorCode::retry_later,
                          fmt::format("there are {} subscriptions", kSubscriptionsMax));
    }
    const std::int64_t number = ++last_subscription_;
    Topic& in = topic(request.topic);
    Subscription& made = subscriptions_[number];
    made = {who, request.topic, last_seq_ + 1, request.credit, {}};
    if (request.epoch == epoch_) {
        made.next = std::max<std::int64_t>(request.from_seq, 1);
    } else if (request.epoch != 0) {
        made.next = in.dropped_to + 1;  // what is held of this life is news to it
        made.lost_from = request.from_seq;
    }
    in.subscribers.insert(number);
    by_peer_[who.peer].insert(number);
    return contract::SubscribeReply{number, epoch_, last_seq_ + 1};
}

base::Result<Events::Subscription*> Events::own(ipc::PeerId peer, std::int64_t number) {
    const auto found = subscriptions_.find(number);
    if (found == subscriptions_.end() || found->second.who.peer != peer) {
        return base::bad_field("subscription", "one that subscribe gave this connection");
    }
    return &found->second;
}

base::Done Events::add_credit(ipc::PeerId peer, const contract::CreditRequest& request) {
    Subscription* const to = TRY(own(peer, request.subscription));
    if (to->credit + request.credit > kCreditMax) {
        return base::bad_field("credit", fmt::format("at most {} more; {} in all",
                                                     kCreditMax - to->credit, kCreditMax));
    }
    to->credit += request.credit;
    return {};
}

base::Done Events::unsubscribe(ipc::PeerId peer, const contract::UnsubscribeRequest& request) {
    TRY(own(peer, request.subscription));
    end(request.subscription);
    return {};
}

void Events::end(std::int64_t number) {
    const auto found = subscriptions_.find(number);
    topics_.at(found->second.topic).subscribers.erase(number);
    const auto mine = by_peer_.find(found->second.who.peer);
    mine->second.erase(number);
    if (mine->second.empty()) {
        by_peer_.erase(mine);
    }
    blocked_.erase(number);
    subscriptions_.erase(found);
}

void Events::limit(ipc::PeerId peer, const std::vector<std::string>& devices) {
    const auto mine = by_peer_.find(peer);
    if (mine == by_peer_.end()) {
        return;
    }
    for (const std::int64_t number : std::set<std::int64_t>(mine->second)) {
        Subscription& one = subscriptions_.at(number);
        one.who.devices = devices;
        const std::size_t slash = one.topic.find('/');
        const bool of_device = slash != std::string::npos;
        if (of_device && !devices.empty() &&
            std::find(devices.begin(), devices.end(), one.topic.substr(slash + 1)) ==
                devices.end()) {
            end(number);
        }
    }
}

void Events::forget(ipc::PeerId peer) {
    const auto mine = by_peer_.find(peer);
    if (mine == by_peer_.end()) {
        return;
    }
    for (const std::int64_t number : std::set<std::int64_t>(mine->second)) {
        end(number);
    }
}

}  // namespace tillhost::devd::core
