#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::core {

/// What becomes of the numbers that a device's documents lack when one more is there.
struct GapChange {
    std::optional<exchange::SeqRange> removed{};  ///< the gap that the number lay in
    std::vector<exchange::SeqRange> added{};      ///< at most two
    std::int64_t last = 0;                        ///< the highest number now
    friend bool operator==(const GapChange&, const GapChange&) = default;
};

/// `last` is the highest number so far (0: none), `around` the gap that holds `seq`, if one does.
GapChange with_seq(std::int64_t last, const std::optional<exchange::SeqRange>& around,
                   std::int64_t seq);

}  // namespace tillhost::sumpd::core
