// Claim: local time is that of the machine's zone at the asked moment, summer time included.
// Shown with zones written out in $TZ.
#include "hal/os/local_time.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace tillhost::os {
namespace {

constexpr std::int64_t kJuly = 1'783'000'000'000;
constexpr std::int64_t kJanuary = 1'768'000'000'000;

TEST(LocalTime, IsAheadOfUtcByTheZone) {
    ::setenv("TZ", "MSK-3", 1);
    ::tzset();
    EXPECT_EQ(utc_offset_s(kJuly), 3 * 3600);
    ::setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    ::tzset();
    EXPECT_EQ(utc_offset_s(kJanuary), 3600);
    EXPECT_EQ(utc_offset_s(kJuly), 2 * 3600);
    ::unsetenv("TZ");
    ::tzset();
}

}  // namespace
}  // namespace tillhost::os
