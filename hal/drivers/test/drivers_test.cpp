// Claim: the catalogue holds each driver of the list once and finds it by its name, nothing else.
// Shown by looking up every entry and by names that are not there.
#include "hal/drivers/drivers.h"

#include <gtest/gtest.h>

#include <set>

#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers {
namespace {

TEST(Drivers, FindsEachByItsName) {
    std::set<std::string_view> names;
    for (const DriverEntry& entry : all()) {
        EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
        EXPECT_EQ(find(entry.name), &entry);
        EXPECT_NE(entry.make, nullptr);
        EXPECT_EQ(entry.answers != nullptr, !entry.manifest->speeds.empty()) << entry.name;
    }
    EXPECT_TRUE(names.contains("fiscal/toy"));
    EXPECT_TRUE(names.contains("test/echo"));
}

TEST(Drivers, FindsNothingByAnotherName) {
    for (const char* name : {"", "fiscal", "fiscal/", "fiscal/toy/", "Fiscal/Toy", "test/Echo"}) {
        EXPECT_EQ(find(name), nullptr) << name;
    }
}

TEST(Drivers, EachNamesASettingThatItDoesNotKnow) {
    const os::FakeClock clock;
    for (const DriverEntry& entry : all()) {
        const auto made = entry.make({{"no_such_setting", "1"}}, nullptr, clock);
        ASSERT_FALSE(made) << entry.name;
        EXPECT_EQ(made.error().code, base::ErrorCode::config_invalid) << entry.name;
        EXPECT_NE(made.error().detail.find("no_such_setting"), std::string::npos) << entry.name;
    }
}

}  // namespace
}  // namespace tillhost::drivers
