#include "hal/os/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "hal/os/descriptor.h"

namespace tillhost::os {
namespace {

constexpr std::int64_t kWatchdogUsecMin = 20'000;  // faster would be a busy loop

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::optional<Duration> read_watchdog() {
    const std::string pid = environment("WATCHDOG_PID");
    if (!pid.empty() && std::strtoll(pid.c_str(), nullptr, 10) != ::getpid()) {
        return std::nullopt;  // meant for another process of the unit
    }
    const std::int64_t limit = std::strtoll(environment("WATCHDOG_USEC").c_str(), nullptr, 10);
    if (limit < kWatchdogUsecMin) {
        return std::nullopt;
    }
    return std::chrono::microseconds(limit / 2);
}

}  // namespace

void Watchdog::start() {
    if (const auto interval = manager_.watchdog_interval()) {
        ping(*interval);
    }
}

void Watchdog::ping(Duration interval) {
    manager_.alive();
    loop_.call_at(clock_.now() + interval, [this, interval] { ping(interval); });
}

ServiceManager ServiceManager::from_environment() {
    ServiceManager manager;
    manager.socket_ = environment("NOTIFY_SOCKET");
    if (!manager.socket_.empty()) {
        manager.watchdog_interval_ = read_watchdog();
    }
    return manager;
}

void ServiceManager::tell(std::string_view state) const {
    sockaddr_un address{};
    if (socket_.empty() || socket_.size() >= sizeof address.sun_path) {
        return;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket_.data(), socket_.size());
    if (address.sun_path[0] == '@') {
        address.sun_path[0] = '\0';  // the abstract namespace
    }
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
    const Descriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    // A manager that is not there cannot be told; devd goes on.
    [[maybe_unused]] const auto sent =
        ::sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&address), length);
}

}  // namespace tillhost::os
