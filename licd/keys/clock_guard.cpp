#include "licd/keys/clock_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "licd/keys/fields.h"
#include "licd/keys/instant.h"

namespace tillhost::licd::keys {
namespace {

constexpr std::int64_t kInstantMaxS = 253'402'300'799;  // the year 9999
constexpr std::int64_t kSecondsAnHour = 3600;

}  // namespace

std::string ClockState::text() const {
    return FieldWriter("C")
        .put("floor", floor_s)
        .put("seen", seen_s)
        .put("confirmed", seen_confirmed ? 1 : 0)
        .put("wall", wall_s)
        .put("soft", soft_run_s)
        .put("suspect", suspect_run_s)
        .put("good", good_run_s)
        .text();
}

base::Result<ClockState> ClockState::read(std::string_view text) {
    const Fields fields = TRY(Fields::read(text, 1));
    ClockState state;
    state.floor_s = TRY(fields.need_number("floor", 0, kInstantMaxS));
    state.seen_s = TRY(fields.need_number("seen", 0, kInstantMaxS));
    state.seen_confirmed = TRY(fields.need_number("confirmed", 0, 1)) == 1;
    state.wall_s = TRY(fields.need_number("wall", 0, kInstantMaxS));
    state.soft_run_s = TRY(fields.need_number("soft", 0, kInstantMaxS));
    state.suspect_run_s = TRY(fields.need_number("suspect", 0, kInstantMaxS));
    state.good_run_s = TRY(fields.need_number("good", 0, kInstantMaxS));
    if (fields.tag() != "C") {
        return fields.fault("the state of a clock begins with C");
    }
    return state;
}

ClockGuard::ClockGuard(const ClockState& state, std::int64_t wall_s) : state_(state) {
    const bool is_first = state_.wall_s == 0;
    see(wall_s, is_first ? std::numeric_limits<std::int64_t>::max() : kOffMaxS);
}

void ClockGuard::see(std::int64_t wall_s, std::int64_t step_max_s) {
    state_.wall_s = std::clamp<std::int64_t>(wall_s, 0, kInstantMaxS);
    if (state_.wall_s <= state_.seen_s) {
        return;
    }
    // Against `seen` and not the last wall: a clock that jumped stays unconfirmed however slowly
    // it goes on from there.
    state_.seen_confirmed &= state_.wall_s - state_.seen_s <= step_max_s;
    state_.seen_s = state_.wall_s;
}

void ClockGuard::count(std::int64_t elapsed_s) {
    if (!is_hard() && !is_soft()) {
        state_.good_run_s = std::min(state_.good_run_s + elapsed_s, kForgetS);
        if (state_.good_run_s >= kForgetS) {
            state_.soft_run_s = 0;
            state_.suspect_run_s = 0;
        }
        return;
    }
    state_.good_run_s = 0;
    if (is_suspect()) {
        state_.suspect_run_s = std::min(state_.suspect_run_s + elapsed_s, kSuspectGraceS);
    } else {
        state_.soft_run_s = std::min(state_.soft_run_s + elapsed_s, kSoftGraceS);
    }
}

void ClockGuard::step(std::int64_t wall_s, std::int64_t elapsed_s) {
    const std::int64_t elapsed = std::clamp<std::int64_t>(elapsed_s, 0, kInstantMaxS);
    state_.floor_s = std::min(state_.floor_s + elapsed, kInstantMaxS);
    see(wall_s, elapsed + kJumpS);
    count(elapsed);
}

void ClockGuard::prove_at_least(std::int64_t instant_s) {
    state_.floor_s = std::clamp(instant_s, state_.floor_s, std::max(state_.floor_s, kInstantMaxS));
}

void ClockGuard::prove_now(std::int64_t instant_s) {
    prove_at_least(instant_s);
    state_.seen_s = state_.floor_s;
    state_.seen_confirmed = true;
    state_.soft_run_s = 0;
    state_.suspect_run_s = 0;
}

bool ClockGuard::is_suspect() const {
    return is_hard() || (is_soft() && state_.soft_run_s >= kSoftGraceS);
}

ClockCondition ClockGuard::condition() const {
    if (is_suspect()) {
        return state_.suspect_run_s >= kSuspectGraceS ? ClockCondition::stopped
                                                      : ClockCondition::suspect;
    }
    return is_soft() ? ClockCondition::warned : ClockCondition::good;
}

std::int64_t ClockGuard::left_s() const {
    switch (condition()) {
        case ClockCondition::good:
        case ClockCondition::stopped: return 0;
        case ClockCondition::warned: return kSoftGraceS - state_.soft_run_s;
        case ClockCondition::suspect: return kSuspectGraceS - state_.suspect_run_s;
    }
    return 0;
}

bool ClockGuard::is_past(std::int64_t instant_s) const {
    return state_.wall_s >= instant_s || state_.floor_s >= instant_s;
}

std::string ClockGuard::told() const {
    const ClockCondition now = condition();
    if (now == ClockCondition::good) {
        return "";
    }
    const std::int64_t right_s = is_hard() ? state_.floor_s : state_.seen_s;
    std::string text = fmt::format("the clock says {}, and it was {} already",
                                   instant_to_text(state_.wall_s), instant_to_text(right_s));
    if (!is_hard() && !state_.seen_confirmed) {
        text += " (perhaps by a clock that was ahead: a fresh file of the vendor puts that right)";
    }
    if (now == ClockCondition::stopped) {
        return text + ": licences with a last day are stopped until the clock is set";
    }
    return text +
           fmt::format(": set the clock within {} hours",
                       (left_s() + kSecondsAnHour - 1) / kSecondsAnHour +
                           (now == ClockCondition::warned ? kSuspectGraceS / kSecondsAnHour : 0));
}

}  // namespace tillhost::licd::keys
