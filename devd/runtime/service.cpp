#include "devd/runtime/service.h"

#include <csignal>
#include <cstring>
#include <utility>

#include "devd/runtime/metrics.h"

namespace tillhost::devd::runtime {

base::Done Service::run() {
    TRY(watch());
    parts_.hosts.set_handler(*this);
    parts_.core.set_operator(*this);
    if (parts_.metrics != nullptr) {
        parts_.metrics->set_figures([this] { return metrics_text(); });
    }
    parts_.core.start();
    watchdog_.start();
    parts_.manager.ready();
    parts_.logger.notice("ready");
    parts_.loop.run();
    parts_.logger.notice("stopped", {{"at_rest", parts_.core.at_rest() ? "true" : "false"}});
    return {};
}

base::Done Service::watch() {
    parts_.signals.set_handler([this](int signal) { on_signal(signal); });
    // What has come in is taken before the next sleep.
    for (const int fd : parts_.endpoints.fds()) {
        TRY(parts_.loop.watch(fd, [this](os::Readiness) { endpoint_ready_ = true; }));
    }
    TRY(parts_.loop.watch(parts_.store.moved().fd(), [this](os::Readiness) { on_store_moved(); }));
    parts_.loop.before_sleep([this] { return before_sleep(); });
    return {};
}

void Service::on_store_moved() {
    parts_.store.moved().clear();
    parts_.core.on_durable();
    parts_.store.hand_over_audit();
    auto done = parts_.store.take_backup();
    if (!done || !backup_asked_) {
        return;
    }
    const Copied told = std::exchange(backup_asked_, nullptr);
    if (!*done) {
        parts_.logger.warning("the copy of the book failed",
                              {{"error", base::to_text(done->error())}});
        const base::Error& error = done->error();
        // What is wrong with the path its sender can mend.
        told(error.code == base::ErrorCode::bad_field
                 ? error
                 : base::make_error(base::ErrorCode::backup_failed, base::to_text(error)));
        return;
    }
    parts_.logger.notice("the book was copied", {{"bytes", std::to_string((*done)->bytes)}});
    contract::BackupReply reply;
    reply.path = backup_path_;
    reply.taken_at_ms = (*done)->taken_at_ms;
    reply.bytes = static_cast<std::int64_t>((*done)->bytes);
    told(reply);
}

bool Service::before_sleep() {
    if (endpoint_ready_ || parts_.endpoints.have_sent()) {
        endpoint_ready_ = parts_.endpoints.receive(parts_.requests);
    }
    say_operations();
    set_timer();
    if (stopping_ && !endpoint_ready_ && parts_.core.at_rest()) {
        parts_.loop.stop();
    }
    return endpoint_ready_;
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
        timer_ = parts_.loop.call_at(*wanted, [this, due = *wanted] {
            lag_.add(parts_.clock.now() - due);
            timer_.reset();
            timer_at_.reset();
            parts_.core.on_timer();
        });
    }
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

std::string Service::metrics_text() {
    LoopFigures loop;
    loop.lag = lag_.read();
    if (parts_.metrics != nullptr) {
        loop.scrapes = parts_.metrics->answered();
        loop.scrapes_refused = parts_.metrics->refused();
    }
    return runtime::metrics_text(parts_.core.figures(), parts_.store.figures(), loop,
                                 parts_.network());
}

base::Done Service::back_up(const std::string& path, Copied done) {
    if (backup_asked_) {
        return base::make_error(base::ErrorCode::retry_later, "a copy is being made");
    }
    TRY(parts_.store.back_up(path, parts_.clock.unix_ms()));
    backup_asked_ = std::move(done);
    backup_path_ = path;
    return {};
}

base::Done Service::read_audit(std::uint64_t first, std::size_t limit, Read done) {
    return parts_.store.read_audit(first, limit, std::move(done));
}

void Service::on_operation(const core::OperationNote& note) { unsaid_.push_back(note); }

void Service::say_operations() {
    for (const core::OperationNote& note : unsaid_) {
        say(note);
    }
    unsaid_.clear();
}

void Service::say(const core::OperationNote& note) {
    using State = contract::OperationState;
    const auto at = note.state == State::in_doubt ? &os::Logger::warning : &os::Logger::info;
    const auto or_none = [](const std::string& text) { return text.empty() ? "none" : text; };
    // What a person wrote with a decision stays in the book: it may name people.
    (parts_.logger.*at)("operation", {{"operation_id", note.id.to_text()},
                                      {"device", or_none(note.device)},
                                      {"command", or_none(note.command)},
                                      {"state", std::string(contract::name_of(note.state))},
                                      {"client", note.client},
                                      {"attempt", std::to_string(note.attempt)},
                                      {"version", std::to_string(note.version)},
                                      {"error", or_none(note.error)},
                                      {"decided_by", note.decision.empty() ? "none" : "person"}});
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
