#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace tillhost::licd::core {

/// The seats of one licence in one key: which are taken, by whom, and for the how manieth time.
///
/// A seat belongs to a share: an instance of a program, or a station. All leases of a share stand
/// on its seat; the seat is free when the last of them is gone.
class Seats final {
public:
    struct Seat {
        std::string share;
        std::uint64_t generation = 0;
        std::size_t leases = 0;  ///< held and taken away ones
        std::size_t taken_away = 0;
    };

    /// The seat that this share has already and may go on sharing.
    std::optional<std::int64_t> of(const std::string& share) const;
    /// The smallest free seat of `count`; nothing if so many are taken, whichever they are.
    std::optional<std::int64_t> free(std::int64_t count) const;

    /// A lease more on that seat. A free one becomes the share's, with a new generation.
    const Seat& take(std::int64_t seat, const std::string& share, std::uint64_t generation);
    /// One of its leases was taken away; the seat is not shared any more once all are.
    void take_away(std::int64_t seat);
    /// A lease less. True if the seat is free now.
    bool leave(std::int64_t seat, bool was_taken_away);

    std::size_t used() const { return taken_.size(); }
    /// Those that will be free as soon as their holders know that they were taken away.
    std::size_t leaving() const { return leaving_; }
    const std::map<std::int64_t, Seat>& taken() const { return taken_; }

private:
    std::map<std::int64_t, Seat> taken_;
    std::map<std::string, std::int64_t> by_share_;
    std::set<std::int64_t> gaps_;  ///< free ones below next_
    std::int64_t next_ = 1;        ///< this one and all above are free
    std::size_t leaving_ = 0;
};

}  // namespace tillhost::licd::core
