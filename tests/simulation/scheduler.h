#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "simulators/core/random.h"
#include "tests/simulation/fibre.h"
#include "tests/simulation/trace.h"

namespace tillhost::simulation {

/// Thrown out of the wait (or the point) at which a process is killed. Only the scheduler catches
/// it; destructors on the way give back what the process held.
struct Killed {};

/// A running process; a number that never repeats within a run.
struct ProcessId {
    std::uint32_t value = 0;
    friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

/// Something that processes wait for. At most one waits at a time.
class Signal final {
public:
    friend class Scheduler;

private:
    std::uint32_t waiter_ = 0;
    std::uint32_t turn_ = 0;
};

/// Virtual time and everything that runs on it: events and processes (fibres), in one thread.
///
/// Time moves only when nothing is left to do now. Events of the same instant run in an order drawn
/// from the seed, so that two runs of one seed are equal and two seeds try two orders. Whatever
/// must keep its order (a stream of bytes or messages) therefore lies in a queue, and an event only
/// says that something is in it.
class Scheduler final {
public:
    using Task = std::function<void()>;

    Scheduler(StackPool& stacks, std::uint64_t seed, Trace& trace);
    ~Scheduler();
    /// Kills what still runs; before anything that a process may touch goes.
    void stop();

    os::Instant now() const { return now_; }
    Trace& trace() { return trace_; }

    void at(os::Instant when, Task task);
    void after(os::Duration delay, Task task) { at(now_ + delay, std::move(task)); }

    /// Starts a process; it runs from the present instant on. `ended` is called, from outside, when
    /// the body has returned or was killed and unwound (`killed` says which).
    ProcessId start(std::string name, Task body, std::function<void(bool killed)> ended);
    bool alive(ProcessId process) const;
    /// The process dies in its present wait. Nothing happens to one that has ended.
    void kill(ProcessId process);
    /// The process dies at its n-th point from now (1: the next one), or when it waits `within` at
    /// the latest.
    void kill_at_point(ProcessId process, std::uint32_t points, os::Duration within);

    // --- from inside a process
    bool inside() const { return current_ != nullptr; }
    ProcessId self() const;
    /// A place at which the process may be killed. Every seam calls it before and after it acts.
    void point();
    void sleep_until(os::Instant when);
    /// True when the signal came, false at the deadline.
    bool wait(Signal& signal, os::Instant deadline);

    void notify(Signal& signal);

    /// Runs until `done` says so or `limit` is reached. Returns what `done` said at the end.
    bool run(os::Instant limit, const std::function<bool()>& done);
    /// Why a process ended by another exception than its death; empty if none did.
    const std::string& accident() const { return accident_; }

private:
    struct Process {
        std::string name;
        Task body;
        std::function<void(bool)> ended;
        std::unique_ptr<Fibre> fibre;
        std::uint32_t turn = 0;  ///< counts waits: a wake-up of an earlier one is void
        bool killed = false;
        bool signalled = false;
        std::optional<std::uint32_t> points_left;
    };
    struct Event {
        os::Instant when;
        std::uint32_t order;  ///< drawn: decides among events of one instant
        std::uint32_t number;
        std::uint32_t task;
        bool operator<(const Event& other) const;
    };

    void suspend();
    void wake(std::uint32_t process, std::uint32_t turn, bool signalled);
    void step(Process& process);
    void run_body(Process& process);
    Process* find(ProcessId process) const;

    StackPool& stacks_;
    simulators::Random random_;
    Trace& trace_;
    os::Instant now_{};
    std::vector<Event> heap_;
    std::vector<Task> tasks_;
    std::vector<std::uint32_t> free_tasks_;
    std::uint32_t last_event_ = 0;
    std::vector<std::unique_ptr<Process>> processes_;
    Process* current_ = nullptr;
    std::uint32_t current_id_ = 0;
    std::string accident_;
};

/// The clock of everything in the simulation.
class SimClock final : public os::Clock {
public:
    /// Unix time where virtual time is zero.
    static constexpr std::int64_t kUnixMsAtZero = 1'780'000'000'000;

    explicit SimClock(Scheduler& scheduler) : scheduler_(scheduler) {}
    os::Instant now() const override { return scheduler_.now(); }
    std::int64_t unix_ms() const override;
    void sleep_until(os::Instant when) override { scheduler_.sleep_until(when); }

private:
    Scheduler& scheduler_;
};

}  // namespace tillhost::simulation
