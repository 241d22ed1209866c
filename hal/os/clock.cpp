#include "hal/os/clock.h"

#include <cerrno>
#include <ctime>

#include "hal/os/boot_clock.h"

namespace tillhost::os {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

Duration read(clockid_t id) {
    timespec now{};
    ::clock_gettime(id, &now);
    return Duration{now.tv_sec * kNsPerSecond + now.tv_nsec};
}

void sleep_on(clockid_t id, Instant when) {
    const std::int64_t ns = when.time_since_epoch().count();
    const timespec until{ns / kNsPerSecond, ns % kNsPerSecond};
    while (::clock_nanosleep(id, TIMER_ABSTIME, &until, nullptr) == EINTR) {
    }
}

std::int64_t wall_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(read(CLOCK_REALTIME)).count();
}

}  // namespace

Instant SystemClock::now() const { return Instant{read(CLOCK_MONOTONIC)}; }
std::int64_t SystemClock::unix_ms() const { return wall_ms(); }
void SystemClock::sleep_until(Instant when) { sleep_on(CLOCK_MONOTONIC, when); }

Instant BootClock::now() const { return Instant{read(CLOCK_BOOTTIME)}; }
std::int64_t BootClock::unix_ms() const { return wall_ms(); }
void BootClock::sleep_until(Instant when) { sleep_on(CLOCK_BOOTTIME, when); }

}  // namespace tillhost::os
