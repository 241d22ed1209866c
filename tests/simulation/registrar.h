#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulators/core/fiscal_control.h"
#include "tests/simulation/counter.h"

namespace tillhost::simulation {

/// A document in the memory of one of a counter's registrars.
struct Paper {
    std::string serial;
    const simulators::FiscalDocument* document = nullptr;
};

/// A place for a fiscal registrar.
class Registrar final : public Counter {
public:
    Registrar(Scheduler& scheduler, Findings& findings, const PlannedDevice& planned,
              std::uint64_t seed, bool exclusive);

    bool use_elsewhere(std::int64_t total_minor, std::int64_t count) override;
    void guard_spare(std::optional<base::OperationId> doubt) override;
    void swap_back(std::optional<base::OperationId> doubt) override;
    const Registrar* registrar() const override { return this; }

    /// Every document that tillhost must have asked for, of both memories.
    std::vector<Paper> papers() const;

private:
    static std::unique_ptr<simulators::FiscalSimulator> make(const PlannedDevice& planned,
                                                             const std::string& serial,
                                                             std::uint64_t seed);
    simulators::Simulator* sim(std::size_t which) const override { return sims_[which].get(); }
    std::size_t memory_size(std::size_t which) const override {
        return sims_[which]->documents().size();
    }
    void make_spare() override;
    void age_spare(std::int64_t behind, bool with_open_document) override;

    std::array<std::unique_ptr<simulators::FiscalSimulator>, 2> sims_;
    std::optional<base::OperationId> guarded_for_;
};

}  // namespace tillhost::simulation
