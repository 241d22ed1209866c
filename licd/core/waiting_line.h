#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/ids.h"
#include "hal/os/clock.h"
#include "ipc/endpoint.h"
#include "licd/core/lease_store.h"

namespace tillhost::licd::core {

/// Who may wait for one licence at once; one more is told retry_later.
inline constexpr std::size_t kLineMax = 1000;
/// So long a place is kept for the next request.
inline constexpr os::Duration kPlaceKept = std::chrono::seconds(10);

/// One who waits.
struct Waiter {
    Holder holder;
    base::OperationId request_id;
    std::vector<std::string> keys;  ///< serials that it may take from, in their order
    /// The request that waits for its answer; none between two requests.
    struct Asking {
        ipc::PeerId peer;
        std::int64_t id = 0;
        os::Instant answer_by{};
    };
    std::optional<Asking> asking;
    os::Instant kept_until{};  ///< while it does not ask
};

/// The lines of those who wait, one a licence by name, first come first served.
class WaitingLines final {
public:
    /// The place of that request, from 1; 0 = not in the line.
    std::size_t place(const std::string& licence, const std::string& instance,
                      const base::OperationId& request) const;
    bool is_full(const std::string& licence) const;
    /// Whether one who stands in front of that request, or anybody if it stands nowhere, may take
    /// from that key.
    bool wants_before(const std::string& licence, const std::string& instance,
                      const base::OperationId& request, const std::string& key) const;
    /// Whether one of them may take from that key.
    bool waits(const std::string& key, const std::string& licence) const;
    std::size_t count(const std::string& key, const std::string& licence) const;

    /// At the end of the line, or in its place if it stands there.
    void join(const std::string& licence, Waiter waiter);
    /// False if it does not stand there.
    bool leave(const std::string& licence, const std::string& instance,
               const base::OperationId& request);
    /// The line is left wherever the instance stands with that request.
    bool leave_any(const std::string& instance, const base::OperationId& request);
    /// The request that waits there, if there is one; it waits no more, its place is kept.
    std::optional<Waiter::Asking> take_asking(const std::string& licence,
                                              const std::string& instance,
                                              const base::OperationId& request);
    /// First in front; empty if nobody waits.
    std::deque<Waiter>& line(const std::string& licence);
    /// Drops a line that has become empty.
    void tidy(const std::string& licence);
    /// The connection is gone: its places are kept for a while.
    void connection_lost(ipc::PeerId peer, os::Instant now);

    /// Those whose time to be answered is over stop asking; whose place is not kept any more leave.
    struct Due {
        std::string licence;
        Waiter::Asking asking;
        std::size_t place = 0;
        std::vector<std::string> keys;
    };
    std::vector<Due> take_due(os::Instant now);
    std::optional<os::Instant> next_time() const;
    std::vector<std::string> licences() const;

private:
    std::map<std::string, std::deque<Waiter>> lines_;
};

}  // namespace tillhost::licd::core
