#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "hal/os/fake/fake_clock.h"
#include "hal/transport/transport.h"
#include "simulators/core/line_device.h"

namespace tillhost::support {

/// Thrown out of a line's read or write: the process that used it was killed there.
struct Killed {};

/// The cable between a driver and a simulated device on virtual time: a wait moves the clock to the
/// device's next event. It outlives the lines that are connected to it one after another.
class VirtualCable final {
public:
    VirtualCable(simulators::LineDevice& device, os::FakeClock& clock, os::Duration late_bytes_max)
        : device_(device), clock_(clock), late_bytes_max_(late_bytes_max) {}

    /// The n-th read or write from now on kills; 0 for none. A killing write has handed over its
    /// bytes: they reach the device `delay` later, past everything a successor says meanwhile.
    void kill_at(int nth, os::Duration delay = {}) {
        kill_at_ = nth;
        delay_ = delay;
    }
    /// From the n-th read or write on every wait is cancelled, until the line is opened anew.
    void cancel_at(int nth) { cancel_at_ = nth; }
    /// How often a host wrote.
    int writes() const { return writes_; }
    /// Lets time pass without a host.
    void run_for(os::Duration time) {
        const os::Instant end = clock_.now() + time;
        while (clock_.now() < end) {
            step(end);
        }
        arrived_.clear();
    }
    /// A connector as a driver is given one.
    std::unique_ptr<transport::Connector> connector() { return std::make_unique<Plug>(*this); }

private:
    class Line final : public transport::Transport {
    public:
        explicit Line(VirtualCable& cable) : cable_(cable) {}
        base::Result<std::size_t> read(std::span<std::byte> buffer,
                                       os::Deadline deadline) override {
            return cable_.read(buffer, deadline);
        }
        base::Done write(base::ByteView bytes, os::Deadline) override {
            return cable_.write(bytes);
        }
        base::Done flush() override {
            cable_.take_output();
            cable_.arrived_.clear();
            return {};
        }
        os::Duration late_bytes_max() const override { return cable_.late_bytes_max_; }

    private:
        VirtualCable& cable_;
    };
    class Plug final : public transport::Connector {
    public:
        explicit Plug(VirtualCable& cable) : cable_(cable) {}
        base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
            cable_.cancelled_ = false;
            cable_.take_output();
            cable_.arrived_.clear();
            return std::unique_ptr<transport::Transport>(std::make_unique<Line>(cable_));
        }

    private:
        VirtualCable& cable_;
    };

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) {
        if (kill_now()) {
            throw Killed{};
        }
        TRY(cancelled_now());
        take_output();
        while (arrived_.empty() && clock_.now() < deadline) {
            step(deadline);
        }
        if (arrived_.empty()) {
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        const std::size_t count = std::min(buffer.size(), arrived_.size());
        std::copy_n(arrived_.begin(), count, buffer.begin());
        arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }

    base::Done write(base::ByteView bytes) {
        TRY(cancelled_now());
        ++writes_;
        if (!kill_now()) {
            device_.receive(bytes, clock_.now());
            return {};
        }
        late_at_ = clock_.now() + delay_;
        late_.assign(bytes.begin(), bytes.end());
        throw Killed{};
    }

    base::Done cancelled_now() {
        cancelled_ = cancelled_ || (cancel_at_ > 0 && --cancel_at_ == 0);
        return cancelled_ ? base::make_error(base::ErrorCode::cancelled, "the wait was cancelled")
                          : base::Done();
    }

    bool kill_now() { return kill_at_ > 0 && --kill_at_ == 0; }

    void take_output() {
        const base::Bytes said = device_.take_output();
        arrived_.insert(arrived_.end(), said.begin(), said.end());
    }

    /// Moves to what happens next, not past `limit`.
    void step(os::Instant limit) {
        const auto event = device_.next_event();
        os::Instant next = event ? std::min(*event, limit) : limit;
        next = late_at_ ? std::min(*late_at_, next) : next;
        clock_.advance_to(next);
        device_.advance(clock_.now());
        if (late_at_ && *late_at_ <= clock_.now()) {
            late_at_.reset();
            device_.receive(late_, clock_.now());
        }
        take_output();
    }

    simulators::LineDevice& device_;
    os::FakeClock& clock_;
    os::Duration late_bytes_max_;
    base::Bytes arrived_;
    base::Bytes late_;
    std::optional<os::Instant> late_at_;
    os::Duration delay_{};
    int kill_at_ = 0;
    int cancel_at_ = 0;
    bool cancelled_ = false;
    int writes_ = 0;
};

}  // namespace tillhost::support
