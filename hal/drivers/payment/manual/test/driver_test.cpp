// Claim: nothing that a person may have done at the terminal is called done or failed by the
// driver: it is marked first and then needs an entry.
#include "hal/drivers/payment/manual/driver.h"

#include <gtest/gtest.h>

#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::manual {
namespace {

/// A book that keeps what it is given, or refuses it.
class Book final : public device::Gate {
public:
    base::Done persist(const contract::Record& record) override {
        if (full) {
            return base::make_error(base::ErrorCode::storage_full, "");
        }
        records.push_back(record);
        return {};
    }
    void announce(std::string_view, os::Deadline) override {}
    void prompt(contract::PromptKind kind, std::string_view text) override {
        prompts.emplace_back(kind, text);
    }

    bool full = false;
    std::vector<contract::Record> records;
    std::vector<std::pair<contract::PromptKind, std::string>> prompts;
};

contract::Command charge() {
    contract::Authorise command;
    command.amount_minor = 1250;
    command.currency = "EUR";
    return command;
}

class Manual : public testing::Test {
protected:
    std::unique_ptr<device::Driver> make(const std::vector<contract::Setting>& settings = {}) {
        auto driver = make_driver(settings, nullptr, clock);
        EXPECT_TRUE(driver.has_value());
        return std::move(*driver);
    }
    os::FakeClock clock;
    Book book;
};

TEST_F(Manual, MarksThePaymentAndThenNeedsAnEntry) {
    const auto driver = make({{"terminal_id", "T7"}});
    const auto result = driver->execute(charge(), book, os::Deadline::max());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::ErrorCode::needs_entry);
    EXPECT_EQ(result.error().effect, base::Effect::unknown);
    EXPECT_EQ(result.error().reaction, base::Reaction::ask_operator);
    ASSERT_EQ(book.records.size(), 1U);
    const auto& marker =
        std::get<contract::PaymentMarker>(std::get<contract::Marker>(book.records[0]));
    EXPECT_EQ(marker.identity.serial, "T7");
    EXPECT_EQ(marker.amount_minor, 1250);
    ASSERT_EQ(book.prompts.size(), 1U);
    EXPECT_EQ(book.prompts[0].first, contract::PromptKind::enter_result);
    EXPECT_EQ(book.prompts[0].second, "charge 12.50 EUR");
}

TEST_F(Manual, AsksNobodyForWhatTheBookDidNotTake) {
    const auto driver = make();
    book.full = true;
    const auto result = driver->execute(charge(), book, os::Deadline::max());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::ErrorCode::storage_full);
    EXPECT_EQ(result.error().effect, base::Effect::none);
    EXPECT_TRUE(book.prompts.empty());
}

TEST_F(Manual, ReversesNoPaymentOfAnotherTerminal) {
    const auto driver = make({{"terminal_id", "T7"}});
    contract::Reverse command;
    command.amount_minor = 1250;
    command.currency = "EUR";
    command.receipt_number = 12;
    command.terminal_id = "T6";
    const auto other = driver->execute(command, book, os::Deadline::max());
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, base::ErrorCode::wrong_device);
    EXPECT_EQ(other.error().effect, base::Effect::none);
    EXPECT_TRUE(book.records.empty());
    command.terminal_id = "T7";
    const auto right = driver->execute(command, book, os::Deadline::max());
    ASSERT_FALSE(right);
    EXPECT_EQ(right.error().code, base::ErrorCode::needs_entry);
}

TEST_F(Manual, CanTellNothingOfADoubt) {
    const auto driver = make();
    contract::Pending pending;
    pending.command = charge();
    const auto opened = driver->open(pending, book, os::Deadline::max());
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->resolution->verdict, contract::Verdict::cannot_tell);
    EXPECT_TRUE(book.records.empty());
}

TEST_F(Manual, RefusesSettingsThatItDoesNotHave) {
    EXPECT_FALSE(make_driver({{"speed", "9600"}}, nullptr, clock));
    EXPECT_FALSE(make_driver({{"terminal_id", ""}}, nullptr, clock));
}

}  // namespace
}  // namespace tillhost::drivers::manual
