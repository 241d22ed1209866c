#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/runtime/link_reaper.h"
#include "devd/runtime/remote_config.h"
#include "hal/os/event_loop.h"
#include "hal/os/log.h"
#include "ipc/zmq_link.h"

namespace tillhost::devd::runtime {

/// Requests of one client of ours that wait for the connection, and that wait for an answer.
inline constexpr std::size_t kLinkWaitingMax = 64;
inline constexpr std::size_t kLinkSentMax = 128;
/// A connection and its greeting take no longer.
inline constexpr os::Duration kLinkConnectMax = std::chrono::seconds(6);
/// So long after its deadline an answer is waited for.
inline constexpr os::Duration kLinkGrace = std::chrono::seconds(1);
/// Pauses before a connection that is wanted is made anew; the last one for ever.
inline constexpr std::array<os::Duration, 4> kLinkPauses{
    std::chrono::milliseconds(200), std::chrono::seconds(1), std::chrono::seconds(2),
    std::chrono::seconds(5)};

/// Who uses a link.
class RemoteLinkUser {
public:
    virtual ~RemoteLinkUser() = default;
    /// A session has begun: what belonged to the former one, subscriptions and leases, is gone.
    virtual void on_session() = 0;
    /// The session ended. Everything that was asked has been answered already.
    virtual void on_lost(const base::Error& why) = 0;
    /// `request`: number of the subscribe, as ask() gave it.
    virtual void on_event(std::int64_t request, contract::Value event) = 0;
};

struct RemoteLinkParts {
    os::EventLoop& loop;
    const os::Clock& clock;
    os::Logger logger;
    LinkReaper& reaper;  ///< outlives the links
};

/// A session at another host, as its users see it.
class Uplink {
public:
    using Answer = std::function<void(const contract::Reply&)>;
    virtual ~Uplink() = default;
    /// Asks; the answer comes later, once, unless the link is destroyed before; where nothing can
    /// be sent it comes before this returns. An entry `session` of the body is filled in. Returns
    /// the request's number. Answered here: host_unreachable, deadline_passed, retry_later
    /// (kLinkWaitingMax, kLinkSentMax), too_large; with effect unknown once it has left.
    virtual std::int64_t ask(contract::RequestKind kind, contract::Value body, os::Instant deadline,
                             Answer answer) = 0;
    virtual bool is_up() const = 0;
    /// Public key of the host at the last connection, Z85.
    virtual const std::string& host_key() const = 0;
    /// Why there is no connection; nothing asked for yet: empty.
    virtual const std::string& why_down() const = 0;
};

/// A session at another host for one client of ours: a connection, made when it is first needed and
/// anew when it was lost. Nothing blocks.
///
/// Nothing is sent twice, and nothing is kept over the end of a session: what had been sent is
/// answered host_unreachable with effect unknown, what had not with effect none. So a message never
/// arrives late by this way; whoever asked hands it over again under the same operation's id.
class RemoteLink final : public Uplink {
public:
    /// `client`: for whom it is. The host is only a name and a file, read at each connection: the
    /// key may have been rolled.
    RemoteLink(RemoteLinkParts parts, const RemoteHost& host, contract::HelloRequest hello,
               RemoteLinkUser& user);
    ~RemoteLink() override;
    RemoteLink(const RemoteLink&) = delete;
    RemoteLink& operator=(const RemoteLink&) = delete;

    std::int64_t ask(contract::RequestKind kind, contract::Value body, os::Instant deadline,
                     Answer answer) override;
    /// From now on a connection that was lost is made anew unasked.
    void keep_up();
    /// Ends the session, if there is one: what was sent is answered host_unreachable.
    void give_up(const base::Error& why) { lost(why); }
    /// What the next session says; the present one is given up.
    void become(contract::HelloRequest hello);
    bool is_up() const override { return session_.has_value(); }
    const std::string& host_key() const override { return host_key_; }
    const std::string& why_down() const override { return why_down_; }

private:
    struct Asked {
        std::int64_t id = 0;
        contract::RequestKind kind = contract::RequestKind::unspecified;
        contract::Value body;
        os::Instant deadline;
        Answer answer;
    };

    void connect();
    base::Done open();
    void drain_soon();
    void drain();
    void greet();
    void take_greeting(const contract::Reply& reply);
    void take(contract::Reply reply);
    void transmit(Asked asked);
    void lost(const base::Error& why);
    void answer_all(const base::Error& why);
    void try_again_later();
    void set_timer();
    void on_timer();
    static void give(const Asked& asked, base::Error error);
    base::Error unreachable(const base::Error& why, base::Effect effect) const;

    RemoteLinkParts parts_;
    const RemoteHost& host_;
    contract::HelloRequest hello_;
    RemoteLinkUser& user_;
    std::unique_ptr<ipc::ZmqLink> link_;
    std::vector<os::WatchId> watches_;
    std::deque<Asked> waiting_;
    std::map<std::int64_t, Asked> sent_;
    std::optional<std::int64_t> session_;
    std::string host_key_;
    std::string why_down_;
    os::Instant connect_by_{};
    std::optional<os::Instant> failed_at_;
    std::size_t failures_ = 0;
    bool greeted_ = false;
    bool keeps_up_ = false;
    std::int64_t last_id_ = 0;
    std::optional<os::TimerId> drain_;
    std::optional<os::TimerId> timer_;
    std::optional<os::TimerId> again_;
};

}  // namespace tillhost::devd::runtime
