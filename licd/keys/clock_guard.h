#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace tillhost::licd::keys {

/// What is kept of a clock over restarts. All instants are Unix seconds, all spans running time.
struct ClockState {
    std::int64_t floor_s = 0;     ///< surely not earlier than this: proven, plus running time since
    std::int64_t seen_s = 0;      ///< the largest wall time ever observed
    bool seen_confirmed = true;   ///< it was not reached by a jump
    std::int64_t wall_s = 0;      ///< as last observed; 0: never
    std::int64_t soft_run_s = 0;  ///< running time with the wall behind `seen`
    std::int64_t suspect_run_s = 0;  ///< running time under suspicion
    std::int64_t good_run_s = 0;     ///< running time since all was well again

    std::string text() const;
    /// Errors: key_damaged.
    static base::Result<ClockState> read(std::string_view text);
    friend bool operator==(const ClockState&, const ClockState&) = default;
};

enum class ClockCondition : std::uint8_t {
    good,
    warned,   ///< the wall is more than a day behind what was seen; suspect after a day of it
    suspect,  ///< licences with a last day work for 72 hours more
    stopped,  ///< those are over; licences without a last day are not touched
};

/// Keeps a wrong clock from stretching a licence and from ending one. Three values: `wall`, which
/// anybody can set; `floor`, which only grows, by proofs and by running time; `seen`, which only
/// warns. A jump forward never moves the floor, so that a clock that once stood in 2045 ends
/// nothing for good. Pure: it is handed the time, and its state outlives a restart as text.
///
/// Beyond 30 days of being switched off a step forward counts as a jump too. The rules:
///   suspect at once      wall < floor - 5 minutes
///   warned, then suspect wall < seen - 24 hours, after 24 hours of it
///   stopped              72 hours of running under suspicion
/// The condition is good again as soon as the wall is; the hours used up are forgotten after 24
/// hours of good running, or by prove_now(). Else a clock could be set right for a second each
/// third day. A day that is past stays past meanwhile, by the floor.
class ClockGuard final {
public:
    static constexpr std::int64_t kHardSlackS = 5 * 60;
    static constexpr std::int64_t kSoftSlackS = 24 * 3600;
    static constexpr std::int64_t kSoftGraceS = 24 * 3600;
    static constexpr std::int64_t kSuspectGraceS = 72 * 3600;
    static constexpr std::int64_t kForgetS = 24 * 3600;
    static constexpr std::int64_t kJumpS = 15 * 60;          ///< while running
    static constexpr std::int64_t kOffMaxS = 30 * 86'400LL;  ///< while switched off

    /// After a start: how long the machine was off is not known.
    ClockGuard(const ClockState& state, std::int64_t wall_s);

    /// The wall clock, and the running time (boot-time clock) since the last call; at least once a
    /// minute.
    void step(std::int64_t wall_s, std::int64_t elapsed_s);
    /// Something signed says that it is not earlier: a key or a list was issued then.
    void prove_at_least(std::int64_t instant_s);
    /// Something signed and fresh says that it is now that time. Heals what a jump left behind.
    void prove_now(std::int64_t instant_s);

    ClockCondition condition() const;
    /// Running time until the next worse condition; 0 if good or stopped.
    std::int64_t left_s() const;
    /// Whether an instant is past by the wall or by the floor.
    bool is_past(std::int64_t instant_s) const;
    /// For an administrator; empty if good.
    std::string told() const;

    const ClockState& state() const { return state_; }

private:
    void see(std::int64_t wall_s, std::int64_t step_max_s);
    void count(std::int64_t elapsed_s);
    bool is_hard() const { return state_.wall_s < state_.floor_s - kHardSlackS; }
    bool is_soft() const { return state_.wall_s < state_.seen_s - kSoftSlackS; }
    bool is_suspect() const;

    ClockState state_;
};

}  // namespace tillhost::licd::keys
