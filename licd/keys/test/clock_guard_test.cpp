// Claim: a wrong clock neither stretches a licence nor ends one for good. Shown by the rules one by
// one at their bounds, and by random steps against what must hold after each of them.
#include "licd/keys/clock_guard.h"

#include <random>

#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

constexpr std::int64_t kHour = 3600;

ClockGuard started(std::int64_t wall_s = kNow) {
    ClockGuard guard({}, wall_s);
    guard.prove_at_least(kNow);
    return guard;
}

void run(ClockGuard& guard, std::int64_t wall_s, std::int64_t seconds) {
    guard.step(wall_s, 0);
    guard.step(wall_s + seconds, seconds);
}

TEST(ClockGuard, ARightClockIsGood) {
    ClockGuard guard = started();
    run(guard, kNow, 100 * kDay);
    EXPECT_EQ(guard.condition(), ClockCondition::good);
    EXPECT_EQ(guard.state().floor_s, kNow + 100 * kDay);
    EXPECT_TRUE(guard.state().seen_confirmed);
    EXPECT_EQ(guard.told(), "");
}

TEST(ClockGuard, FiveMinutesBeforeTheFloorAreBorneAndNotOneSecondMore) {
    ClockGuard guard = started();
    guard.step(kNow - 300, 0);
    EXPECT_EQ(guard.condition(), ClockCondition::good);
    guard.step(kNow - 301, 0);
    EXPECT_EQ(guard.condition(), ClockCondition::suspect);
    EXPECT_EQ(guard.left_s(), 72 * kHour);
    EXPECT_NE(guard.told().find("within 72 hours"), std::string::npos);
}

TEST(ClockGuard, UnderSuspicionDatedLicencesRunSeventyTwoHours) {
    ClockGuard guard = started();
    run(guard, kNow - 10 * kDay, 72 * kHour - 1);
    EXPECT_EQ(guard.condition(), ClockCondition::suspect);
    EXPECT_EQ(guard.left_s(), 1);
    run(guard, kNow - 10 * kDay, 1);
    EXPECT_EQ(guard.condition(), ClockCondition::stopped);
}

TEST(ClockGuard, ADayBehindWhatWasSeenWarnsADayAndThenIsSuspect) {
    ClockGuard guard = started();
    ClockGuard later(guard.state(), kNow + 20 * kDay);  // it was off: the floor stands still
    EXPECT_EQ(later.condition(), ClockCondition::good);
    later.step(kNow + 19 * kDay, 0);
    EXPECT_EQ(later.condition(), ClockCondition::good);
    later.step(kNow + 19 * kDay - 1, 0);
    EXPECT_EQ(later.condition(), ClockCondition::warned);
    run(later, kNow + kDay, 24 * kHour - 1);
    EXPECT_EQ(later.condition(), ClockCondition::warned);
    run(later, kNow + kDay, 1);
    EXPECT_EQ(later.condition(), ClockCondition::suspect);
    run(later, kNow + kDay, 72 * kHour);
    EXPECT_EQ(later.condition(), ClockCondition::stopped);
}

TEST(ClockGuard, AClockThatStoodInTheFutureEndsNothingForGood) {
    ClockGuard guard = started();
    guard.step(kNow + 7000 * kDay, 60);
    EXPECT_FALSE(guard.state().seen_confirmed);
    EXPECT_TRUE(guard.is_past(kNow + 365 * kDay));
    guard.step(kNow + 120, 60);
    EXPECT_EQ(guard.condition(), ClockCondition::warned);
    EXPECT_FALSE(guard.is_past(kNow + 365 * kDay));
    guard.prove_now(kNow + 120);
    EXPECT_EQ(guard.condition(), ClockCondition::good);
    guard.step(kNow + 180, 60);
    EXPECT_EQ(guard.condition(), ClockCondition::good);
    EXPECT_TRUE(guard.state().seen_confirmed);
}

TEST(ClockGuard, AJumpIsOneWhileRunningAndAfterThirtyDaysOff) {
    ClockGuard guard = started();
    guard.step(kNow + 60 + 15 * 60, 60);
    EXPECT_TRUE(guard.state().seen_confirmed);
    guard.step(guard.state().wall_s + 60 + 15 * 60 + 1, 60);
    EXPECT_FALSE(guard.state().seen_confirmed);
    const ClockState before = started().state();
    EXPECT_TRUE(ClockGuard(before, kNow + 30 * kDay).state().seen_confirmed);
    EXPECT_FALSE(ClockGuard(before, kNow + 30 * kDay + 1).state().seen_confirmed);
}

