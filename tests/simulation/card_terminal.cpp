#include "tests/simulation/card_terminal.h"

#include <algorithm>

#include "simulators/payment/zvt/terminal.h"

namespace tillhost::simulation {
namespace {

constexpr std::size_t kSpareTransactionsMax = 50;

std::array<std::string, 2> serials_of(const PlannedDevice& planned) {
    const std::string number = planned.id.substr(planned.id.size() - 1);
    return {"2800486" + number, "2900486" + number};
}

}  // namespace

std::unique_ptr<simulators::TerminalSimulator> CardTerminal::make(const PlannedDevice& planned,
                                                                  const std::string& serial,
                                                                  std::uint64_t seed) {
    using simulators::zvt::Busy;
    using simulators::zvt::Policy;
    simulators::zvt::ZvtOptions options;
    options.seed = seed;
    options.clock_ms_at_zero = SimClock::kUnixMsAtZero;
    options.terminal_id = serial;
    options.currency = 643;  // that of the receipts
    options.tcp = planned.link == "tcp";
    options.policy = planned.card.policy == CardPolicy::keep      ? Policy::keep
                     : planned.card.policy == CardPolicy::decline ? Policy::decline
                                                                  : Policy::reverse;
    options.sync_ids = planned.card.tells_ids;
    options.busy = planned.card.busy == 0   ? Busy::ignore
                   : planned.card.busy == 1 ? Busy::wait
                                            : Busy::refuse;
    options.idle_time = planned.card.idle_time;
    options.reversal_time = planned.card.reversal_time;
    return std::move(simulators::zvt::make_zvt_terminal(options).value());
}

CardTerminal::CardTerminal(Scheduler& scheduler, Findings& findings, const PlannedDevice& planned,
                           std::uint64_t seed, bool exclusive)
    : Counter(scheduler, findings, planned, serials_of(planned),
              {.device = planned.id,
               .late_bytes_max = planned.late_bytes_max,
               .exclusive = exclusive,
               .tcp = planned.link == "tcp"},
              seed) {
    sims_[0] = make(planned_, serials_[0], seed);
    line().attach(*sims_[0]);
}

void CardTerminal::make_spare() { sims_[1] = make(planned_, serials_[1], 77); }

void CardTerminal::age_spare(std::int64_t behind, bool /*with_open_document*/) {
    const auto less = static_cast<std::size_t>(behind);
    const std::size_t before = memory_size(1);
    const std::size_t wanted = std::min(memory_size(0), before + kSpareTransactionsMax);
    while (memory_size(1) + less < wanted && use_by_others(*sims_[1], 0, 1)) {
    }
    claim_foreign(1, before);
}

std::vector<CardPaper> CardTerminal::papers() const {
    std::vector<CardPaper> papers;
    for (std::size_t sim = 0; sim < sims_.size(); ++sim) {
        for (std::size_t i = 0; sims_[sim] && i < sims_[sim]->transactions().size(); ++i) {
            if (!is_foreign(sim, i)) {
                papers.push_back({serials_[sim], &sims_[sim]->transactions()[i]});
            }
        }
    }
    return papers;
}

bool CardTerminal::use_elsewhere(std::int64_t total_minor, std::int64_t count) {
    sims_[at_line_]->advance(scheduler_.now());  // what is ours is in its memory before
    return Counter::use_elsewhere(total_minor, count);
}

bool CardTerminal::at_rest() const {
    for (std::size_t which = 0; which < sims_.size(); ++which) {
        if (!sims_[which]) {
            continue;
        }
        if (which != at_line_) {
            sims_[which]->advance(scheduler_.now());
        }
        const simulators::TerminalState state = sims_[which]->terminal_state();
        if (!state.powered || state.pending || state.phase != "idle") {
            return false;
        }
    }
    return true;
}

bool CardTerminal::hands_over_receipts() const {
    return planned_.card.till_prints && planned_.card.policy != CardPolicy::keep;
}

}  // namespace tillhost::simulation
