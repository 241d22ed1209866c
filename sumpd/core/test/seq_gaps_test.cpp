// Claim: the gaps of a device are exactly the numbers below its highest one that did not come.
// Shown against a set of all numbers, for numbers in random orders, with repeats.
#include "sumpd/core/seq_gaps.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace tillhost::sumpd::core {
namespace {

using Gaps = std::map<std::int64_t, std::int64_t>;

std::optional<exchange::SeqRange> around(const Gaps& gaps, std::int64_t seq) {
    for (const auto& [from, to] : gaps) {
        if (from <= seq && seq <= to) {
            return exchange::SeqRange{from, to};
        }
    }
    return std::nullopt;
}

Gaps missing_of(const std::set<std::int64_t>& seen) {
    Gaps gaps;
    std::int64_t next = 1;
    for (const std::int64_t seq : seen) {
        if (seq > next) {
            gaps[next] = seq - 1;
        }
        next = seq + 1;
    }
    return gaps;
}

TEST(SeqGaps, AreTheNumbersThatDidNotCome) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        std::mt19937 random(seed);
        Gaps gaps;
        std::set<std::int64_t> seen;
        std::int64_t last = 0;
        for (int round = 0; round < 200; ++round) {
            const std::int64_t seq = 1 + static_cast<std::int64_t>(random() % 100);
            const GapChange change = with_seq(last, around(gaps, seq), seq);
            if (change.removed) {
                ASSERT_EQ(gaps.erase(change.removed->from), 1U);
            }
            for (const exchange::SeqRange& range : change.added) {
                gaps[range.from] = range.to;
            }
            last = change.last;
            seen.insert(seq);
            ASSERT_EQ(gaps, missing_of(seen)) << "seed=" << seed << " round=" << round;
            ASSERT_EQ(last, *seen.rbegin());
        }
    }
}

}  // namespace
}  // namespace tillhost::sumpd::core
