#include "hal/os/scheduling.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace tillhost::os {
namespace {

// Since Linux 6.12 whoever has the processor finishes a turn, 1.4 to 3 ms, whatever it weighs,
// unless the turn of the one that wakes is shorter (sched(7), EEVDF). Older systems know no turn of
// a thread's own; there the weight alone does it.
constexpr std::chrono::milliseconds kLongTurn{20};

/// What sched_setattr(2) takes; the C library of Debian 12 has no name for it.
struct Attributes {
    std::uint32_t size = 0;
    std::uint32_t policy = 0;  ///< SCHED_OTHER
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

}  // namespace

std::set<pid_t> own_threads() {
    std::set<pid_t> all;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
        const std::string name = entry.path().filename();
        pid_t number = 0;
        std::from_chars(name.data(), name.data() + name.size(), number);
        all.insert(number);
    }
    return all;
}

void give_way(pid_t thread, int nice) {
    const auto who = static_cast<id_t>(thread);
    Attributes wanted;
    wanted.size = sizeof wanted;
    wanted.nice = ::getpriority(PRIO_PROCESS, who) + nice;
    wanted.runtime_ns = static_cast<std::uint64_t>(std::chrono::nanoseconds(kLongTurn).count());
    if (::syscall(SYS_sched_setattr, thread, &wanted, 0) != 0) {
        ::setpriority(PRIO_PROCESS, who, wanted.nice);
    }
}

}  // namespace tillhost::os
