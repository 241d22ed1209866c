#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/transport/transport.h"
#include "simulators/core/simulator.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/scheduler.h"
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

struct LineOptions {
    std::string device;             ///< for the trace
    os::Duration late_bytes_max{};  ///< what bytes take at most once they travel
    /// Only one process may hold the line, as the device's lock sees to it.
    bool exclusive = true;
    bool tcp = false;  ///< connections, whose ends the device hears; bytes come whole or not at all
};

/// A line between driver hosts and one simulated device, with the kernel's buffers on it. Outlives
/// every host.
///
/// * What a host wrote goes on without it. Bytes first wait in the buffer, where a flush reaches
///   them, then travel for at most late_bytes_max, where nothing does.
/// * A host that is killed while it writes leaves nothing, a part or all of its bytes; they enter
///   the line when its process is really gone, not before.
/// * Bytes of the device that nobody listens to are lost.
/// * On TCP opening and closing travel in the order of the bytes, so that what a dead host has sent
///   comes before its end and its end before the next connection. What is still there when the
///   device hangs up can be read; what is written then goes nowhere.
class SimLine final {
public:
    SimLine(Scheduler& scheduler, Findings& findings, Watch& watch, LineOptions options,
            Chance chance);

    /// The device that stands at the other end from now on; kept by reference.
    void attach(simulators::Simulator& device);
    simulators::Simulator& device() { return *device_; }
    bool tcp() const { return options_.tcp; }

    /// Opens the line for the process that calls it.
    std::unique_ptr<transport::Connector> connector();
    /// The process is gone: what it was writing enters the line, and the line is free.
    void release(ProcessId process);

    void cut();
    void mend();
    bool is_cut() const { return cut_; }
    /// What is written until then waits and travels as long as it may.
    void be_lazy_until(os::Instant when) { lazy_until_ = when; }
    /// To the device; what becomes of a fault of the line shows in fired().
    base::Done inject(const simulators::Fault& fault);
    void power(bool on);
    /// Somebody wants what is under way broken off: waits of the host end until it takes the wish.
    void wish(bool there);
    bool take_wish() { return std::exchange(wished_, false); }
    /// The connection breaks for both ends while that side's nth piece from now passes, of which
    /// `bytes` still arrive; counted as a fault of the line. Only on TCP.
    void break_at(simulators::Side side, std::int64_t nth, std::size_t bytes);
    /// Forgets what break_at() has ordered.
    void break_no_more() { breaks_.clear(); }

    /// Faults of the line that hit something so far.
    std::uint64_t fired() const { return fired_; }
    /// Called when such a fault has hit.
    void on_fired(std::function<void()> listener) { fired_listener_ = std::move(listener); }
    /// When the device last lost its power; nothing if it never did.
    std::optional<os::Instant> last_power_off() const { return last_power_off_; }

private:
    class Line;
    class Port;
    enum class Travels : std::uint8_t { bytes, opening, closing };
    struct Chunk {
        Travels kind;
        std::uint64_t connection;
        base::Bytes bytes;
        os::Instant leaves_at;
        os::Instant arrives_at;
    };
    struct Break {
        simulators::Side side;
        std::int64_t to_come;
        std::size_t bytes;
    };
    struct Stuck {
        ProcessId process;
        base::Bytes bytes;
    };

    base::Result<std::unique_ptr<transport::Transport>> connect();
    void write(base::ByteView bytes);
    void leave_in_hands(base::ByteView bytes);
    void flush();
    void send(Travels kind, std::uint64_t connection, base::ByteView bytes);
    void arrive();
    void to_device(Travels kind, std::uint64_t connection, base::ByteView bytes);
    void to_host(base::Bytes said);
    void close_at_device();
    void hear_hang_up();
    void advance_device();
    void collect();
    void count_faults();
    void hang_up(std::uint64_t connection);
    std::optional<std::size_t> takes_break(simulators::Side side);
    void fire();

    Scheduler& scheduler_;
    Findings& findings_;
    Watch& watch_;
    LineOptions options_;
    Chance chance_;
    simulators::Simulator* device_ = nullptr;
    std::uint64_t connection_ = 0;  ///< the newest
    std::uint64_t open_ = 0;        ///< the connection that is open; 0 = none
    std::uint64_t at_device_ = 0;   ///< the one that the device has; only on TCP
    std::uint64_t ended_ = 0;       ///< the last one that the device has closed; only on TCP
    std::vector<Break> breaks_;
    bool wished_ = false;
    std::optional<ProcessId> holder_;
    std::deque<Chunk> to_device_;
    base::Bytes received_;
    Signal readable_;
    std::deque<Stuck> stuck_;
    os::Instant lazy_until_{};
    os::Instant pump_at_ = os::Instant::max();
    std::uint64_t pump_ = 0;
    bool cut_ = false;
    std::uint64_t cuts_ = 0;  ///< how often it was cut so far
    bool was_powered_ = true;
    std::optional<os::Instant> last_power_off_;
    std::uint64_t fired_ = 0;
    std::uint64_t fired_seen_ = 0;
    bool armed_ = false;
    std::function<void()> fired_listener_;
};

}  // namespace tillhost::simulation
