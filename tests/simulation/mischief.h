#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/chance.h"
#include "tests/simulation/counter.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/sim_devd.h"
#include "tests/simulation/sim_hosts.h"
#include "tests/simulation/sim_store.h"

namespace tillhost::simulation {

/// Carries out the planned troubles: waits for their steps, makes them happen, and takes them back
/// after a while. From calm() on nothing goes wrong any more.
class Mischief final {
public:
    struct Parts {
        Scheduler& scheduler;
        std::vector<std::unique_ptr<Counter>>& counters;
        SimHosts& hosts;
        SimDevd& devd;
        SimStore& store;
        Coverage& coverage;
        /// Kills the program that owns the operation, or any one.
        std::function<bool(const base::OperationId&)> kill_client;
    };
    Mischief(Parts parts, std::vector<PlannedTrouble> planned, std::int64_t network_percent,
             Chance chance);

    void begin();
    void calm();
    bool is_calm() const { return calm_; }

private:
    struct Waiting {
        PlannedTrouble planned;
        int to_come = 0;
    };
    void on_step(std::size_t device);
    void on_fired(std::size_t device);
    void make(Trouble trouble, std::size_t device);
    Cell cell_of(Trouble trouble, std::size_t device) const;
    std::int64_t arm_on_wire(Trouble trouble, Counter& at);
    std::int64_t arm_on_tcp(Trouble trouble, Counter& at);
    std::int64_t arm_quirk(Counter& at);
    /// What is at work there; a sale's step by a name of its own.
    std::string command_at(std::size_t device) const;
    std::optional<base::OperationId> doubt_about(const Counter& at) const;
    // Each returns whether it took effect.
    bool power_off(Counter& at);
    bool be_silent(Counter& at);
    bool answer_wrongly(Counter& at);
    bool cut_line(Counter& at);
    bool be_lazy(Counter& at);
    bool kill_host(Counter& at);
    bool stick_host(Counter& at);
    bool kill_core(Counter& at);
    bool stop_core(Counter& at);
    bool kill_owner(Counter& at);
    bool slow_the_store(Counter& at);
    bool fill_disk(Counter& at);
    bool swap(Counter& at);
    bool use_elsewhere(Counter& at);
    bool end_of_paper(Counter& at);
    bool age_shift(Counter& at);
    /// How many points a process lives on.
    std::uint32_t points();
    /// Takes something back later, or at calm() if that is earlier.
    void undo_after(os::Duration delay, std::function<void()> undo);

    Parts parts_;
    Chance chance_;
    std::vector<Waiting> waiting_;
    std::vector<std::deque<Trouble>> armed_;  ///< on each device's wire, oldest first
    std::vector<std::function<void()>> undo_;
    std::int64_t network_percent_;
    std::int64_t elsewhere_ = 0;
    bool calm_ = false;
    bool at_once_ = false;  ///< of the trouble that is being made
};

}  // namespace tillhost::simulation
