#include "hal/os/event_loop.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <limits>

namespace tillhost::os {
namespace {

constexpr int kEventsPerWaitMax = 64;
constexpr std::uint32_t kReadEvents = EPOLLIN | EPOLLRDHUP;

}  // namespace

base::Result<std::unique_ptr<EventLoop>> EventLoop::create(const Clock& clock) {
    Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.valid()) {
        return system_error("epoll_create1", errno);
    }
    return std::unique_ptr<EventLoop>(new EventLoop(clock, std::move(epoll)));
}

EventLoop::~EventLoop() = default;

base::Result<WatchId> EventLoop::watch(int fd, Handler handler) {
    return add(fd, kReadEvents, std::move(handler));
}

base::Result<WatchId> EventLoop::watch_arrivals(int fd, Handler handler) {
    return add(fd, kReadEvents | EPOLLET, std::move(handler));
}

base::Result<WatchId> EventLoop::add(int fd, std::uint32_t events, Handler handler) {
    const std::uint64_t id = ++last_id_;
    epoll_event event{};
    event.events = events;
    event.data.u64 = id;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        return system_error("epoll_ctl add", errno);
    }
    watches_.emplace(id, std::make_shared<Watch>(Watch{fd, std::move(handler)}));
    return WatchId{id};
}

void EventLoop::want_writable(WatchId id, bool wanted) {
    const auto found = watches_.find(id.value);
    INVARIANT(found != watches_.end());
    epoll_event event{};
    event.events = wanted ? kReadEvents | EPOLLOUT : kReadEvents;
    event.data.u64 = id.value;
    INVARIANT(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, found->second->fd, &event) == 0);
}

void EventLoop::unwatch(WatchId id) {
    const auto found = watches_.find(id.value);
    if (found == watches_.end()) {
        return;
    }
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second->fd, nullptr);
    watches_.erase(found);
}

TimerId EventLoop::call_at(Deadline deadline, TimerHandler handler) {
    const std::uint64_t id = ++last_id_;
    timers_.emplace(std::pair{deadline, id}, std::move(handler));
    timer_instants_.emplace(id, deadline);
    return TimerId{id};
}

void EventLoop::cancel(TimerId id) {
    const auto found = timer_instants_.find(id.value);
    if (found != timer_instants_.end()) {
        timers_.erase({found->second, id.value});
        timer_instants_.erase(found);
    }
}

base::Done EventLoop::on_signals(const std::vector<int>& signals, SignalHandler handler) {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : signals) {
        ::sigaddset(&set, signal);
    }
    if (const int failed = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); failed != 0) {
        return system_error("pthread_sigmask", failed);
    }
    signals_ = Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!signals_.valid()) {
        return system_error("signalfd", errno);
    }
    signal_handler_ = std::move(handler);
    TRY(watch(signals_.get(), [this](Readiness) { take_signals(); }));
    return {};
}

void EventLoop::take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        signal_handler_(static_cast<int>(info.ssi_signo));
    }
}

bool EventLoop::fire_timers() {
    bool fired = false;
    if (timers_.empty()) {
        return fired;
    }
    const Instant now = clock_.now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        const auto due = timers_.begin();
        const TimerHandler handler = std::move(due->second);
        timer_instants_.erase(due->first.second);
        timers_.erase(due);
        handler();
        fired = true;
    }
    return fired;
}

bool EventLoop::flush() {
    bool busy = false;
    for (const BeforeSleep& hook : before_sleep_) {
        busy = hook() || busy;
    }
    return busy;
}

int EventLoop::timeout_ms(Deadline deadline, bool busy) const {
    if (busy || stopping_) {
        return 0;
    }
    const Instant until =
        timers_.empty() ? deadline : std::min(deadline, timers_.begin()->first.first);
    if (until == Instant::max()) {
        return -1;
    }
    const Instant now = clock_.now();
    if (until <= now) {
        return 0;
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
    constexpr auto kMax = std::numeric_limits<int>::max();
    return wait > kMax ? kMax : static_cast<int>(wait);
}

void EventLoop::dispatch(std::uint64_t id, std::uint32_t events) {
    const auto found = watches_.find(id);
    if (found == watches_.end()) {
        return;  // removed by an earlier handler of this batch
    }
    const std::shared_ptr<Watch> watch = found->second;  // it may remove itself
    watch->handler(Readiness{.readable = (events & EPOLLIN) != 0,
                             .writable = (events & EPOLLOUT) != 0,
                             .closed = (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0});
}

void EventLoop::run_once(Deadline deadline) {
    const bool fired = fire_timers();
    const bool busy = flush() || fired;  // what a timer did is seen before any sleep
    std::array<epoll_event, kEventsPerWaitMax> events;
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), kEventsPerWaitMax, timeout_ms(deadline, busy));
    INVARIANT(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        dispatch(event.data.u64, event.events);
    }
}

void EventLoop::run() {
    while (!stopping_) {
        run_once(Instant::max());
    }
    flush();
}

}  // namespace tillhost::os
