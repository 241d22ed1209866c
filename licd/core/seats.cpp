#include "licd/core/seats.h"

#include "hal/base/invariant.h"

namespace tillhost::licd::core {

std::optional<std::int64_t> Seats::of(const std::string& share) const {
    const auto found = by_share_.find(share);
    return found == by_share_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::int64_t> Seats::free(std::int64_t count) const {
    if (taken_.size() >= static_cast<std::size_t>(count)) {
        return std::nullopt;  // a key may have come to give fewer
    }
    const std::int64_t smallest = gaps_.empty() ? next_ : *gaps_.begin();
    return smallest <= count ? std::optional(smallest) : std::nullopt;
}

const Seats::Seat& Seats::take(std::int64_t seat, const std::string& share,
                               std::uint64_t generation) {
    Seat& at = taken_[seat];
    leaving_ -= at.leases > 0 && at.leases == at.taken_away ? 1 : 0;
    if (at.leases == 0) {
        at.share = share;
        at.generation = generation;
        gaps_.erase(seat);
        for (; next_ <= seat; ++next_) {
            if (next_ != seat) {
                gaps_.insert(next_);
            }
        }
    }
    INVARIANT(at.share == share);
    by_share_.insert_or_assign(share, seat);
    ++at.leases;
    return at;
}

void Seats::take_away(std::int64_t seat) {
    Seat& at = taken_.at(seat);
    ++at.taken_away;
    INVARIANT(at.taken_away <= at.leases);
    leaving_ += at.taken_away == at.leases ? 1 : 0;
    const auto shared = by_share_.find(at.share);
    if (at.taken_away == at.leases && shared != by_share_.end() && shared->second == seat) {
        by_share_.erase(shared);
    }
}

bool Seats::leave(std::int64_t seat, bool was_taken_away) {
    Seat& at = taken_.at(seat);
    INVARIANT(at.leases > 0);
    const bool was_leaving = at.leases == at.taken_away;
    --at.leases;
    at.taken_away -= was_taken_away ? 1 : 0;
    const bool is_leaving = at.leases > 0 && at.leases == at.taken_away;
    leaving_ += is_leaving && !was_leaving ? 1 : 0;
    leaving_ -= was_leaving && !is_leaving ? 1 : 0;
    if (at.leases == at.taken_away) {
        const auto shared = by_share_.find(at.share);
        if (shared != by_share_.end() && shared->second == seat) {
            by_share_.erase(shared);
        }
    }
    if (at.leases > 0) {
        return false;
    }
    taken_.erase(seat);
    gaps_.insert(seat);
    return true;
}

}  // namespace tillhost::licd::core
