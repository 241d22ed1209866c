#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "simulators/core/terminal_control.h"
#include "tests/simulation/counter.h"

namespace tillhost::simulation {

/// A transaction in the memory of one of a counter's card terminals.
struct CardPaper {
    std::string serial;
    const simulators::CardTransaction* transaction = nullptr;
    /// Money moved, whether or not it was taken back later by a reversal of its own.
    bool stands() const {
        return transaction->state == simulators::CardTransactionState::stored ||
               transaction->state == simulators::CardTransactionState::reversed;
    }
};

/// A place for a card terminal.
class CardTerminal final : public Counter {
public:
    CardTerminal(Scheduler& scheduler, Findings& findings, const PlannedDevice& planned,
                 std::uint64_t seed, bool exclusive);

    bool use_elsewhere(std::int64_t total_minor, std::int64_t count) override;
    const CardTerminal* terminal() const override { return this; }

    /// Every transaction that tillhost must have asked for, of both memories, those among them that
    /// a terminal took back by itself.
    std::vector<CardPaper> papers() const;
    /// No terminal has anything under way: their paper is the whole truth. Time passes in the van
    /// too.
    bool at_rest() const;
    /// Whether the terminal keeps no payment whose receipts it could not hand over.
    bool hands_over_receipts() const;

private:
    static std::unique_ptr<simulators::TerminalSimulator> make(const PlannedDevice& planned,
                                                               const std::string& serial,
                                                               std::uint64_t seed);
    simulators::Simulator* sim(std::size_t which) const override { return sims_[which].get(); }
    std::size_t memory_size(std::size_t which) const override {
        return sims_[which]->transactions().size();
    }
    void make_spare() override;
    void age_spare(std::int64_t behind, bool with_open_document) override;

    std::array<std::unique_ptr<simulators::TerminalSimulator>, 2> sims_;
};

}  // namespace tillhost::simulation
