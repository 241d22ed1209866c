// A thread that gives way is the only one that does.
// Shown by what the system says of the threads of this process.
#include "hal/os/scheduling.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <semaphore>

#include "hal/os/thread.h"

namespace tillhost::os {
namespace {

/// The one thread that is not among `before`.
pid_t new_one(const std::set<pid_t>& before) {
    for (const pid_t one : own_threads()) {
        if (!before.contains(one)) {
            return one;
        }
    }
    return 0;
}

TEST(Scheduling, OwnThreadsAreThoseThatRun) {
    const std::set<pid_t> before = own_threads();
    EXPECT_TRUE(before.contains(::getpid()));
    std::binary_semaphore end(0);
    const Thread thread("another", [&] { end.acquire(); });
    EXPECT_NE(new_one(before), 0);  // one that has just been joined may still be among them
    end.release();
}

TEST(Scheduling, AThreadThatGivesWayIsNicerAndTheOthersAreNot) {
    const int own = ::getpriority(PRIO_PROCESS, 0);
    const std::set<pid_t> before = own_threads();
    std::binary_semaphore end(0);
    const Thread thread("nice", [&] { end.acquire(); });
    const pid_t one = new_one(before);
    ASSERT_NE(one, 0);
    give_way(one, 7);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(one)), own + 7);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), own);
    end.release();
}

TEST(Scheduling, AThreadThatIsGoneIsLeftAlone) { give_way(1 << 22, 5); }

}  // namespace
}  // namespace tillhost::os
