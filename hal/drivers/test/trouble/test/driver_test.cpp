// Claim: the trouble driver makes the trouble it is set to, when it is set to, and names a wrong
// setting. Crashes are shown in a process of their own; loop and leak by a clock that ends them.
#include "hal/drivers/test/trouble/driver.h"

#include <gtest/gtest.h>

#include "hal/drivers/test/trouble/protocol.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::trouble {
namespace {

struct Enough {};

/// A millisecond passes each time somebody looks; after a hundred it has seen enough.
class ImpatientClock final : public os::Clock {
public:
    os::Instant now() const override {
        if (++looks_ == 100) {
            throw Enough{};
        }
        return os::Instant{} + std::chrono::milliseconds(looks_);
    }
    std::int64_t unix_ms() const override { return 0; }
    void sleep_until(os::Instant) override {}

private:
    mutable int looks_ = 0;
};

class NoGate final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override { return {}; }
    void announce(std::string_view, os::Deadline) override {}
};

std::string refusal(const std::vector<contract::Setting>& settings) {
    return read_settings(settings).error().detail;
}

TEST(TroubleDriver, LoopsAndLeaksUntilItIsEnded) {
    for (const char* deed : {"loop", "leak"}) {
        const ImpatientClock clock;
        const auto driver = MUST(make_driver({{"do", deed}}, nullptr, clock));
        NoGate gate;
        ASSERT_TRUE(driver->open({}, gate, os::Deadline::max()));
        EXPECT_THROW((void)driver->query(contract::StatusQuery{}, os::Deadline::max()), Enough);
    }
}

TEST(TroubleDriver, TroubleOnOpenComesOnOpen) {
    const ImpatientClock clock;
    const auto driver = MUST(make_driver({{"do", "loop"}, {"on", "open"}}, nullptr, clock));
    NoGate gate;
    EXPECT_THROW((void)driver->open({}, gate, os::Deadline::max()), Enough);
}

TEST(TroubleDriverDeathTest, Crashes) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const os::FakeClock clock;
    const auto driver = MUST(make_driver({{"do", "crash"}}, nullptr, clock));
    EXPECT_EXIT((void)driver->query(contract::StatusQuery{}, os::Deadline::max()),
                testing::KilledBySignal(SIGABRT), "");
}

TEST(TroubleDriver, NamesAWrongSetting) {
    EXPECT_EQ(refusal({}), "settings.do: one of: loop, leak, crash");
    EXPECT_EQ(refusal({{"do", "sing"}}), "settings.do: one of: loop, leak, crash");
    EXPECT_EQ(refusal({{"do", "loop"}, {"on", "Friday"}}), "settings.on: one of: query, open");
    EXPECT_EQ(refusal({{"when", "open"}}), "settings.when: one of: do, on");
}

}  // namespace
}  // namespace tillhost::drivers::trouble
