#include "devd/runtime/service.h"

#include <csignal>
#include <cstring>
#include <utility>

namespace tillhost::devd::runtime {

base::Result<std::unique_ptr<StopSignals>> StopSignals::take(os::EventLoop& loop) {
    std::unique_ptr<StopSignals> signals(new StopSignals);
    TRY(loop.on_signals({SIGTERM, SIGINT}, [to = signals.get()](int signal) {
        INVARIANT(to->handler_ != nullptr);  // the loop runs only when the service does
        to->handler_(signal);
    }));
    return signals;
}

void StopSignals::set_handler(std::function<void(int)> handler) { handler_ = std::move(handler); }

base::Done Service::run() {
    TRY(watch());
    parts_.hosts.set_handler(*this);
    parts_.core.start();
    if (const auto interval = parts_.manager.watchdog_interval()) {
        tell_alive(*interval);
    }
    parts_.manager.ready();
    parts_.logger.notice("ready");
    parts_.loop.run();
    parts_.logger.notice("stopped", {{"at_rest", parts_.core.at_rest() ? "true" : "false"}});
    return {};
}

base::Done Service::watch() {
    parts_.signals.set_handler([this](int signal) { on_signal(signal); });
    // What has come in is taken before the next sleep.
    for (const int fd : parts_.endpoint.fds()) {
        TRY(parts_.loop.watch(fd, [](os::Readiness) {}));
    }
    TRY(parts_.loop.watch(parts_.store.moved().fd(), [this](os::Readiness) {
        parts_.store.moved().clear();
        parts_.core.on_durable();
    }));
    parts_.loop.before_sleep([this] { return before_sleep(); });
    return {};
}

bool Service::before_sleep() {
    const bool more = parts_.endpoint.receive(parts_.core, kRequestsPerTurnMax);
    set_timer();
    if (stopping_ && !more && parts_.core.at_rest()) {
        parts_.loop.stop();
    }
    return more;
}

void Service::set_timer() {
    const auto wanted = parts_.core.next_timer();
    if (wanted == timer_at_) {
        return;
    }
    if (timer_) {
        parts_.loop.cancel(*timer_);
        timer_.reset();
    }
    timer_at_ = wanted;
    if (wanted) {
        timer_ = parts_.loop.call_at(*wanted, [this] {
            timer_.reset();
            timer_at_.reset();
            parts_.core.on_timer();
        });
    }
}

void Service::tell_alive(os::Duration interval) {
    parts_.manager.alive();
    parts_.loop.call_at(parts_.clock.now() + interval, [this, interval] { tell_alive(interval); });
}

void Service::on_signal(int signal) {
    if (stopping_) {
        parts_.loop.stop();
        return;
    }
    stopping_ = true;
    parts_.logger.notice("stopping", {{"signal", ::strsignal(signal)}});
    parts_.manager.stopping();
    parts_.core.stop();
    parts_.loop.call_at(parts_.clock.now() + kStopTimeMax, [this] { parts_.loop.stop(); });
}

void Service::on_host_message(const std::string& device, base::HostEpoch epoch,
                              const contract::FromHost& message) {
    parts_.core.on_host_message(device, epoch, message);
}

void Service::on_host_gone(const std::string& device, base::HostEpoch epoch,
                           const std::string& reason) {
    parts_.core.on_host_gone(device, epoch, reason);
}

void Service::on_host_stuck(const std::string& device, base::HostEpoch epoch,
                            const std::string& reason) {
    parts_.core.on_host_stuck(device, epoch, reason);
}

}  // namespace tillhost::devd::runtime
