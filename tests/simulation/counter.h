#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "tests/simulation/plan.h"
#include "tests/simulation/sim_line.h"
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

class CardTerminal;
class Registrar;

/// One place for a device: its line, the device that stands there, and a second one of the same
/// kind that may stand there for a while (the first is in the van). Each has a memory of its own.
class Counter {
public:
    virtual ~Counter() = default;
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;

    const std::string& id() const { return planned_.id; }
    const PlannedDevice& planned() const { return planned_; }
    /// By which the first device is known.
    const std::string& serial() const { return serials_[0]; }
    SimLine& line() { return line_; }
    Watch& watch() { return watch_; }
    const Watch& watch() const { return watch_; }

    /// Somebody else uses the device, with another program or by its own keys. False if it cannot
    /// be used now.
    virtual bool use_elsewhere(std::int64_t total_minor, std::int64_t count);
    /// The spare one stands at the line, with as many documents as the other less `behind`, and
    /// (where the family has such) an open one that another program has begun.
    void swap_in_spare(std::int64_t behind, bool with_open_document);
    /// From here on what stands open at the spare one has to stay as long as `doubt` is in doubt:
    /// it is not its device.
    virtual void guard_spare(std::optional<base::OperationId> /*doubt*/) {}
    virtual void swap_back(std::optional<base::OperationId> doubt);
    /// Both of them.
    void power_on();
    bool swapped() const { return at_line_ != 0; }

    bool was_used_elsewhere() const { return used_elsewhere_; }
    /// A fault that can make the device throw away its pending answer has hit this line.
    bool pending_answer_safe() const { return pending_answer_safe_; }
    void note_unsafe_answer() { pending_answer_safe_ = false; }

    /// Itself, if it is one.
    virtual const Registrar* registrar() const { return nullptr; }
    virtual const CardTerminal* terminal() const { return nullptr; }

protected:
    Counter(Scheduler& scheduler, Findings& findings, const PlannedDevice& planned,
            std::array<std::string, 2> serials, LineOptions line, std::uint64_t seed);

    /// The first device or the spare one; null while there is no spare one.
    virtual simulators::Simulator* sim(std::size_t which) const = 0;
    virtual std::size_t memory_size(std::size_t which) const = 0;
    virtual void make_spare() = 0;
    /// The spare one has been used as often as the first, less `behind`.
    virtual void age_spare(std::int64_t behind, bool with_open_document) = 0;
    /// What stands in that memory from `from` on is none of ours.
    void claim_foreign(std::size_t which, std::size_t from);
    bool is_foreign(std::size_t which, std::size_t place) const {
        return foreign_.contains({which, place});
    }
    base::Done use_by_others(simulators::Simulator& device, std::int64_t total_minor,
                             std::int64_t count) const;

    Scheduler& scheduler_;
    Findings& findings_;
    const PlannedDevice planned_;
    const std::array<std::string, 2> serials_;
    std::size_t at_line_ = 0;

private:
    std::set<std::pair<std::size_t, std::size_t>> foreign_;  ///< memory, place in it
    bool used_elsewhere_ = false;
    bool pending_answer_safe_ = true;
    Watch watch_;
    SimLine line_;
};

/// What others sell begins above this.
inline constexpr std::int64_t kElsewhereTotalMinor = 900'000'000;

}  // namespace tillhost::simulation
