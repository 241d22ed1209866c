#include "tests/simulation/counter.h"

namespace tillhost::simulation {

Counter::Counter(Scheduler& scheduler, Findings& findings, const PlannedDevice& planned,
                 std::array<std::string, 2> serials, LineOptions line, std::uint64_t seed)
    : scheduler_(scheduler),
      findings_(findings),
      planned_(planned),
      serials_(std::move(serials)),
      watch_(planned.driver),
      line_(scheduler, findings, watch_, std::move(line), Chance(seed, 2)) {}

void Counter::claim_foreign(std::size_t which, std::size_t from) {
    for (std::size_t i = from; i < memory_size(which); ++i) {
        foreign_.emplace(which, i);
    }
}

base::Done Counter::use_by_others(simulators::Simulator& device, std::int64_t total_minor,
                                  std::int64_t count) const {
    simulators::Fault fault;
    fault.kind = simulators::FaultKind::other_master;
    fault.total = kElsewhereTotalMinor + total_minor;
    fault.count = count;
    return device.inject(fault, scheduler_.now());
}

bool Counter::use_elsewhere(std::int64_t total_minor, std::int64_t count) {
    const std::size_t before = memory_size(at_line_);
    simulators::Fault fault;
    fault.kind = simulators::FaultKind::other_master;
    fault.total = kElsewhereTotalMinor + total_minor;
    fault.count = count;
    if (!line_.inject(fault)) {
        return false;
    }
    used_elsewhere_ = true;
    claim_foreign(at_line_, before);
    return true;
}

void Counter::swap_in_spare(std::int64_t behind, bool with_open_document) {
    if (sim(1) == nullptr) {
        make_spare();
        claim_foreign(1, 0);
    }
    age_spare(behind, with_open_document);
    at_line_ = 1;
    line_.attach(*sim(1));
}

void Counter::swap_back(std::optional<base::OperationId> /*doubt*/) {
    if (swapped()) {
        at_line_ = 0;
        line_.attach(*sim(0));
    }
}

void Counter::power_on() {
    line_.power(true);
    for (const std::size_t which : {std::size_t{0}, std::size_t{1}}) {
        if (sim(which) != nullptr) {
            sim(which)->power(true, scheduler_.now());
        }
    }
}

}  // namespace tillhost::simulation
