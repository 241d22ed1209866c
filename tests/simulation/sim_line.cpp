#include "tests/simulation/sim_line.h"

#include <algorithm>
#include <exception>
#include <utility>

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
            if (!line_.received_.empty()) {
                return take(buffer);
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

void SimLine::attach(simulators::FiscalSimulator& device) {
    device_ = &device;
    fired_seen_ = device.state().faults_fired;
    was_powered_ = device.powered();
    cut();
    mend();
    advance_device();
}

std::unique_ptr<transport::Connector> SimLine::connector() { return std::make_unique<Port>(*this); }

Result<std::unique_ptr<transport::Transport>> SimLine::connect() {
    if (cut_) {
        return make_error(ErrorCode::port_missing, "the cable is not plugged in");
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
    return std::unique_ptr<transport::Transport>(std::make_unique<Line>(*this, connection_));
}

void SimLine::hang_up(std::uint64_t connection) {
    if (open_ == connection) {
        open_ = 0;
        holder_.reset();
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
        holder_.reset();
        open_ = 0;
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
    if (to_device_.empty() && now >= lazy_until_) {
        to_device(bytes);
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
    to_device_.push_back({base::Bytes(bytes.begin(), bytes.end()), leaves, arrives});
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
    const os::Instant now = scheduler_.now();
    std::erase_if(to_device_, [now](const Chunk& chunk) { return chunk.leaves_at > now; });
}

void SimLine::arrive() {
    while (!to_device_.empty() && to_device_.front().arrives_at <= scheduler_.now()) {
        const Chunk chunk = std::move(to_device_.front());
        to_device_.pop_front();
        to_device(chunk.bytes);
    }
}

void SimLine::to_device(base::ByteView bytes) {
    device_->receive(bytes, scheduler_.now());
    collect();
}

void SimLine::advance_device() {
    device_->advance(scheduler_.now());
    collect();
}

void SimLine::collect() {
    const os::Instant now = scheduler_.now();
    const base::Bytes said = device_->take_output();
    if (!said.empty()) {
        if (scheduler_.trace().on()) {
            scheduler_.trace().say(now, options_.device, "< {}{}", base::to_hex(said),
                                   open_ == 0 ? " (nobody listens)" : "");
        }
        if (open_ != 0) {
            received_.insert(received_.end(), said.begin(), said.end());
            scheduler_.notify(readable_);
        }
    }
    if (was_powered_ != device_->powered()) {
        was_powered_ = !was_powered_;
        scheduler_.trace().say(now, options_.device, "power {}", was_powered_ ? "on" : "off");
        last_power_off_ = now;
    }
    if (armed_) {
        const std::uint64_t seen = device_->state().faults_fired;
        if (seen != fired_seen_) {
            fired_ += seen - fired_seen_;
            fired_seen_ = seen;
            scheduler_.trace().say(now, options_.device, "a fault of the line hits");
            if (fired_listener_) {
                fired_listener_();
            }
        }
    }
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

Done SimLine::inject(const simulators::Fault& fault) {
    armed_ = true;
    auto done = device_->inject(fault, scheduler_.now());
    fired_seen_ = device_->state().faults_fired;  // what was done at once hits no unit
    collect();
    return done;
}

void SimLine::power(bool on) {
    device_->power(on, scheduler_.now());
    collect();
}

}  // namespace tillhost::simulation
