#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "simulators/core/fiscal_control.h"
#include "tests/simulation/plan.h"
#include "tests/simulation/sim_line.h"
#include "tests/simulation/watch.h"

namespace tillhost::simulation {

/// A document in the memory of one of a counter's registrars.
struct Paper {
    std::string serial;
    const simulators::FiscalDocument* document = nullptr;
};

/// One counter: its line, the registrar that stands there, and a second one of the same kind that
/// may stand there for a while (the first is in the van). Each has a memory of its own.
class Registrar final {
public:
    Registrar(Scheduler& scheduler, Findings& findings, const PlannedDevice& planned,
              std::uint64_t seed, bool exclusive);

    const std::string& id() const { return planned_.id; }
    const PlannedDevice& planned() const { return planned_; }
    const std::string& serial() const { return serials_[0]; }
    SimLine& line() { return line_; }
    Watch& watch() { return watch_; }

    /// Somebody else registers documents with another program.
    bool use_elsewhere(std::int64_t total_minor, std::int64_t count);
    /// The spare one stands at the line, with as many documents as the other less `behind`, and
    /// (where the family has such) an open one that another program has begun.
    void swap_in_spare(std::int64_t behind, bool with_open_document);
    /// From here on the spare one's open document has to stay as long as `doubt` is in doubt: it
    /// is not its device.
    void guard_spare(std::optional<base::OperationId> doubt);
    void swap_back(std::optional<base::OperationId> doubt);
    /// Both of them.
    void power_on();
    bool swapped() const { return at_line_ != 0; }

    /// Every document that tillhost must have asked for, of both memories.
    std::vector<Paper> papers() const;
    bool was_used_elsewhere() const { return used_elsewhere_; }
    /// A fault that can make the device throw away its pending answer has hit this line.
    bool pending_answer_safe() const { return pending_answer_safe_; }
    void note_unsafe_answer() { pending_answer_safe_ = false; }

private:
    static std::unique_ptr<simulators::FiscalSimulator> make(const PlannedDevice& planned,
                                                             const std::string& serial,
                                                             std::uint64_t seed);
    simulators::FiscalSimulator& present() { return *sims_[at_line_]; }
    void claim_foreign(std::size_t sim, std::size_t from);

    Scheduler& scheduler_;
    Findings& findings_;
    const PlannedDevice planned_;
    std::array<std::string, 2> serials_;
    std::array<std::unique_ptr<simulators::FiscalSimulator>, 2> sims_;
    std::size_t at_line_ = 0;
    std::set<std::pair<std::size_t, std::size_t>> foreign_;  ///< memory, place in it
    std::optional<base::OperationId> guarded_for_;
    bool used_elsewhere_ = false;
    bool pending_answer_safe_ = true;
    Watch watch_;
    SimLine line_;
};

}  // namespace tillhost::simulation
