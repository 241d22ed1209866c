#include "licd/runtime/service.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tillhost::licd::runtime {

base::Done Service::run() {
    TRY(watch());
    look_at_keys();
    watchdog_.start();
    parts_.manager.ready();
    parts_.logger.notice("ready");
    parts_.loop.run();
    parts_.logger.notice("stopped");
    return {};
}

base::Done Service::watch() {
    parts_.signals.set_handler([this](int signal) { on_signal(signal); });
    for (const int fd : parts_.endpoints.local().fds()) {
        TRY(parts_.loop.watch(fd, [this](os::Readiness) { local_ready_ = true; }));
    }
    if (parts_.endpoints.network() != nullptr) {
        for (const int fd : parts_.endpoints.network()->fds()) {
            TRY(parts_.loop.watch_arrivals(fd, [this](os::Readiness) { network_ready_ = true; }));
        }
    }
    TRY(parts_.loop.watch(parts_.store.moved().fd(), [this](os::Readiness) {
        parts_.store.moved().clear();
        gathers_until_ = parts_.clock.now() + kGatherTimeMax;
        answers_ready_ = true;
    }));
    if (parts_.devices != nullptr) {
        TRY(parts_.loop.watch(parts_.devices->moved().fd(), [this](os::Readiness) {
            parts_.devices->moved().clear();
            look_at_devices();
        }));
    }
    if (parts_.search != nullptr) {
        TRY(parts_.loop.watch(parts_.search->fd(),
                              [this](os::Readiness) { parts_.search->receive(); }));
    }
    parts_.loop.before_sleep([this] { return before_sleep(); });
    return {};
}

bool Service::before_sleep() {
    note_sent();
    receive();
    if (!parts_.store.is_writing()) {
        gathers_until_ = parts_.clock.now() + kGatherTimeMax;
    }
    parts_.store.hand_over();
    if (answers_ready_) {  // now: the disk works while they leave
        answers_ready_ = false;
        parts_.desk.on_durable();
    }
    note_sent();
    set_timer();
    if (stopping_ && !local_ready_ && !network_ready_ && parts_.desk.at_rest()) {
        parts_.loop.stop();
    }
    return local_ready_ || (network_ready_ && !gathers());
}

/// Sending may have consumed the signal of what came in meanwhile.
void Service::note_sent() {
    ipc::ZmqEndpoint* const network = parts_.endpoints.network();
    local_ready_ = local_ready_ || parts_.endpoints.local().has_sent();
    network_ready_ = network != nullptr && (network_ready_ || network->has_sent());
}

void Service::receive() {
    if (local_ready_) {
        local_ready_ = parts_.endpoints.local().receive(parts_.gate, ipc::kRequestsPerTurnMax);
    }
    if (network_ready_ && !gathers()) {
        network_ready_ =
            parts_.endpoints.network()->receive(parts_.gate, kProgramRequestsPerTurnMax);
    }
}

/// What came from the network would wait for the next commit anyway; taken all at once it costs
/// fewer turns, and the commit is one.
bool Service::gathers() const {
    return parts_.store.is_writing() && parts_.clock.now() < gathers_until_;
}

void Service::set_timer() {
    auto wanted = parts_.desk.next_time();
    if (const auto grace = parts_.keys.next_time()) {
        wanted = wanted ? std::min(*wanted, *grace) : grace;
    }
    if (network_ready_ && gathers()) {
        wanted = wanted ? std::min(*wanted, gathers_until_) : gathers_until_;
    }
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
            const auto grace = parts_.keys.next_time();
            if (grace && *grace <= parts_.clock.now()) {
                look_at_devices();
            }
            parts_.desk.on_time();
        });
    }
}

void Service::look_at_keys() {
    parts_.promise.look(parts_.clock.now());
    parts_.keys.look();
    parts_.acts.look_at_keys(parts_.keys.all());
    parts_.desk.on_keys_changed();
    parts_.loop.call_at(parts_.clock.now() + kLookAtKeysEvery, [this] { look_at_keys(); });
}

void Service::look_at_devices() {
    parts_.keys.on_devices();
    parts_.desk.on_keys_changed();
}

void Service::on_signal(int signal) {
    if (stopping_) {
        parts_.loop.stop();
        return;
    }
    stopping_ = true;
    parts_.logger.notice("stopping", {{"signal", ::strsignal(signal)}});
    parts_.manager.stopping();
    parts_.loop.call_at(parts_.clock.now() + kStopTimeMax, [this] { parts_.loop.stop(); });
}

}  // namespace tillhost::licd::runtime
