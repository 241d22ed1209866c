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
    /// The n-th read or write from now on is cancelled, and no other: somebody wants the operation
    /// broken off.
    void break_off_at(int nth) { break_off_at_ = nth; }
    /// True while the n-th read or write of one of these is still to come.
    bool is_armed() const { return kill_at_ > 0 || cancel_at_ > 0 || break_off_at_ > 0; }
    /// It is a socket: the device hears of hosts that come and go, and may hang up. Bytes that were
    /// handed over arrive before the end. A power cut is silence until the host writes again.
    void be_a_socket() { socket_ = true; }
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
        explicit Line(VirtualCable& cable) : cable_(cable), number_(++cable.lines_) {}
        ~Line() override {
            if (number_ == cable_.lines_) {  // else another one has followed
                cable_.close();
            }
        }
        Line(const Line&) = delete;
        Line& operator=(const Line&) = delete;
        base::Result<std::size_t> read(std::span<std::byte> buffer,
                                       os::Deadline deadline) override {
            return cable_.read(buffer, deadline);
        }
        base::Done write(base::ByteView bytes, os::Deadline deadline) override {
            return cable_.write(bytes, deadline);
        }
        base::Done flush() override {
            cable_.take_output();
            cable_.arrived_.clear();
            return {};
        }
        os::Duration late_bytes_max() const override { return cable_.late_bytes_max_; }

    private:
        VirtualCable& cable_;
        int number_;
    };
    class Plug final : public transport::Connector {
    public:
        explicit Plug(VirtualCable& cable) : cable_(cable) {}
        base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
            cable_.cancelled_ = false;
            TRY(cable_.open());
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
        while (arrived_.empty() && !hung_up_ && clock_.now() < deadline) {
            step(deadline);
        }
        if (arrived_.empty() && hung_up_) {
            return base::make_error(base::ErrorCode::link_lost, "the device has hung up");
        }
        if (arrived_.empty()) {
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        const std::size_t count = std::min(buffer.size(), arrived_.size());
        std::copy_n(arrived_.begin(), count, buffer.begin());
        arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(count));
        return count;
    }

    base::Done write(base::ByteView bytes, os::Deadline deadline) {
        TRY(cancelled_now());
        ++writes_;
        if (!kill_now()) {
            return hung_up_ || lost_power()
                       ? base::make_error(base::ErrorCode::link_lost, "nobody is there any more")
                       : hand_over(bytes, deadline);
        }
        late_at_ = clock_.now() + delay_;
        late_.assign(bytes.begin(), bytes.end());
        throw Killed{};
    }

    /// No more than the device has room for, as a line that can hold its host back does it.
    base::Done hand_over(base::ByteView bytes, os::Deadline deadline) {
        bool begun = false;
        while (true) {
            const base::ByteView piece = bytes.first(std::min(bytes.size(), device_.room()));
            if (!piece.empty() || bytes.empty()) {
                device_.receive(piece, clock_.now());
                bytes = bytes.subspan(piece.size());
                begun = true;
            }
            if (bytes.empty()) {
                return {};
            }
            if (clock_.now() >= deadline) {
                return base::make_error(base::ErrorCode::deadline_passed,
                                        "the device takes no more",
                                        begun ? base::Effect::unknown : base::Effect::none);
            }
            if (device_.room() == 0) {
                step(deadline);
            }
        }
    }

    base::Done open() {
        if (socket_ && !device_.powered()) {
            return base::make_error(base::ErrorCode::no_answer, "the device has no power");
        }
        close();
        take_output();
        arrived_.clear();
        hung_up_ = was_off_ = false;
        if (socket_) {
            device_.line_opened(clock_.now());
        }
        open_ = true;
        return {};
    }

    void close() {
        if (!socket_ || !std::exchange(open_, false)) {
            return;
        }
        if (std::exchange(late_at_, std::nullopt)) {
            device_.receive(late_, clock_.now());
        }
        take_output();
        if (!hung_up_) {
            device_.line_closed(clock_.now());
        }
        arrived_.clear();
    }

    /// A device that was off has forgotten the connection, and says so when it is spoken to.
    bool lost_power() {
        was_off_ = socket_ && (was_off_ || !device_.powered());
        return was_off_ && device_.powered();
    }

    base::Done cancelled_now() {
        if (break_off_at_ > 0 && --break_off_at_ == 0) {
            return base::make_error(base::ErrorCode::cancelled, "somebody wants to break off");
        }
        cancelled_ = cancelled_ || (cancel_at_ > 0 && --cancel_at_ == 0);
        return cancelled_ ? base::make_error(base::ErrorCode::cancelled, "the wait was cancelled")
                          : base::Done();
    }

    bool kill_now() { return kill_at_ > 0 && --kill_at_ == 0; }

    void take_output() {
        const base::Bytes said = device_.take_output();
        arrived_.insert(arrived_.end(), said.begin(), said.end());
        hung_up_ = device_.take_hang_up() || hung_up_;
        lost_power();
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
    int break_off_at_ = 0;
    int lines_ = 0;
    bool socket_ = false;
    bool open_ = false;
    bool hung_up_ = false;
    bool was_off_ = false;  ///< since the connection was made
    bool cancelled_ = false;
    int writes_ = 0;
};

}  // namespace tillhost::support
