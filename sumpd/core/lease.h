#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tillhost::sumpd::core {

/// Who works on a task, and until when it is his alone.
struct TaskLease {
    std::string holder{};
    std::int64_t until_ms = 0;
    friend bool operator==(const TaskLease&, const TaskLease&) = default;
};

/// The lease that the asker has now, or nothing: another one holds it. Asking again renews, and
/// never shortens to the past.
std::optional<TaskLease> lease_for(const std::optional<TaskLease>& now_held,
                                   const std::string& asker, std::int64_t now_ms,
                                   std::int64_t lease_ms);

}  // namespace tillhost::sumpd::core
