// Claim: the loop hands over descriptors, timers and signals, and calls nothing that was removed.
// Shown on real pipes and eventfds; time is a fake clock, so nothing waits for the wall.
#include "hal/os/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/thread.h"

namespace tillhost::os {
namespace {

using std::chrono::milliseconds;

class EventLoopTest : public testing::Test {
protected:
    void SetUp() override { loop_ = MUST(EventLoop::create(clock_)); }
    FakeClock clock_;
    std::unique_ptr<EventLoop> loop_;
    void turn() { loop_->run_once(clock_.now()); }
};

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        INVARIANT(::pipe(ends.data()) == 0);
        read = Descriptor(ends[0]);
        write = Descriptor(ends[1]);
    }
    void put() const { INVARIANT(::write(write.get(), "x", 1) == 1); }
    Descriptor read;
    Descriptor write;
};

TEST_F(EventLoopTest, CallsWhileADescriptorIsReadableAndSaysWhenItIsClosed) {
    Pipe pipe;
    int readable = 0;
    bool closed = false;
    (void)MUST(loop_->watch(pipe.read.get(), [&](Readiness ready) {
        readable += ready.readable ? 1 : 0;
        closed = closed || ready.closed;
    }));
    turn();
    EXPECT_EQ(readable, 0);
    pipe.put();
    turn();
    turn();
    EXPECT_EQ(readable, 2);  // level-triggered: it was not read
    pipe.write.reset();
    turn();
    EXPECT_TRUE(closed);
}

TEST_F(EventLoopTest, CallsOnceForEachArrivalWhereOnlyArrivalsAreWatched) {
    Pipe pipe;
    int calls = 0;
    (void)MUST(loop_->watch_arrivals(pipe.read.get(),
                                     [&](Readiness ready) { calls += ready.readable ? 1 : 0; }));
    pipe.put();
    turn();
    turn();
    EXPECT_EQ(calls, 1);  // it was not read, and nothing came
    pipe.put();
    turn();
    turn();
    EXPECT_EQ(calls, 2);
}

TEST_F(EventLoopTest, DoesNotCallAWatchThatAHandlerOfTheSameBatchRemoved) {
    Pipe first;
    Pipe second;
    int calls = 0;
    std::array<WatchId, 2> ids{};
    const auto remove_other = [&](std::size_t other) {
        ++calls;
        loop_->unwatch(ids[other]);
    };
    ids[0] = MUST(loop_->watch(first.read.get(), [&](Readiness) { remove_other(1); }));
    ids[1] = MUST(loop_->watch(second.read.get(), [&](Readiness) { remove_other(0); }));
    first.put();
    second.put();
    turn();
    EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, AHandlerMayRemoveItself) {
    Pipe pipe;
    int calls = 0;
    WatchId id;
    id = MUST(loop_->watch(pipe.read.get(), [&](Readiness) {
        loop_->unwatch(id);
        ++calls;
    }));
    pipe.put();
    turn();
    turn();
    EXPECT_EQ(calls, 1);
}

TEST_F(EventLoopTest, WaitsForRoomToWriteOnlyWhileAsked) {
    Pipe pipe;
    int writable = 0;
    const WatchId id =
        MUST(loop_->watch(pipe.write.get(), [&](Readiness ready) { writable += ready.writable; }));
    turn();
    EXPECT_EQ(writable, 0);
    loop_->want_writable(id, true);
    turn();
    EXPECT_EQ(writable, 1);
    loop_->want_writable(id, false);
    turn();
    EXPECT_EQ(writable, 1);
}

TEST_F(EventLoopTest, FiresTimersInOrderOnceAndNeverEarly) {
    std::vector<int> fired;
    loop_->call_at(clock_.now() + milliseconds(20), [&] { fired.push_back(20); });
    loop_->call_at(clock_.now() + milliseconds(10), [&] { fired.push_back(10); });
    const TimerId cancelled =
        loop_->call_at(clock_.now() + milliseconds(15), [&] { fired.push_back(15); });
    loop_->cancel(cancelled);
    turn();
    EXPECT_TRUE(fired.empty());
    clock_.advance(milliseconds(30));
    turn();
    turn();
    EXPECT_EQ(fired, (std::vector<int>{10, 20}));
}

TEST_F(EventLoopTest, AWakeupFromAnotherThreadEndsTheSleep) {
    const Wakeup wakeup = MUST(Wakeup::create());
    (void)MUST(loop_->watch(wakeup.fd(), [&](Readiness) {
        wakeup.clear();
        loop_->stop();
    }));
    Thread other("other", [&] { wakeup.signal(); });
    loop_->run();  // hangs if the wake-up is lost; the test's time limit says so
    SUCCEED();
}

TEST_F(EventLoopTest, TheHookRunsBeforeEachSleepAndKeepsTheLoopAwakeWhileItIsBusy) {
    int left = 3;
    loop_->before_sleep([&] {
        if (--left == 0) {
            loop_->stop();
        }
        return left > 0;
    });
    loop_->run();
    EXPECT_LE(left, 0);
}

TEST_F(EventLoopTest, HandsOverSignals) {
    std::vector<int> seen;
    (void)MUST(loop_->on_signals({SIGUSR1}, [&](int number) { seen.push_back(number); }));
    ::raise(SIGUSR1);
    turn();
    EXPECT_EQ(seen, std::vector<int>{SIGUSR1});
}

}  // namespace
}  // namespace tillhost::os
