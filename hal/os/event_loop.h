#pragma once

#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hal/base/ids.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/descriptor.h"

namespace tillhost::os {

using WatchId = base::StrongId<struct WatchTag>;
using TimerId = base::StrongId<struct TimerTag>;

/// What a watched descriptor has to offer. `closed` (hang-up or error) is reported whether asked
/// for or not.
struct Readiness {
    bool readable = false;
    bool writable = false;
    bool closed = false;
};

/// One thread's descriptors, timers and signals over epoll. All calls and all handlers belong to
/// the thread that runs it; other threads reach it through a Wakeup that it watches.
///
/// A handler may add and remove watches and timers, its own included; a removed one is not called
/// any more, not even for an event already taken from the kernel. Timers are coarse: they fire up
/// to a millisecond late, never early. With nothing to do the loop sleeps without any tick.
class EventLoop final {
public:
    using Handler = std::function<void(Readiness)>;
    using TimerHandler = std::function<void()>;
    using SignalHandler = std::function<void(int)>;
    /// Returns true if it left work undone; then the loop polls without sleeping.
    using BeforeSleep = std::function<bool()>;

    /// Errors: system_failed.
    static base::Result<std::unique_ptr<EventLoop>> create(const Clock& clock);
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Calls the handler while the descriptor is readable (level-triggered). The descriptor stays
    /// the caller's and must be unwatched before it is closed. Errors: system_failed.
    base::Result<WatchId> watch(int fd, Handler handler);
    /// The same, called only when more has come since the last call (edge-triggered): for whoever
    /// may leave it unread for a while.
    base::Result<WatchId> watch_arrivals(int fd, Handler handler);
    /// Also waits for room to write, or no longer. Not of watch_arrivals().
    void want_writable(WatchId id, bool wanted);
    void unwatch(WatchId id);

    /// Calls once, at or after the deadline.
    TimerId call_at(Deadline deadline, TimerHandler handler);
    void cancel(TimerId id);

    /// Blocks the signals for this thread (and those it starts later) and hands them to the
    /// handler instead. Once. Errors: system_failed.
    base::Done on_signals(const std::vector<int>& signals, SignalHandler handler);

    /// Called each time everything ready has been handled, before the loop sleeps: the place to
    /// flush what a whole batch of events has gathered.
    void before_sleep(BeforeSleep hook) { before_sleep_.push_back(std::move(hook)); }

    /// Runs until stop() is called by a handler.
    void run();
    /// Handles what is ready, waiting until the deadline at most if nothing is. For programs with a
    /// loop of their own, and for tests.
    void run_once(Deadline deadline);
    void stop() { stopping_ = true; }

private:
    struct Watch {
        int fd;
        Handler handler;
    };
    EventLoop(const Clock& clock, Descriptor epoll) : clock_(clock), epoll_(std::move(epoll)) {}

    base::Result<WatchId> add(int fd, std::uint32_t events, Handler handler);
    bool fire_timers();
    bool flush();
    int timeout_ms(Deadline deadline, bool busy) const;
    void dispatch(std::uint64_t id, std::uint32_t events);
    void take_signals();

    const Clock& clock_;
    Descriptor epoll_;
    Descriptor signals_;
    SignalHandler signal_handler_;
    std::unordered_map<std::uint64_t, std::shared_ptr<Watch>> watches_;
    std::map<std::pair<Instant, std::uint64_t>, TimerHandler> timers_;
    std::unordered_map<std::uint64_t, Instant> timer_instants_;
    std::vector<BeforeSleep> before_sleep_;
    std::uint64_t last_id_ = 0;
    bool stopping_ = false;
};

}  // namespace tillhost::os
