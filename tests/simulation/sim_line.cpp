#include "tests/simulation/sim_line.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "simulators/core/fiscal_control.h"
#include "simulators/core/terminal_control.h"

namespace tillhost::simulation {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// A host's end of the line.
class SimLine::Line final : public transport::Transport {
public:
    Line(SimLine& line, std::uint64_t connection) : line_(line), connection_(connection) {}
    ~Line() override {
        // A process that is being killed keeps the line until it is gone.
        if (std::uncaught_exceptions() == 0) {
            line_.hang_up(connection_);
        }
    }
    Line(const Line&) = delete;
    Line& operator=(const Line&) = delete;

    Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        line_.scheduler_.point();
        while (true) {
            if (lost()) {
                return make_error(ErrorCode::link_lost, "the line was cut");
            }
            if (line_.wished_) {
                return make_error(ErrorCode::cancelled, "somebody wants to break off");
            }
            if (!line_.received_.empty()) {
                return take(buffer);
            }
            if (line_.ended_ == connection_) {
                return make_error(ErrorCode::link_lost, "the device has closed the connection");
            }
            if (!line_.scheduler_.wait(line_.readable_, deadline)) {
                return make_error(ErrorCode::deadline_passed, "nothing came");
            }
        }
    }

    Done write(base::ByteView bytes, os::Deadline) override {
        struct Hands {
            SimLine& line;
            base::ByteView bytes;
            bool empty = false;
            ~Hands() {
                if (!empty) {
                    line.leave_in_hands(bytes);
                }
            }
        } hands{line_, bytes};
        line_.scheduler_.point();
        hands.empty = true;
        if (lost()) {
            return make_error(ErrorCode::link_lost, "the line was cut", base::Effect::unknown);
        }
        line_.write(bytes);
        line_.scheduler_.point();
        return {};
    }

    Done flush() override {
        line_.scheduler_.point();
        if (lost()) {
            return make_error(ErrorCode::link_lost, "the line was cut");
        }
        line_.flush();
        return {};
    }

    os::Duration late_bytes_max() const override { return line_.options_.late_bytes_max; }

private:
    bool lost() const { return line_.open_ != connection_; }
    std::size_t take(std::span<std::byte> buffer) {
        base::Bytes& from = line_.received_;
        const std::size_t count = std::min(buffer.size(), from.size());
        std::copy_n(from.begin(), count, buffer.begin());
        from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }

    SimLine& line_;
    std::uint64_t connection_;
};

class SimLine::Port final : public transport::Connector {
public:
    explicit Port(SimLine& line) : line_(line) {}
    Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        line_.scheduler_.sleep_until(line_.scheduler_.now() + line_.chance_.us_between(100, 2000));
        line_.scheduler_.point();
        return line_.connect();
    }

private:
    SimLine& line_;
};

SimLine::SimLine(Scheduler& scheduler, Findings& findings, Watch& watch, LineOptions options,
                 Chance chance)
    : scheduler_(scheduler),
      findings_(findings),
      watch_(watch),
      options_(std::move(options)),
      chance_(chance) {}

namespace {

std::uint64_t faults_of(const simulators::Simulator& device) {
    return device.fiscal() != nullptr ? device.fiscal()->state().faults_fired
                                      : device.terminal()->terminal_state().faults_fired;
}

}  // namespace

void SimLine::attach(simulators::Simulator& device) {
    cut();
    device_ = &device;
    fired_seen_ = faults_of(device);
    was_powered_ = device.powered();
    mend();
    advance_device();
}

std::unique_ptr<transport::Connector> SimLine::connector() { return std::make_unique<Port>(*this); }

Result<std::unique_ptr<transport::Transport>> SimLine::connect() {
    if (cut_) {
        return make_error(ErrorCode::port_missing, "the cable is not plugged in");
    }
    if (options_.tcp && !device_->powered()) {
        return make_error(ErrorCode::link_lost, "nobody answers at that address");
    }
    if (holder_ && *holder_ != scheduler_.self()) {
        if (options_.exclusive) {
            findings_.add("line: " + options_.device + " was opened while another host held it");
            return make_error(ErrorCode::port_busy, "another host holds it");
        }
    }
    holder_ = scheduler_.self();
    open_ = ++connection_;
    received_.clear();
    if (options_.tcp) {
        send(Travels::opening, open_, {});
    }
    return std::unique_ptr<transport::Transport>(std::make_unique<Line>(*this, connection_));
}

