#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "devd/core/operation_book.h"
#include "devd/core/outbox.h"
#include "devd/core/timers.h"
#include "ipc/endpoint.h"

namespace tillhost::devd::core {

/// Events held of one topic for those who come back; the oldest go first, and are a gap then.
inline constexpr std::size_t kEventsPerTopicMax = 256;
inline constexpr std::size_t kSubscriptionsPerPeerMax = 64;
inline constexpr std::size_t kSubscriptionsMax = 4096;
/// Credit that one subscription may have.
inline constexpr std::int64_t kCreditMax = 1000;
/// When what a full queue did not take is tried again.
inline constexpr os::Duration kSendAgainAfter = std::chrono::milliseconds(500);
/// Under this name the book keeps the epoch; no device can be called so.
inline constexpr std::string_view kEventsEpochName = "/events";

inline constexpr std::string_view kDeviceTopic = "device/";
inline constexpr std::string_view kOperationTopic = "operation/";
inline constexpr std::string_view kPromptTopic = "prompt/";
inline constexpr std::string_view kScanTopic = "scan/";
inline constexpr std::string_view kLeaseTopic = "lease/";
inline constexpr std::string_view kAlarmsTopic = "alarms";
inline constexpr std::string_view kDevicesTopic = "devices";

/// What a person should look at in this row; nothing once it was acknowledged.
std::optional<contract::AlarmKind> alarm_of(const OperationRow& row);

/// What devd says unasked (ipc/schema/v1/events.yaml): topics, each with a ring of events, and the
/// subscriptions that read them.
///
/// An event enters its ring with the book position that it depends on, and leaves for a subscriber
/// when that is durable, in the order of its topic, one credit each. A topic begins with its first
/// subscriber; until then it costs nothing, and nobody can have missed anything.
class Events final {
public:
    Events(const os::Clock& clock, Timers& timers, Outbox& outbox, ipc::ReplySink& replies)
        : clock_(clock), timers_(timers), outbox_(outbox), replies_(replies) {}

    /// A life of devd begins: its number, the position at which it cannot repeat, and the book as
    /// it was read. Before anything else.
    void begin(std::uint64_t epoch, Position position, const OperationBook& book);

    // --- what happens
    void operation_changed(const OperationBook::Entry& entry);
    /// Whether somebody ever asked for that device's topic, or for that of all, in this life.
    bool wants_device(const std::string& device) const;
    /// An event if anything but its queue and its times is another than when this was called last,
    /// or than `device_is` said.
    void device_changed(const contract::Device& device, Position position);
    void device_is(const contract::Device& device);
    void prompted(const std::string& device, const contract::PromptShown& shown, Position position);
    /// `holder`: who has the scanner for himself, and alone hears of it; empty = everybody.
    void scanned(contract::Scan scan, const std::string& holder);
    void lease_changed(contract::LeaseChange change, Position position);

    /// Marks a device whose lane may have changed, for the core to look at at the end of its turn.
    void mark(const std::string& device) {
        if (!topics_.empty()) {
            marked_.insert(device);
        }
    }
    std::set<std::string> take_marked() { return std::exchange(marked_, {}); }

    // --- subscriptions
    struct Subscriber {
        ipc::PeerId peer;
        std::int64_t request_id = 0;
        std::string client{};
        std::vector<std::string> devices{};  ///< that it may see; empty = all
        bool host = false;                   ///< another host: nothing of remote devices is for it
    };
    /// The topic exists, as the caller knows. Errors: bad_field (from_seq), retry_later.
    /// Send the reply when position() is out, then call begin_flow().
    base::Result<contract::SubscribeReply> subscribe(const Subscriber& who,
                                                     const contract::SubscribeRequest& request);
    void begin_flow(std::int64_t subscription);
    /// Lets a subscription have what waits for it.
    void flow(std::int64_t subscription);
    /// Errors of both: bad_field.
    base::Done add_credit(ipc::PeerId peer, const contract::CreditRequest& request);
    base::Done unsubscribe(ipc::PeerId peer, const contract::UnsubscribeRequest& request);
    /// From now on the connection may see these devices, empty = all: its subscriptions to the
    /// topics of others end, without another word.
    void limit(ipc::PeerId peer, const std::vector<std::string>& devices);
    /// The connection ended: nothing of it is kept.
    void forget(ipc::PeerId peer);

    /// The position from which on this life's numbers are safe.
    Position position() const { return position_; }
    std::size_t subscriptions() const { return subscriptions_.size(); }

private:
    struct Held {
        std::int64_t seq = 0;
        Position position = 0;  ///< never below that of the event before
        std::int64_t at_ms = 0;
        contract::EventBody body;
        std::string only_for{};  ///< a client; empty = everybody
    };
    struct Topic {
        std::deque<Held> ring;
        std::int64_t dropped_to = 0;  ///< number of the last event that is held no more
        std::set<std::int64_t> subscribers;
        std::map<std::string, contract::Device> told{};  ///< of devices: each as last told
    };
    struct Subscription {
        Subscriber who;
        std::string topic;
        std::int64_t next = 0;  ///< first number not sent
        std::int64_t credit = 0;
        std::optional<std::int64_t> lost_from;  ///< of a former epoch; not yet told
    };

    Topic& topic(const std::string& name);
    void tell_device(const std::string& name, const contract::Device& device, Position position);
    void publish(const std::string& name, contract::EventBody body, Position position,
                 const std::string& only_for = {});
    static bool may_see(const Subscriber& who, const Held& held);
    void alarm(const OperationBook::Entry& entry);
    void flow(const Topic& topic, std::int64_t number, Subscription& to);
    bool send(std::int64_t number, Subscription& to, const Held& held);
    std::optional<Held> next_for(const Topic& topic, const Subscription& of) const;
    base::Result<Subscription*> own(ipc::PeerId peer, std::int64_t number);
    void end(std::int64_t number);

    const os::Clock& clock_;
    Timers& timers_;
    Outbox& outbox_;
    ipc::ReplySink& replies_;
    std::int64_t epoch_ = 0;
    Position position_ = 0;
    std::int64_t last_seq_ = 0;
    std::int64_t last_subscription_ = 0;
    std::map<std::string, Topic> topics_;
    std::map<std::int64_t, Subscription> subscriptions_;
    std::unordered_map<ipc::PeerId, std::set<std::int64_t>> by_peer_;
    std::unordered_map<base::OperationId, contract::AlarmKind> alarms_;
    std::set<std::string> marked_;
    std::set<std::int64_t> blocked_;  ///< their peers did not take an event
    std::optional<TimerKey> again_;
};

}  // namespace tillhost::devd::core
