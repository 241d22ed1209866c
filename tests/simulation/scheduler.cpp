#include "tests/simulation/scheduler.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "hal/base/invariant.h"

namespace tillhost::simulation {

bool Scheduler::Event::operator<(const Event& other) const {
    // The heap gives its largest first; the earliest event is the largest.
    if (when != other.when) {
        return when > other.when;
    }
    return order != other.order ? order > other.order : number > other.number;
}

Scheduler::Scheduler(StackPool& stacks, std::uint64_t seed, Trace& trace)
    : stacks_(stacks), random_(seed), trace_(trace) {}

Scheduler::~Scheduler() { stop(); }

void Scheduler::stop() {
    for (std::size_t i = 0; i < processes_.size(); ++i) {
        const auto& process = processes_[i];
        if (process && process->fibre && process->fibre->began() && !process->fibre->finished()) {
            process->ended = nullptr;
            process->killed = true;
            current_id_ = static_cast<std::uint32_t>(i + 1);
            step(*process);
            processes_[i].reset();
        }
    }
}

void Scheduler::at(os::Instant when, Task task) {
    std::uint32_t slot = static_cast<std::uint32_t>(tasks_.size());
    if (free_tasks_.empty()) {
        tasks_.push_back(std::move(task));
    } else {
        slot = free_tasks_.back();
        free_tasks_.pop_back();
        tasks_[slot] = std::move(task);
    }
    heap_.push_back({.when = std::max(when, now_),
                     .order = static_cast<std::uint32_t>(random_.next()),
                     .number = ++last_event_,
                     .task = slot});
    std::push_heap(heap_.begin(), heap_.end());
}

ProcessId Scheduler::start(std::string name, Task body, std::function<void(bool)> ended) {
    auto process = std::make_unique<Process>();
    process->name = std::move(name);
    process->body = std::move(body);
    process->ended = std::move(ended);
    Process* raw = process.get();
    process->fibre = std::make_unique<Fibre>(stacks_, [this, raw] { run_body(*raw); });
    processes_.push_back(std::move(process));
    const auto id = static_cast<std::uint32_t>(processes_.size());
    at(now_, [this, id] { wake(id, 0, false); });
    return {id};
}

void Scheduler::run_body(Process& process) {
    try {
        if (!process.killed) {
            process.body();
        }
    } catch (const Killed&) {
        process.killed = true;
    } catch (const std::exception& accident) {
        accident_ = process.name + ": " + accident.what();
    }
    process.body = nullptr;  // what it held goes while it is still this process
}

Scheduler::Process* Scheduler::find(ProcessId process) const {
    const bool known = process.value != 0 && process.value <= processes_.size();
    return known ? processes_[process.value - 1].get() : nullptr;
}

bool Scheduler::alive(ProcessId process) const { return find(process) != nullptr; }

void Scheduler::kill(ProcessId process) {
    Process* found = find(process);
    if (found == nullptr || found->killed) {
        return;
    }
    found->killed = true;
    const std::uint32_t id = process.value;
    const std::uint32_t turn = found->turn;
    at(now_, [this, id, turn] { wake(id, turn, false); });
}

void Scheduler::kill_at_point(ProcessId process, std::uint32_t points, os::Duration within) {
    if (Process* found = find(process)) {
        found->points_left = points;
        after(within, [this, process] { kill(process); });
    }
}

ProcessId Scheduler::self() const {
    INVARIANT(current_ != nullptr);
    return {current_id_};
}

void Scheduler::point() {
    // While a killed process is unwound its destructors may still come past.
    if (current_ == nullptr || std::uncaught_exceptions() > 0) {
        return;
    }
    if (current_->killed) {
        throw Killed{};
    }
    if (current_->points_left && --*current_->points_left == 0) {
        current_->killed = true;
        throw Killed{};
    }
}

void Scheduler::suspend() {
    INVARIANT(current_ != nullptr && std::uncaught_exceptions() == 0);
    current_->fibre->suspend();
    if (current_->killed) {
        throw Killed{};
    }
}

void Scheduler::sleep_until(os::Instant when) {
    INVARIANT(current_ != nullptr);
    const std::uint32_t id = current_id_;
    const std::uint32_t turn = ++current_->turn;
    at(when, [this, id, turn] { wake(id, turn, false); });
    suspend();
}

bool Scheduler::wait(Signal& signal, os::Instant deadline) {
    INVARIANT(current_ != nullptr && signal.waiter_ == 0);
    const std::uint32_t id = current_id_;
    const std::uint32_t turn = ++current_->turn;
    current_->signalled = false;
    signal.waiter_ = id;
    signal.turn_ = turn;
    if (deadline != os::Deadline::max()) {
        at(deadline, [this, id, turn] { wake(id, turn, false); });
    }
    struct Leave {
        Signal& signal;
        ~Leave() { signal.waiter_ = 0; }
    } leave{signal};
    suspend();
    return current_->signalled;
}

void Scheduler::notify(Signal& signal) {
    if (signal.waiter_ != 0) {
        const std::uint32_t id = signal.waiter_;
        const std::uint32_t turn = signal.turn_;
        at(now_, [this, id, turn] { wake(id, turn, true); });
    }
}

void Scheduler::wake(std::uint32_t id, std::uint32_t turn, bool signalled) {
    Process* process = find({id});
    if (process == nullptr || process->turn != turn) {
        return;
    }
    process->signalled = signalled;
    ++process->turn;
    current_id_ = id;
    step(*process);
    if (process->fibre->finished()) {
        const std::unique_ptr<Process> gone = std::move(processes_[id - 1]);
        if (gone->ended) {
            gone->ended(gone->killed);
        }
    }
}

void Scheduler::step(Process& process) {
    current_ = &process;
    process.fibre->resume();
    current_ = nullptr;
}

bool Scheduler::run(os::Instant limit, const std::function<bool()>& done) {
    while (!done()) {
        if (heap_.empty() || heap_.front().when > limit) {
            now_ = std::max(now_, limit);
            return done();
        }
        std::pop_heap(heap_.begin(), heap_.end());
        const Event event = heap_.back();
        heap_.pop_back();
        now_ = event.when;
        const Task task = std::move(tasks_[event.task]);
        tasks_[event.task] = nullptr;
        free_tasks_.push_back(event.task);
        task();
    }
    return true;
}

std::int64_t SimClock::unix_ms() const {
    const auto since = scheduler_.now().time_since_epoch();
    return kUnixMsAtZero + std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace tillhost::simulation