TEST(ClockGuard, ADayIsPastByRunningTimeWhateverTheWallSays) {
    ClockGuard guard = started();
    for (int day = 0; day < 10; ++day) {
        run(guard, kNow, kDay);
    }
    EXPECT_TRUE(guard.is_past(kNow + 10 * kDay));
    EXPECT_FALSE(guard.is_past(kNow + 10 * kDay + 1));
}

TEST(ClockGuard, SettingItRightForASecondBuysNothing) {
    ClockGuard guard = started();
    run(guard, kNow - 10 * kDay, 71 * kHour);
    guard.step(guard.state().floor_s, 1);
    EXPECT_EQ(guard.condition(), ClockCondition::good);
    run(guard, kNow - 10 * kDay, kHour);
    EXPECT_EQ(guard.condition(), ClockCondition::stopped);
    run(guard, guard.state().floor_s, 24 * kHour);
    run(guard, kNow - 10 * kDay, kHour);
    EXPECT_EQ(guard.condition(), ClockCondition::suspect);
    EXPECT_EQ(guard.left_s(), 71 * kHour);
}

TEST(ClockGuard, ItsStateOutlivesARestart) {
    ClockGuard guard = started();
    run(guard, kNow - 10 * kDay, 71 * kHour);
    const ClockState again = taken(ClockState::read(guard.state().text()));
    EXPECT_EQ(again, guard.state());
    ClockGuard restarted(again, kNow - 10 * kDay);
    run(restarted, kNow - 10 * kDay, kHour);
    EXPECT_EQ(restarted.condition(), ClockCondition::stopped);
    for (const char* wrong : {"", "C", "D floor=1", "C floor=-1"}) {
        EXPECT_FALSE(ClockState::read(wrong)) << wrong;
    }
}

/// The true time, and clocks that somebody turns.
class RandomClocks {
public:
    explicit RandomClocks(unsigned seed) : random_(seed) {}

    void step() {
        const ClockState before = guard_.state();
        const std::int64_t elapsed = pick(0, 2 * kHour);
        now_ += elapsed;
        ran_ += elapsed;
        switch (pick(0, 9)) {
            case 0: offset_ = pick(-400 * kDay, 400 * kDay); break;
            case 1: offset_ = 0; break;
            default: break;
        }
        guard_.step(now_ + offset_, elapsed);
        EXPECT_EQ(guard_.state().floor_s, before.floor_s + elapsed);
        check();
        switch (pick(0, 9)) {
            case 0: return restart();
            case 1: return prove();
            default: return;
        }
    }

private:
    std::int64_t pick(std::int64_t from, std::int64_t to) {
        return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
    }
    void restart() {
        now_ += pick(0, 60 * kDay);
        const ClockState before = taken(ClockState::read(guard_.state().text()));
        guard_ = ClockGuard(before, now_ + offset_);
        EXPECT_EQ(guard_.state().floor_s, before.floor_s);
        check();
    }
    void prove() {
        guard_.prove_now(now_);
        proven_ = now_;
        ran_ = 0;
        guard_.step(now_, 0);
        offset_ = 0;
        EXPECT_EQ(guard_.condition(), ClockCondition::good);
        check();
    }
    void check() const {
        const ClockState& state = guard_.state();
        EXPECT_LE(state.floor_s, now_) << "the floor is never later than the truth";
        EXPECT_GE(state.floor_s, proven_ + ran_) << "and never earlier than what is proven";
        EXPECT_GE(state.seen_s, state.wall_s);
        EXPECT_FALSE(guard_.is_past(std::max(state.floor_s, state.wall_s) + 1));
        EXPECT_TRUE(guard_.is_past(state.floor_s));
        EXPECT_LE(state.suspect_run_s, ClockGuard::kSuspectGraceS);
        const bool stopped = guard_.condition() == ClockCondition::stopped;
        EXPECT_EQ(stopped && state.suspect_run_s < ClockGuard::kSuspectGraceS, false);
        const bool is_right = state.wall_s >= state.floor_s && state.wall_s == state.seen_s;
        EXPECT_TRUE(!is_right || guard_.condition() == ClockCondition::good);
        EXPECT_EQ(guard_.told().empty(), guard_.condition() == ClockCondition::good);
    }

    std::mt19937_64 random_;
    std::int64_t now_ = kNow;
    std::int64_t offset_ = 0;
    std::int64_t proven_ = kNow;
    std::int64_t ran_ = 0;
    ClockGuard guard_ = started();
};

TEST(ClockGuard, HoldsItsPromisesOverRandomSteps) {
    for (unsigned seed = 1; seed <= 300 && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        RandomClocks clocks(seed);
        for (int step = 0; step < 300; ++step) {
            clocks.step();
        }
    }
}

}  // namespace
}  // namespace tillhost::licd::keys::test
