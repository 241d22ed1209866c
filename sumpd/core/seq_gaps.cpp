#include "sumpd/core/seq_gaps.h"

namespace tillhost::sumpd::core {

GapChange with_seq(std::int64_t last, const std::optional<exchange::SeqRange>& around,
                   std::int64_t seq) {
    GapChange change{.last = last};
    if (seq > last) {
        if (seq > last + 1) {
            change.added.push_back({last + 1, seq - 1});
        }
        change.last = seq;
        return change;
    }
    if (!around) {
        return change;
    }
    change.removed = around;
    if (around->from < seq) {
        change.added.push_back({around->from, seq - 1});
    }
    if (seq < around->to) {
        change.added.push_back({seq + 1, around->to});
    }
    return change;
}

}  // namespace tillhost::sumpd::core
