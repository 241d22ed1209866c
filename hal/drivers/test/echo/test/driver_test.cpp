// Claim: the echo driver answers with what it was asked, prints text without a marker, takes a
// receipt through marker and result, and no more. Shown by calling it; it has no line.
#include "hal/drivers/test/echo/driver.h"

#include <gtest/gtest.h>

#include "hal/os/fake/fake_clock.h"
#include "hal/transport/connector.h"

namespace tillhost::drivers::echo {
namespace {

using base::ErrorCode;

/// Keeps what is written and refuses the record of that number, counted from 1.
class KeepingGate final : public device::Gate {
public:
    base::Done persist(const contract::Record& record) override {
        records.push_back(record);
        if (records.size() == refused) {
            return base::make_error(ErrorCode::wrong_state, "refused");
        }
        return {};
    }
    void announce(std::string_view, os::Deadline) override {}

    std::vector<contract::Record> records;
    std::size_t refused = 0;
};

contract::Receipt tea() {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine& line = receipt.lines.emplace_back();
    line.name = "Tea";
    line.price_minor = 12000;
    line.quantity_units = 1;
    line.vat = contract::Vat::no_vat;
    receipt.payments.push_back({contract::PaymentKind::cash, 15000});
    return receipt;
}

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
    EXPECT_EQ(driver->open({}, gate, os::Deadline::max())->identity.serial, "ECHO0001");
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
    EXPECT_EQ(driver->execute(contract::CashIn{}, gate, os::Deadline::max()).error().code,
              ErrorCode::not_supported);
    EXPECT_EQ(driver->resolve({}, gate, os::Deadline::max())->verdict,
              contract::Verdict::cannot_tell);
}

TEST(EchoDriver, TakesAReceiptThroughMarkerAndResult) {
    const os::FakeClock clock;
    const auto driver = MUST(make_driver({}, nullptr, clock));
    KeepingGate gate;
    const auto sold = driver->execute(tea(), gate, os::Deadline::max());
    ASSERT_TRUE(sold);
    const auto& result = std::get<contract::FiscalResult>(*sold);
    EXPECT_TRUE(result.registered);
    EXPECT_EQ(result.fiscal_document_number, 1);
    EXPECT_EQ(result.change_minor, 3000);
    ASSERT_EQ(gate.records.size(), 2U);
    const auto& marker =
        std::get<contract::FiscalMarker>(std::get<contract::Marker>(gate.records[0]));
    EXPECT_EQ(marker.identity.serial, "ECHO0001");
    EXPECT_EQ(marker.total_minor, 12000);
    EXPECT_TRUE(std::get<contract::OperationResult>(gate.records[1]) == *sold);
    const auto next = driver->execute(tea(), gate, os::Deadline::max());
    EXPECT_EQ(std::get<contract::FiscalResult>(*next).fiscal_document_number, 2);
}

TEST(EchoDriver, HasNoEffectBeforeTheMarkerAndAnUnknownOneBehindIt) {
    const os::FakeClock clock;
    const auto driver = MUST(make_driver({}, nullptr, clock));
    KeepingGate gate;
    gate.refused = 1;
    EXPECT_EQ(driver->execute(tea(), gate, os::Deadline::max()).error().effect, base::Effect::none);
    gate.records.clear();
    gate.refused = 2;
    EXPECT_EQ(driver->execute(tea(), gate, os::Deadline::max()).error().effect,
              base::Effect::unknown);
    EXPECT_EQ(driver->open(contract::Pending{}, gate, os::Deadline::max())->resolution->verdict,
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
