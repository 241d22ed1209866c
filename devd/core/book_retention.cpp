// What the book forgets, and when.
#include <algorithm>

#include "devd/core/operation_book.h"

namespace tillhost::devd::core {

void OperationBook::drop_step(const base::OperationId& sale, std::uint64_t sequence) {
    const auto steps = steps_.find(sale);
    INVARIANT(steps != steps_.end());
    steps->second.erase(sequence);
    if (steps->second.empty()) {
        steps_.erase(steps);
    }
}

void OperationBook::forget(const std::vector<base::OperationId>& ids) {
    if (ids.empty()) {
        return;
    }
    BookChange change;
    for (const base::OperationId& id : ids) {
        // Only as far as needed: a wall clock that jumps far ahead must not close the book.
        watermark_ms_ = std::max(watermark_ms_, id.unix_ms() + 1);
        const Entry& old = known(id);
        unindex(old);
        if (old.row.parent) {
            drop_step(*old.row.parent, old.row.sequence);
        }
        entries_.erase(id);
    }
    change.forget = ids;
    change.retention_watermark_ms = watermark_ms_;
    put(std::move(change));
}

void OperationBook::forget_settled_before(std::int64_t settled_before_ms) {
    std::vector<base::OperationId> old;
    for (const auto& [sequence, entry] : by_sequence_) {
        const OperationRow& row = entry->row;
        if (is_final(row.state) && row.acknowledged && row.settled_at_ms < settled_before_ms &&
            static_cast<std::int64_t>(row.id.unix_ms()) < settled_before_ms) {
            old.push_back(row.id);
        }
    }
    forget(old);
}

void OperationBook::shrink_to(std::size_t rows_max) {
    std::vector<base::OperationId> oldest;
    // An id from the future would take the watermark there, and nothing could be sold until then.
    const auto now_ms = static_cast<std::uint64_t>(clock_.unix_ms());
    for (const auto& [sequence, entry] : by_sequence_) {
        if (entries_.size() - oldest.size() <= rows_max) {
            break;
        }
        if (is_final(entry->row.state) && entry->row.acknowledged &&
            entry->row.id.unix_ms() <= now_ms) {
            oldest.push_back(entry->row.id);
        }
    }
    forget(oldest);
}

}  // namespace tillhost::devd::core
