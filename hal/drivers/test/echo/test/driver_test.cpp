// Claim: the echo driver answers with what it was asked, prints text without a marker, and no more.
// Shown by calling it; it has no line.
#include "hal/drivers/test/echo/driver.h"

#include <gtest/gtest.h>

#include "hal/os/fake/fake_clock.h"
#include "hal/transport/connector.h"

namespace tillhost::drivers::echo {
namespace {

using base::ErrorCode;

class NoGate final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override {
        ADD_FAILURE() << "nothing is to be written";
        return {};
    }
    void announce(std::string_view, os::Deadline) override {}
};

TEST(EchoDriver, AnswersWithTheSameBytes) {
    const os::FakeClock clock;
    const auto driver = MUST(make_driver({}, nullptr, clock));
    NoGate gate;
    EXPECT_EQ(driver->open({}, gate, os::Deadline::max())->identity.serial, "echo");
    const base::Bytes payload(65536, std::byte{7});
    const auto echo = driver->query(contract::EchoQuery{payload}, os::Deadline::max());
    EXPECT_EQ(std::get<contract::EchoStatus>(*echo).payload, payload);
    const auto status = driver->query(contract::StatusQuery{}, os::Deadline::max());
    EXPECT_TRUE(std::get<contract::EchoStatus>(*status).payload.empty());
}

TEST(EchoDriver, PrintsTextAtOnceAndNothingElse) {
    const os::FakeClock clock;
    const auto driver = MUST(make_driver({}, nullptr, clock));
    NoGate gate;
    const auto printed = driver->execute(contract::PrintText{{"hello"}}, gate, os::Deadline::max());
    ASSERT_TRUE(printed);
    EXPECT_FALSE(std::get<contract::FiscalResult>(*printed).registered);
    EXPECT_EQ(driver->execute(contract::Receipt{}, gate, os::Deadline::max()).error().code,
              ErrorCode::not_supported);
    EXPECT_EQ(driver->resolve({}, gate, os::Deadline::max())->verdict,
              contract::Verdict::cannot_tell);
}

TEST(EchoDriver, RefusesALineAndSettings) {
    const os::FakeClock clock;
    EXPECT_EQ(make_driver({{"speed", "1"}}, nullptr, clock).error().detail,
              "settings.speed: no setting of that name");
    auto line = MUST(transport::make_connector("pty:/dev/null", clock));
    EXPECT_EQ(make_driver({}, std::move(line), clock).error().code, ErrorCode::config_invalid);
}

}  // namespace
}  // namespace tillhost::drivers::echo
