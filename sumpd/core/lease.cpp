#include "sumpd/core/lease.h"

#include <algorithm>

namespace tillhost::sumpd::core {

std::optional<TaskLease> lease_for(const std::optional<TaskLease>& now_held,
                                   const std::string& asker, std::int64_t now_ms,
                                   std::int64_t lease_ms) {
    if (now_held && now_held->holder != asker && now_held->until_ms > now_ms) {
        return std::nullopt;
    }
    return TaskLease{asker, now_ms + std::max<std::int64_t>(lease_ms, 0)};
}

}  // namespace tillhost::sumpd::core
