// Claimed: the simulation's own parts keep their word, and a seed decides everything.
// Shown: the scheduler's waits, points and deaths, the store's crashes, and days run twice.
#include <gtest/gtest.h>

#include "tests/simulation/shop.h"
#include "tests/simulation/sim_store.h"

namespace tillhost::simulation {
namespace {

class World : public ::testing::Test {
protected:
    bool run(os::Duration time) {
        return scheduler.run(scheduler.now() + time, [] { return false; });
    }

    StackPool stacks;
    Trace trace{false};
    Scheduler scheduler{stacks, 1, trace};
};

using SchedulerTest = World;

TEST_F(SchedulerTest, ASleeperWakesAtItsTimeAndNoEarlier) {
    os::Instant woke{};
    scheduler.start(
        "one",
        [&] {
            scheduler.sleep_until(os::Instant(ms(5)));
            woke = scheduler.now();
        },
        nullptr);
    run(ms(100));
    EXPECT_EQ(woke, os::Instant(ms(5)));
}

TEST_F(SchedulerTest, ASignalEndsAWaitAndADeadlineEndsAnother) {
    Signal signal;
    std::vector<bool> heard;
    scheduler.start(
        "one",
        [&] {
            heard.push_back(scheduler.wait(signal, os::Instant(ms(10))));
            heard.push_back(scheduler.wait(signal, os::Instant(ms(20))));
        },
        nullptr);
    scheduler.after(ms(3), [&] { scheduler.notify(signal); });
    run(ms(100));
    EXPECT_EQ(heard, (std::vector<bool>{true, false}));
}

TEST_F(SchedulerTest, AKilledProcessGivesBackWhatItHeld) {
    struct Held {
        bool& given_back;
        ~Held() { given_back = true; }
    };
    bool given_back = false;
    std::optional<bool> killed;
    const ProcessId process = scheduler.start(
        "one",
        [&] {
            const Held held{given_back};
            scheduler.sleep_until(os::Instant(ms(1000)));
            ADD_FAILURE() << "it came back from its last wait";
        },
        [&](bool by_force) { killed = by_force; });
    run(ms(1));
    scheduler.kill(process);
    run(ms(1));
    EXPECT_TRUE(given_back);
    EXPECT_EQ(killed, true);
    EXPECT_FALSE(scheduler.alive(process));
}

TEST_F(SchedulerTest, AProcessDiesAtThePointThatWasNamed) {
    int passed = 0;
    ProcessId process{};
    process = scheduler.start(
        "one",
        [&] {
            scheduler.kill_at_point(process, 3, ms(50));
            for (;; ++passed) {
                scheduler.point();
            }
        },
        nullptr);
    run(ms(1));
    EXPECT_EQ(passed, 2);
}

class StoreTest : public World {
protected:
    static devd::core::BookChange change(std::uint64_t number) {
        devd::core::OperationRow row;
        row.id = base::OperationId::make(number, {number, number});
        row.state = contract::OperationState::accepted;
        row.version = 1;
        row.sequence = number;
        return {.put = {row}, .forget = {}, .host_epoch = {}, .retention_watermark_ms = {}};
    }
    Findings findings;
};

TEST_F(StoreTest, ACrashKeepsAPrefixAndAWholeGroupOrNothingOfIt) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        SimStore store(scheduler, findings, Chance(seed, 0));
        store.write(change(1));  // its sync begins at once
        store.write(change(2));
        store.write(change(3));
        run(us(static_cast<std::int64_t>(seed) * 100));
        const devd::core::Position durable = store.durable();
        store.crash();
        const std::size_t kept = store.image().operations.size();
        EXPECT_GE(kept, durable);
        EXPECT_NE(kept, 2U) << "the second group was cut in two";
    }
    EXPECT_TRUE(findings.empty());
}

TEST_F(StoreTest, ARowThatMayNotFollowItsFormerSelfIsAFinding) {
    SimStore store(scheduler, findings, Chance(1, 0));
    devd::core::BookChange first = change(1);
    store.write(first);
    first.put.front().version = 2;
    first.put.front().state = contract::OperationState::cancelled;
    store.write(first);
    EXPECT_TRUE(findings.empty());
    first.put.front().version = 3;
    first.put.front().state = contract::OperationState::prepared;
    store.write(first);
    EXPECT_FALSE(findings.empty());
}

TEST(Shop, ASeedGivesTheSameDayTwice) {
    StackPool stacks;
    Coverage coverage;
    for (const Drivers drivers : {Drivers::mixed, Drivers::zvt, Drivers::sale}) {
        for (std::uint64_t seed = 1; seed <= 15; ++seed) {
            const Outcome one = run_shop(seed, drivers, {}, true, stacks, coverage);
            const Outcome two = run_shop(seed, drivers, {}, true, stacks, coverage);
            ASSERT_FALSE(one.trace.empty());
            ASSERT_EQ(one.trace, two.trace) << "seed " << seed;
        }
    }
}

}  // namespace
}  // namespace tillhost::simulation