void SimLine::hang_up(std::uint64_t connection) {
    if (open_ != connection) {
        return;
    }
    open_ = 0;
    holder_.reset();
    if (options_.tcp) {
        send(Travels::closing, connection, {});
    }
}

void SimLine::release(ProcessId process) {
    for (const Stuck& stuck : stuck_) {
        if (stuck.process == process && !cut_) {
            write(stuck.bytes);
        }
    }
    std::erase_if(stuck_, [process](const Stuck& stuck) { return stuck.process == process; });
    if (holder_ == process) {
        hang_up(open_);
        holder_.reset();
    }
}

void SimLine::cut() {
    cut_ = true;
    ++cuts_;
    open_ = 0;
    holder_.reset();
    to_device_.clear();
    received_.clear();
    stuck_.clear();
    close_at_device();
    scheduler_.notify(readable_);
}

void SimLine::mend() { cut_ = false; }

void SimLine::write(base::ByteView bytes) {
    const os::Instant now = scheduler_.now();
    if (scheduler_.trace().on()) {
        scheduler_.trace().say(now, options_.device, "> {}", base::to_hex(bytes));
    }
    const std::uint64_t cuts = cuts_;
    watch_.host_wrote(bytes);
    if (cuts != cuts_) {
        return;  // the cable was pulled at this very moment: they reach no device, least of all
    }            // the one that is plugged in next
    const std::uint64_t connection = open_;
    if (const auto left = takes_break(simulators::Side::host)) {
        send(Travels::bytes, connection, bytes.first(std::min(*left, bytes.size())));
        open_ = 0;
        send(Travels::closing, connection, {});
        fire();
        return;
    }
    send(Travels::bytes, connection, bytes);
}

void SimLine::send(Travels kind, std::uint64_t connection, base::ByteView bytes) {
    const os::Instant now = scheduler_.now();
    if (to_device_.empty() && now >= lazy_until_) {
        to_device(kind, connection, bytes);
        return;
    }
    os::Duration waits{};
    os::Duration travels{};
    if (now < lazy_until_) {
        const std::int64_t max_us = options_.late_bytes_max / us(1);
        waits = us(chance_.below(2) * chance_.below(max_us * 2));
        travels = us(chance_.below(max_us));
    }
    const os::Instant leaves =
        std::max(now + waits, to_device_.empty() ? now : to_device_.back().leaves_at);
    const os::Instant arrives =
        std::max(leaves + travels, to_device_.empty() ? now : to_device_.back().arrives_at);
    to_device_.push_back(
        {kind, connection, base::Bytes(bytes.begin(), bytes.end()), leaves, arrives});
    scheduler_.at(arrives, [this] { arrive(); });
}

void SimLine::leave_in_hands(base::ByteView bytes) {
    const auto all = static_cast<std::int64_t>(bytes.size());
    const std::int64_t choice = chance_.below(10);
    const auto kept = static_cast<std::size_t>(choice < 2   ? 0
                                               : choice < 4 ? chance_.below(all + 1)
                                                            : all);
    if (kept != 0) {
        stuck_.push_back(
            {scheduler_.self(),
             base::Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(kept))});
    }
}

void SimLine::flush() {
    received_.clear();
    if (options_.tcp) {
        return;  // what is sent is sent
    }
    const os::Instant now = scheduler_.now();
    std::erase_if(to_device_, [now](const Chunk& chunk) { return chunk.leaves_at > now; });
}

void SimLine::arrive() {
    while (!to_device_.empty() && to_device_.front().arrives_at <= scheduler_.now()) {
        const Chunk chunk = std::move(to_device_.front());
        to_device_.pop_front();
        to_device(chunk.kind, chunk.connection, chunk.bytes);
    }
}

