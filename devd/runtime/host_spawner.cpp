#include "devd/runtime/host_spawner.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "devd/host/host_socket.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;

/// One host may not keep the loop from the others.
constexpr std::size_t kMessagesPerTurnMax = 64;
/// Between closing its link and being gone, for a process that ends by itself.
constexpr os::Duration kExitGrace = std::chrono::milliseconds(500);
/// What a dead host can have left in its socket.
constexpr std::size_t kMessagesLeftMax = 100'000;

}  // namespace

struct HostSpawner::Host {
    std::string device;
    std::string driver;
    base::HostEpoch epoch;
    std::unique_ptr<os::FileLock> lock;  ///< only while no host has it
    std::unique_ptr<os::Child> child;
    std::unique_ptr<HostChannel> channel;
    os::Descriptor abort;  ///< an event descriptor that the host has too
    os::WatchId link_watch;
    os::WatchId process_watch;
    std::optional<os::TimerId> timer;
    std::optional<os::Instant> lock_late;  ///< when a lock still held becomes a report
    bool active = false;                   ///< spawned and not yet reported gone
    bool stuck = false;                    ///< reported so in this life
    std::string reason;                    ///< why devd ended it, if it did
};

HostSpawner::HostSpawner(SpawnerOptions options, std::map<std::string, std::string> drivers,
                         os::EventLoop& loop, const os::Clock& clock, const os::Logger& logger)
    : options_(std::move(options)), loop_(loop), clock_(clock), logger_(logger) {
    for (auto& [device, driver] : drivers) {
        assign(device, driver);
    }
}

void HostSpawner::assign(const std::string& device, const std::string& driver) {
    std::unique_ptr<Host>& host = hosts_[device];
    if (!host) {
        host = std::make_unique<Host>();
        host->device = device;
    }
    INVARIANT(!host->active);
    host->driver = driver;
}

HostSpawner::~HostSpawner() {
    for (const auto& [device, host] : hosts_) {
        if (host->child) {
            host->child->kill();  // all of them first, so that they end side by side
        }
    }
    for (const auto& [device, host] : hosts_) {
        drop_link(*host);
        if (host->timer) {
            loop_.cancel(*host->timer);
        }
        if (host->child) {
            loop_.unwatch(host->process_watch);
        }
    }
}

void HostSpawner::later(Host& host, os::Duration delay, void (HostSpawner::*step)(Host&)) {
    if (host.timer) {
        loop_.cancel(*host.timer);
    }
    host.timer = loop_.call_at(clock_.now() + delay, [this, &host, step] {
        host.timer.reset();
        (this->*step)(host);
    });
}

void HostSpawner::spawn(const std::string& device, base::HostEpoch epoch) {
    const auto found = hosts_.find(device);
    INVARIANT(found != hosts_.end() && handler_ != nullptr);
    Host& host = *found->second;
    INVARIANT(!host.active);
    host.active = true;
    host.stuck = false;
    host.epoch = epoch;
    host.reason.clear();
    if (const Done started = start(host); !started) {
        host.reason = base::to_text(started.error());
        logger_.error("host not started", {{"device", device}, {"error", host.reason}});
        later(host, os::Duration::zero(), &HostSpawner::finish);
        return;
    }
    logger_.info("host started", {{"device", device},
                                  {"driver", host.driver},
                                  {"epoch", std::to_string(epoch.value)},
                                  {"pid", std::to_string(host.child->pid())}});
}

Done HostSpawner::start(Host& host) {
    if (!host.lock) {
        host.lock = TRY(os::FileLock::take(options_.lock_folder + "/" + host.device + ".lock"));
    }
    auto [ours, theirs] = TRY(host::make_host_link());
    host.abort = os::Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (host.abort.get() < 0) {
        return os::system_error("eventfd", errno);
    }
    host.child =
        TRY(os::Child::spawn({.program = options_.program,
                              .arguments = {host.driver, host.device},
                              .inherited = {theirs.get(), host.lock->fd(), host.abort.get()},
                              .nice = options_.nice}));
    host.lock.reset();  // the host has it now, and nobody when it ends
    host.channel = std::make_unique<HostChannel>(std::move(ours));
    watch(host);
    return {};
}

void HostSpawner::watch(Host& host) {
    const auto on_gone = [this, &host](os::Readiness) { on_process_gone(host); };
    const auto on_ready = [this, &host](os::Readiness ready) { on_link(host, ready); };
    // Only a machine without memory refuses these; a devd that is blind to a host must end.
    host.process_watch = MUST(loop_.watch(host.child->pidfd(), on_gone));
    host.link_watch = MUST(loop_.watch(host.channel->fd(), on_ready));
}

