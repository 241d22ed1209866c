#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tests/simulation/chance.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/registrar.h"
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
        std::vector<std::unique_ptr<Registrar>>& registrars;
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
    std::int64_t arm_on_wire(Trouble trouble, Registrar& at);
    std::optional<base::OperationId> doubt_about(const Registrar& at) const;
    // Each returns whether it took effect.
    bool power_off(Registrar& at);
    bool be_silent(Registrar& at);
    bool answer_wrongly(Registrar& at);
    bool cut_line(Registrar& at);
    bool be_lazy(Registrar& at);
    bool kill_host(Registrar& at);
    bool stick_host(Registrar& at);
    bool kill_core(Registrar& at);
    bool stop_core(Registrar& at);
    bool kill_owner(Registrar& at);
    bool slow_the_store(Registrar& at);
    bool fill_disk(Registrar& at);
    bool swap(Registrar& at);
    bool use_elsewhere(Registrar& at);
    bool end_of_paper(Registrar& at);
    bool age_shift(Registrar& at);
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
};

}  // namespace tillhost::simulation