void SimLine::to_device(Travels kind, std::uint64_t connection, base::ByteView bytes) {
    const os::Instant now = scheduler_.now();
    if (kind == Travels::opening) {
        close_at_device();
        at_device_ = connection;
        device_->line_opened(now);
    } else if (kind == Travels::closing) {
        if (at_device_ == connection) {
            close_at_device();
        }
    } else if (!options_.tcp || at_device_ == connection) {
        device_->receive(bytes, now);
    }
    collect();
}

void SimLine::close_at_device() {
    if (at_device_ != 0) {
        at_device_ = 0;
        device_->line_closed(scheduler_.now());
    }
}

/// The device has closed its end.
void SimLine::hear_hang_up() {
    ended_ = std::exchange(at_device_, 0);
    device_->line_closed(scheduler_.now());
    scheduler_.notify(readable_);
}

void SimLine::to_host(base::Bytes said) {
    const bool listens = open_ != 0 && (!options_.tcp || open_ == at_device_);
    const auto left = listens ? takes_break(simulators::Side::device) : std::nullopt;
    if (left) {
        said.resize(std::min(*left, said.size()));
    }
    if (scheduler_.trace().on()) {
        scheduler_.trace().say(scheduler_.now(), options_.device, "< {}{}", base::to_hex(said),
                               listens ? "" : " (nobody listens)");
    }
    if (listens) {
        received_.insert(received_.end(), said.begin(), said.end());
        scheduler_.notify(readable_);
    }
    if (left) {
        hear_hang_up();
        fire();
    }
}

void SimLine::break_at(simulators::Side side, std::int64_t nth, std::size_t bytes) {
    breaks_.push_back({side, nth, bytes});
}

/// How much of the piece that passes now still arrives, if the connection breaks with it.
std::optional<std::size_t> SimLine::takes_break(simulators::Side side) {
    for (auto it = breaks_.begin(); it != breaks_.end(); ++it) {
        if (it->side == side && --it->to_come == 0) {
            const std::size_t bytes = it->bytes;
            breaks_.erase(it);
            return bytes;
        }
    }
    return std::nullopt;
}

void SimLine::fire() {
    ++fired_;
    scheduler_.trace().say(scheduler_.now(), options_.device, "a fault of the line hits");
    if (fired_listener_) {
        fired_listener_();
    }
}

void SimLine::advance_device() {
    device_->advance(scheduler_.now());
    collect();
}

void SimLine::collect() {
    const os::Instant now = scheduler_.now();
    if (base::Bytes said = device_->take_output(); !said.empty()) {
        to_host(std::move(said));
    }
    if (options_.tcp && device_->take_hang_up() && at_device_ != 0) {
        hear_hang_up();
    }
    if (was_powered_ != device_->powered()) {
        was_powered_ = !was_powered_;
        scheduler_.trace().say(now, options_.device, "power {}", was_powered_ ? "on" : "off");
        last_power_off_ = now;
    }
    count_faults();
    const auto next = device_->next_event();
    if (next && *next < pump_at_) {
        pump_at_ = *next;
        scheduler_.at(*next, [this, pump = ++pump_] {
            if (pump == pump_) {
                pump_at_ = os::Instant::max();
                advance_device();
            }
        });
    }
}

void SimLine::count_faults() {
    const std::uint64_t seen = armed_ ? faults_of(*device_) : fired_seen_;
    if (seen == fired_seen_) {
        return;
    }
    fired_ += seen - fired_seen_ - 1;
    fired_seen_ = seen;
    fire();
}

Done SimLine::inject(const simulators::Fault& fault) {
    armed_ = true;
    auto done = device_->inject(fault, scheduler_.now());
    fired_seen_ = faults_of(*device_);  // what was done at once hits no unit
    collect();
    return done;
}

void SimLine::wish(bool there) {
    wished_ = there;
    if (there) {
        scheduler_.notify(readable_);
    }
}

void SimLine::power(bool on) {
    device_->power(on, scheduler_.now());
    collect();
}

}  // namespace tillhost::simulation
