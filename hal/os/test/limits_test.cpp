// Claim: a process may have as many descriptors as it needs where the system allows it, and is told
// how many where not.
// Shown: the limits of the test's own process are set and read back.
#include "hal/os/limits.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace tillhost::os {
namespace {

class LimitsTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0); }
    void TearDown() override { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0); }
    void allow(rlim_t soft) const {
        const rlimit limit{soft, before_.rlim_max};
        ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    }
    static rlim_t now() {
        rlimit limit{};
        EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
        return limit.rlim_cur;
    }
    rlimit before_{};
};

TEST_F(LimitsTest, IsRaisedToWhatIsWantedAndNeverLowered) {
    allow(64);
    EXPECT_EQ(allow_descriptors(128), 128U);
    EXPECT_EQ(now(), 128U);
    EXPECT_EQ(allow_descriptors(32), 128U);
    EXPECT_EQ(now(), 128U);
}

TEST_F(LimitsTest, EndsAtWhatTheSystemAllows) {
    allow(64);
    EXPECT_EQ(allow_descriptors(before_.rlim_max), before_.rlim_max);
    EXPECT_EQ(now(), before_.rlim_max);
    if (before_.rlim_max != RLIM_INFINITY) {
        EXPECT_EQ(allow_descriptors(before_.rlim_max + 1), before_.rlim_max);
    }
}

}  // namespace
}  // namespace tillhost::os