void HostSpawner::on_link(Host& host, os::Readiness ready) {
    if (ready.writable) {
        write_link(host);
    }
    if (host.channel && (ready.readable || ready.closed)) {
        read_link(host, kMessagesPerTurnMax);
    }
}

void HostSpawner::read_link(Host& host, std::size_t messages_max) {
    const base::HostEpoch epoch = host.epoch;
    const auto read = host.channel->receive(messages_max, [&](const contract::FromHost& message) {
        handler_->on_host_message(host.device, epoch, message);
        return host.channel != nullptr;
    });
    if (read || !host.channel) {
        return;
    }
    drop_link(host);
    if (read.error().code == base::ErrorCode::link_lost) {
        later(host, kExitGrace, &HostSpawner::end_deserter);
        return;
    }
    logger_.error("host ended: it broke the link's rules",
                  {{"device", host.device}, {"error", base::to_text(read.error())}});
    end(host, base::to_text(read.error()));
}

void HostSpawner::end_deserter(Host& host) { end(host, "it closed its link and stayed"); }

void HostSpawner::write_link(Host& host) {
    if (const Done flushed = host.channel->flush(); !flushed) {
        return;  // the reading side sees the same, with what was said before
    }
    if (!host.channel->has_unsent()) {
        loop_.want_writable(host.link_watch, false);
    }
}

void HostSpawner::drop_link(Host& host) {
    if (host.channel) {
        loop_.unwatch(host.link_watch);
        host.channel.reset();
    }
}

void HostSpawner::end(Host& host, const std::string& reason) {
    if (!host.child) {
        return;
    }
    if (host.reason.empty()) {
        host.reason = reason;
    }
    host.child->kill();
    if (!host.timer) {
        later(host, options_.stuck_after, &HostSpawner::on_process_gone);
    }
}

void HostSpawner::kill(const std::string& device) {
    const auto found = hosts_.find(device);
    if (found != hosts_.end()) {
        end(*found->second, "devd ended it");
    }
}

void HostSpawner::send(const std::string& device, const contract::ToHost& message) {
    const auto found = hosts_.find(device);
    if (found == hosts_.end() || !found->second->channel) {
        return;
    }
    Host& host = *found->second;
    const Done sent = host.channel->send(message);
    if (!sent && sent.error().code == base::ErrorCode::too_large) {
        logger_.error("host ended", {{"device", device}, {"error", base::to_text(sent.error())}});
        end(host, base::to_text(sent.error()));
        return;
    }
    if (host.channel->has_unsent()) {
        loop_.want_writable(host.link_watch, true);
    }
}

void HostSpawner::abort(const std::string& device) {
    const auto found = hosts_.find(device);
    if (found == hosts_.end() || !found->second->child) {
        return;
    }
    constexpr std::uint64_t kWish = 1;
    // Full is impossible before 2^64 wishes: the host takes them all at once.
    [[maybe_unused]] const auto written = ::write(found->second->abort.get(), &kWish, sizeof kWish);
}

void HostSpawner::on_process_gone(Host& host) {
    std::string how;
    if (!host.child->reap(how)) {
        report_stuck(host, fmt::format("process {} was killed and does not end; unplug its device",
                                       host.child->pid()));
        return;
    }
    if (host.channel) {
        read_link(host, kMessagesLeftMax);  // its last words count
    }
    drop_link(host);
    loop_.unwatch(host.process_watch);
    host.child.reset();
    if (host.reason.empty()) {
        host.reason = "its process ended";
    }
    host.reason += ": " + how;
    later(host, os::Duration::zero(), &HostSpawner::finish);
}

void HostSpawner::finish(Host& host) {
    if (!host.lock) {
        auto lock = os::FileLock::take(options_.lock_folder + "/" + host.device + ".lock");
        if (!lock) {
            if (!host.lock_late) {
                host.lock_late = clock_.now() + options_.stuck_after;
            } else if (clock_.now() >= *host.lock_late) {
                report_stuck(host, base::to_text(lock.error()));
            }
            later(host, kLockRetry, &HostSpawner::finish);
            return;
        }
        host.lock = std::move(*lock);
    }
    host.lock_late.reset();
    host.active = false;
    logger_.info("host gone", {{"device", host.device},
                               {"epoch", std::to_string(host.epoch.value)},
                               {"reason", host.reason}});
    handler_->on_host_gone(host.device, host.epoch, host.reason);
}

void HostSpawner::report_stuck(Host& host, const std::string& reason) {
    if (host.stuck) {
        return;
    }
    host.stuck = true;
    logger_.error("host stuck: its device is quarantined",
                  {{"device", host.device}, {"reason", reason}});
    handler_->on_host_stuck(host.device, host.epoch, reason);
}

}  // namespace tillhost::devd::runtime
