#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/events.h"
#include "devd/core/operation_book.h"
#include "devd/core/outbox.h"
#include "devd/core/timers.h"
#include "ipc/endpoint.h"

namespace tillhost::devd::core {

/// Programs that may stand in line for one device.
inline constexpr std::size_t kLeaseWaitersMax = 64;
/// Under this name the book keeps the last token; no device can be called so.
inline constexpr std::string_view kLeaseTokensName = "/leases";

/// Who has which device for himself (ipc/schema/v1/lease.yaml).
///
///     free ──take──► held ──release, expiry, end, gone──► free ──► the first in line
///
/// A token is given once, and is on disk before its holder hears of it, so that no later one is
/// smaller, over restarts too. The leases themselves live as long as their connections, and so no
/// longer than this process.
///
/// The first in line gets the device when everything that others had handed over for it is final.
/// Until then nobody else's work is taken, or the line would never move.
class Leases final {
public:
    struct Context {
        const os::Clock& clock;
        Timers& timers;
        OperationBook& book;
        Audit& audit;
        Outbox& outbox;
        Events& events;
        ipc::ReplySink& replies;
    };
    /// One who asks.
    struct Asker {
        ipc::PeerId peer;
        std::string client;
    };
    /// A request that is answered later.
    struct Call {
        Asker asker;
        std::int64_t request_id = 0;
        os::Instant deadline;
    };

    explicit Leases(Context context) : context_(context) {}

    // --- the requests; what they refuse is their error, what they do they answer themselves
    base::Done take(const Call& call, const contract::TakeLeaseRequest& request);
    base::Done renew(const Call& call, const contract::RenewLeaseRequest& request);
    base::Done release(const Call& call, const std::string& device);
    base::Done ask_takeover(const Call& call, const contract::AskTakeoverRequest& request);
    base::Done answer_takeover(const Call& call, const contract::AnswerTakeoverRequest& request);
    base::Done end(const Call& call, const contract::EndLeaseRequest& request);
    contract::Lease describe(const std::string& device, ipc::PeerId asker) const;

    /// Whether a program may hand over work for these devices, all together. `token`: of a lease
    /// that it has, 0 = it says that it has none. Errors: stale_lease, device_leased, bad_field.
    base::Done check(const Asker& asker, const std::vector<std::string>& devices,
                     std::int64_t token) const;

    /// Who has the device; empty = nobody.
    const std::string& holder(const std::string& device) const;
    std::size_t held() const;
    std::size_t waiting() const;

    /// Operations came to their end: lines may move.
    void look();
    /// The connection may use these devices no more: its leases on them end, and its places in
    /// line; a request that waits there is refused.
    void take_away(ipc::PeerId peer, const std::function<bool(const std::string&)>& may_use);
    /// The connection ended: its leases and its places in line with it.
    void forget(ipc::PeerId peer);

private:
    static constexpr std::int64_t kAnswered = -1;
    struct Holder {
        Asker asker;
        std::int64_t token = 0;
        std::int64_t since_ms = 0;
        os::Instant until;
        TimerKey timer;
    };
    struct Waiter {
        Asker asker;
        std::int64_t since_ms = 0;
        std::int64_t time_ms = 0;
        bool takeover = false;
        std::int64_t request_id = kAnswered;  ///< to be answered at the grant
        TimerKey timer;
    };
    struct Line {
        std::optional<Holder> holder;
        std::deque<Waiter> waiting;
    };

    base::Done stand_in_line(const Call& call, const std::string& device, std::int64_t time_ms,
                             bool takeover);
    Waiter* waiter(Line& line, ipc::PeerId peer) const;
    base::Result<Holder*> held_by(const Asker& asker, const std::string& device,
                                  std::int64_t token);
    bool is_current(const Asker& asker, std::int64_t token) const;
    void try_grant(const std::string& device);
    void grant(const std::string& device, Line& line);
    void prolong(const std::string& device, Holder& holder, std::int64_t time_ms);
    void let_go(const std::string& device, contract::LeaseEvent how, const std::string& note);
    std::vector<std::string> devices() const;
    void withdraw(const std::string& device, ipc::PeerId peer, contract::LeaseEvent how,
                  const std::string& note);
    void leave_line(const std::string& device, ipc::PeerId peer);
    std::string waits_for(const std::string& device, const Asker& asker) const;
    void answer(ipc::PeerId peer, std::int64_t request_id, Position after,
                const std::string& device);
    void record(const std::string& device, contract::LeaseEvent kind, const std::string& client,
                const std::string& note);
    void tell(const std::string& device, contract::LeaseEvent kind, const std::string& client,
              const std::string& note = "");

    const Context context_;
    std::map<std::string, Line> lines_;  ///< of devices that somebody has or wants
};

}  // namespace tillhost::devd::core
