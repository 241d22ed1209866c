#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devd/core/operation_book.h"
#include "devd/core/shift_policy.h"
#include "hal/os/clock.h"

namespace tillhost::devd::core {

/// The client's name of devd's own operations; no program may use it.
inline constexpr std::string_view kOwnClient = "devd";
/// After a closing that failed (no paper) the next is tried so much later, so often a day.
inline constexpr os::Duration kCloseRetry = std::chrono::minutes(10);
inline constexpr int kCloseTriesMax = 6;
/// The wall clock may jump, so the time of closing is looked at so often.
inline constexpr os::Duration kShiftLook = std::chrono::minutes(1);

/// What a keeper needs of its surroundings.
struct ShiftKeeperParts {
    OperationBook& book;
    const os::Clock& clock;
    const std::function<std::uint64_t()>& random;
    /// Seconds that local time is ahead of UTC at that Unix time in ms; empty = UTC.
    const std::function<std::int64_t(std::int64_t)>& utc_offset_s;
};

/// Keeps one registrar's shift by its policy: makes devd's own operations and puts them into the
/// book like anybody's, so that a restart neither repeats nor forgets them. Each closing carries
/// the day it was due in its sale_ref ("close 2026-11-25"); a day that stands in the book, or one
/// before it, is never due again, wherever the wall clock jumps. And only a shift that was open
/// when the time passed is closed: how long it has been open is measured by the monotonic clock.
///
/// Called by the device's lane, which starts what is in the book. Only facts make it act: the last
/// status of the device, and shifts that the book knows to have been opened or closed since.
class ShiftKeeper final {
public:
    using Entry = OperationBook::Entry;

    ShiftKeeper(std::string device, const ShiftPolicy& policy, const ShiftKeeperParts& parts);

    /// What the device said of itself.
    void saw(const contract::FiscalStatus& status);
    /// An operation of the device, anybody's, has come into another state.
    void moved(const OperationRow& row);

    /// Ends what is no longer wanted of its own that waits, and acknowledges what is final. Before
    /// the lane looks for work.
    void tidy();
    /// `next` is about to begin: what has to begin in its place, nullptr if nothing.
    const Entry* before(const Entry& next);
    /// Nothing waits and nothing is in doubt: the closing if it is due, else nullptr.
    const Entry* at_leisure();

    /// How long the shift has been open; nothing while it is closed or not known.
    std::optional<os::Duration> open_for() const;
    bool is_expired() const { return expired_; }
    /// Open longer than the policy's reminder.
    bool reminds() const;
    /// The closing was tried kCloseTriesMax times today and failed.
    bool gave_up_closing() const { return open_ == true && close_tries_ >= kCloseTriesMax; }
    /// Whether the lane is to look for work each kShiftLook.
    bool watches_time() const { return policy_.close_at_minute.has_value(); }

private:
    void read_book();
    void note_closing(const OperationRow& row);
    bool has_open_closing() const;
    void set_open(bool open, std::int64_t opened_at_ms);
    const Entry* hand_over(contract::Command command, std::string sale_ref);
    const Entry* waiting_own_open() const;
    std::int64_t local_s(std::int64_t unix_ms) const;
    std::int64_t last_target_day() const;
    std::optional<std::int64_t> due_day() const;

    const std::string device_;
    const ShiftPolicy policy_;
    const ShiftKeeperParts parts_;

    std::optional<bool> open_;  ///< nothing until the device has spoken
    bool expired_ = false;
    std::int64_t shift_number_ = 0;
    std::optional<os::Instant> opened_at_;         ///< at the latest
    std::int64_t book_opened_at_ms_ = 0;           ///< last opening that the book knows
    std::int64_t book_opened_number_ = -1;         ///< and the number of its shift
    std::optional<std::int64_t> last_closed_day_;  ///< days since 1970-01-01, local
    std::optional<std::uint64_t> opened_for_;      ///< sequence of the receipt it was tried for
    std::vector<base::OperationId> own_;           ///< its operations not acknowledged yet
    int close_tries_ = 0;
    std::optional<std::int64_t> close_tries_day_;
    std::optional<os::Instant> close_after_;
};

}  // namespace tillhost::devd::core
