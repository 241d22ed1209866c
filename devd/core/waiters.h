#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "devd/core/operation_book.h"
#include "devd/core/timers.h"
#include "ipc/endpoint.h"

namespace tillhost::devd::core {

/// Requests that wait for an operation, all together; more are told retry_later.
inline constexpr std::size_t kWaitersMax = 10'000;

/// Clients that want to hear how an operation ends.
class Waiters final {
public:
    /// What answers a waiting request with the operation as it stands.
    using Answer = std::function<void(ipc::PeerId peer, std::int64_t request_id,
                                      const OperationBook::Entry& entry)>;

    enum class Until : std::uint8_t {
        settled,   ///< final, or only a person can settle it
        answered,  ///< that, or the device was asked once more and could not say
    };

    Waiters(Timers& timers, const OperationBook& book, Answer answer)
        : timers_(timers), book_(book), answer_(std::move(answer)) {}

    /// False when kWaitersMax wait already.
    bool add(const base::OperationId& id, ipc::PeerId peer, std::int64_t request_id, Until until,
             os::Instant deadline);
    /// The operation has changed.
    void changed(const OperationBook::Entry& entry);
    /// The device was asked about its operation in doubt, whatever came of it.
    void asked(const OperationBook::Entry& entry) { answer_those(entry, true); }
    /// Takes out those of a connection that wait for what it may not see any more; they are the
    /// caller's to answer. Returns the numbers of their requests.
    std::vector<std::int64_t> take_back(ipc::PeerId peer,
                                        const std::function<bool(const OperationRow&)>& may_see);
    /// Nothing is sent to a connection that ended.
    void forget(ipc::PeerId peer);

private:
    struct Waiter {
        ipc::PeerId peer;
        std::int64_t request_id;
        Until until;
        TimerKey timer;
    };
    void answer_those(const OperationBook::Entry& entry, bool asked);
    void time_out(const base::OperationId& id, TimerKey timer);

    Timers& timers_;
    const OperationBook& book_;
    Answer answer_;
    std::unordered_map<base::OperationId, std::vector<Waiter>> by_operation_;
    std::size_t count_ = 0;
};

/// True when await has its answer.
bool is_settled(const OperationRow& row);

}  // namespace tillhost::devd::core
