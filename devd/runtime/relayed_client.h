#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "devd/core/access.h"
#include "devd/runtime/remote_link.h"
#include "devd/runtime/remote_names.h"
#include "ipc/endpoint.h"
#include "ipc/operation_devices.h"

namespace tillhost::devd::runtime {

/// Subscriptions at other hosts are numbered from here, those of this devd's core from 1.
inline constexpr std::int64_t kRemoteSubscriptions = 1LL << 40U;
/// So many of one host, one connection.
inline constexpr std::int64_t kSubscriptionsAHost = 1LL << 20U;

/// One client of ours at one other host: a session of its own there, so that leases, subscriptions
/// and the end of the connection are the client's and nobody else's.
///
/// Requests pass with the ids of devices and the session's number changed, and nothing else. A
/// subscription outlives the session: it goes on in the next one where it was, and what that host
/// holds no more is told as a gap.
class RelayedClient final : private RemoteLinkUser {
public:
    struct Who {
        ipc::PeerId peer;
        std::string client;  ///< as it is called here
        contract::Role role = contract::Role::observer;
        std::vector<std::string> devices{};  ///< that it may use, as they are called here
        friend bool operator==(const Who&, const Who&) = default;
    };
    /// `host_number`: counts the hosts from 0.
    RelayedClient(RemoteLinkParts parts, const RemoteHost& host, std::int64_t host_number, Who who,
                  std::string program_version, ipc::ReplySink& replies,
                  ipc::OperationDevices& places);

    void pass(const contract::Request& request, os::Instant deadline);
    const Who& who() const { return who_; }
    /// Under another name or with other rights: in a new session, in which subscriptions go on.
    void become(Who who);

private:
    struct Subscription {
        std::string topic;       ///< as it is called there
        std::int64_t there = 0;  ///< its number in this session; 0 = it has none yet
        std::int64_t request = 0;
        std::int64_t credit = 0;
        bool resuming = false;
        std::int64_t more = 0;  ///< credit that came while it was being resumed
        std::int64_t epoch = 0;
        std::int64_t next = 0;
    };

    void subscribe(const contract::Request& request, os::Instant deadline);
    void take_subscription(const contract::Reply& reply, const Subscription& wanted);
    void give_credit(const contract::Request& request, os::Instant deadline);
    void unsubscribe(const contract::Request& request, os::Instant deadline);
    void resume(std::int64_t number);
    void take_resumed(const contract::Reply& reply, std::int64_t number);
    void tell_gap(std::int64_t number, Subscription& of);
    void forward(const contract::Request& request, contract::Value body, os::Instant deadline);
    void answer(std::int64_t request, std::variant<contract::Value, contract::Error> outcome);
    contract::Value told(const contract::Value& said);
    std::string topic_there(const std::string& topic) const;

    void on_session() override;
    void on_lost(const base::Error& why) override;
    void on_event(std::int64_t request, contract::Value event) override;

    const os::Clock& clock_;
    os::Logger logger_;
    const RemoteHost& host_;
    const RemoteNames names_;
    Who who_;
    const std::string program_version_;
    ipc::ReplySink& replies_;
    ipc::OperationDevices& places_;
    const std::int64_t first_;  ///< number below its first subscription
    std::int64_t last_ = 0;
    std::map<std::int64_t, Subscription> subscriptions_;  ///< by the number here
    RemoteLink link_;
};

}  // namespace tillhost::devd::runtime
