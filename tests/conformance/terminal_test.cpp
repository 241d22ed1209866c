// Claim: a driver of class payment_terminal means what hal/device/payment_terminal.h says, where
// nothing is wrong with the line. Shown for every driver over its simulator on virtual time; the
// terminal's own memory is compared with every word.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/conformance/terminal_world.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using base::Effect;
using base::ErrorCode;
using contract::Verdict;
using simulators::CardTransactionKind;
using simulators::CardTransactionState;

class Terminal : public testing::TestWithParam<TerminalSubject> {
protected:
    void SetUp() override { world_.begin(payment()); }
    static const TerminalOperation& payment() { return terminal_operations().front(); }
    std::size_t payments() const { return world_.stored(CardTransactionKind::payment) - 1; }
    /// The next card does so and so; the error that the payment ends with.
    base::Error pay_with(const std::string& outcome) {
        world_.fault("card", {{"outcome", outcome}, {"code", "5"}, {"total", "1000"}});
        const auto paid = world_.pay(kPrice);
        EXPECT_FALSE(paid) << outcome;
        return paid ? base::make_error(ErrorCode::internal, "paid") : paid.error();
    }
    /// A payment that the terminal has and whose host died when it knew the least of it: at the
    /// last record that it never wrote.
    contract::Pending doubt() {
        world_.book.kill_at = 2;  // behind the marker
        world_.book.kill_before = true;
        EXPECT_THROW(static_cast<void>(world_.pay(kPrice)), Killed);
        world_.bury();
        world_.heal();
        return world_.book.pending(world_.command_of(payment()));
    }

    TerminalWorld world_{GetParam()};
};

TEST_P(Terminal, SaysWhoItIsAndThatItIsReady) {
    const auto opened = world_.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_FALSE(opened->resolution);
    EXPECT_EQ(opened->identity.serial, world_.device->terminal_state().terminal_id);
    const auto status = world_.status();
    ASSERT_TRUE(status) << base::to_text(status.error());
    EXPECT_EQ(status->state, contract::TerminalState::ready);
    EXPECT_EQ(status->identity.serial, opened->identity.serial);
}

TEST_P(Terminal, EachMoneyOperationMakesOneTransactionOrIsNotSupported) {
    for (const TerminalOperation& operation : terminal_operations()) {
        TerminalWorld world(GetParam());
        world.begin(operation);
        const std::size_t before = world.made(operation);
        const int writes = world.cable->writes();
        const auto done = world.carry_out(operation);
        if (!done) {
            EXPECT_EQ(done.error().code, ErrorCode::not_supported) << operation.name;
            EXPECT_EQ(done.error().effect, Effect::none);
            EXPECT_EQ(world.cable->writes(), writes) << operation.name << ": bytes were written";
            EXPECT_NE(operation.kind, CardTransactionKind::payment) << "a terminal takes payments";
            continue;
        }
        EXPECT_EQ(world.made(operation), before + 1) << operation.name;
        EXPECT_EQ(world.compare(*done, operation), "") << operation.name;
        EXPECT_TRUE(world.book.marker) << operation.name << ": no marker";
    }
}

TEST_P(Terminal, PaymentsFollowEachOtherUnderTheirOwnNumbers) {
    std::vector<std::int64_t> numbers;
    for (int i = 1; i <= 3; ++i) {
        world_.book.begin_next();
        const auto paid = world_.pay(100 * i);
        ASSERT_TRUE(paid) << base::to_text(paid.error());
        EXPECT_EQ(paid->amount_minor, 100 * i);
        EXPECT_EQ(std::count(numbers.begin(), numbers.end(), paid->receipt_number), 0);
        numbers.push_back(paid->receipt_number);
    }
    EXPECT_EQ(payments(), 3U);
}

TEST_P(Terminal, NoCardNumberIsWholeInAResult) {
    const auto paid = world_.pay(kPrice);
    ASSERT_TRUE(paid);
    const auto digits = std::count_if(paid->card_number.begin(), paid->card_number.end(),
                                      [](char letter) { return letter >= '0' && letter <= '9'; });
    EXPECT_LE(digits, 10);  // the first six and the last four at most
    EXPECT_TRUE(paid->card_number.empty() || paid->card_number.find('*') != std::string::npos);
}

TEST_P(Terminal, ADeclineIsAFailureWithoutEffectAndTheNextCardPays) {
    for (const char* outcome : {"declined", "wrong_pin", "unreadable", "cancelled", "partial"}) {
        const base::Error error = pay_with(outcome);
        EXPECT_EQ(error.effect, Effect::none) << outcome << ": " << base::to_text(error);
        EXPECT_TRUE(error.code == ErrorCode::payment_declined ||
                    error.code == ErrorCode::payment_cancelled)
            << outcome << ": " << base::to_text(error);
        EXPECT_EQ(payments(), 0U) << outcome;
        EXPECT_FALSE(world_.book.result) << outcome;
        world_.book.begin_next();
    }
    EXPECT_EQ(pay_with("cancelled").code, ErrorCode::payment_cancelled);
    const auto paid = world_.pay(kPrice);
    ASSERT_TRUE(paid) << base::to_text(paid.error());
    EXPECT_EQ(payments(), 1U);
}

TEST_P(Terminal, LessIsChargedOnlyWhereItIsAllowedAndTheResultSaysHowMuch) {
    world_.fault("card", {{"outcome", "partial"}, {"total", "1000"}});
    const auto paid = world_.pay(kPrice, true);
    if (!paid) {
        EXPECT_EQ(paid.error().effect, Effect::none) << base::to_text(paid.error());
        EXPECT_EQ(payments(), 0U);
        return;
    }
    EXPECT_EQ(paid->amount_minor, 1000);
    EXPECT_EQ(paid->requested_minor, kPrice);
    EXPECT_EQ(world_.device->transactions().back().amount_minor, 1000);
}

TEST_P(Terminal, AnotherAmountThanAskedIsNeverToldAsSuccess) {
    world_.fault("quirk", {{"kind", "other_amount"}, {"code", "6"}});
    const auto paid = world_.pay(kPrice);
    ASSERT_FALSE(paid);
    EXPECT_EQ(paid.error().effect, Effect::unknown) << base::to_text(paid.error());
    EXPECT_FALSE(world_.book.result);
    const auto opened = world_.open(world_.book.pending(world_.command_of(payment())));
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    ASSERT_TRUE(opened->resolution);
    // Where it stands with another amount only a person can say what it was for.
    EXPECT_EQ(opened->resolution->verdict,
              payments() == 0 ? Verdict::not_executed : Verdict::cannot_tell)
        << opened->resolution->reason;
}

TEST_P(Terminal, AReversalTakesBackThatPaymentOnce) {
    const TerminalOperation& reversal = terminal_operations()[1];
    TerminalWorld world(GetParam());
    world.begin(reversal);
    const auto done = world.carry_out(reversal);
    if (!done && done.error().code == ErrorCode::not_supported) {
        GTEST_SKIP() << "not supported";
    }
    ASSERT_TRUE(done) << base::to_text(done.error());
    EXPECT_EQ(world.stored(CardTransactionKind::payment), 1U) << "the earlier one stands";
    world.book.begin_next();
    const auto again = world.carry_out(reversal);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().effect, Effect::none) << base::to_text(again.error());
    EXPECT_EQ(world.made(reversal), 1U);
}

TEST_P(Terminal, AnotherTerminalTakesNoPaymentBackThatItDidNotMake) {
    const TerminalOperation& reversal = terminal_operations()[1];
    TerminalWorld world(GetParam());
    if (!world.supports(reversal)) {
        GTEST_SKIP() << "not supported";
    }
    world.begin(reversal);
    world.fault("swap_device", {{"serial", "29001006"}});
    world.bury();
    ASSERT_TRUE(world.open());
    const auto done = world.carry_out(reversal);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::wrong_device) << base::to_text(done.error());
    EXPECT_EQ(done.error().effect, Effect::none);
    EXPECT_FALSE(world.book.marker);
    EXPECT_EQ(world.made(reversal), 0U);
}

TEST_P(Terminal, RefusesBadInputBeforeAByte) {
    const std::vector<contract::Command> bad{
        contract::Authorise{kPrice, "USD"}, contract::Refund{kPrice, "USD"},
        contract::Reverse{kPrice, "USD", 1, 1, "1"}, contract::Reverse{kPrice, kTerminalCurrency},
        contract::OpenShift{}};
    for (const contract::Command& command : bad) {
        const int writes = world_.cable->writes();
        const auto done = world_.execute(command);
        ASSERT_FALSE(done) << command.index();
        EXPECT_EQ(done.error().effect, Effect::none) << base::to_text(done.error());
        EXPECT_EQ(done.error().reaction, base::Reaction::reject) << base::to_text(done.error());
        EXPECT_EQ(world_.cable->writes(), writes) << base::to_text(done.error());
    }
    EXPECT_FALSE(world_.book.marker);
}

TEST_P(Terminal, NothingIsChargedWhereTheMarkerIsRefused) {
    for (const TerminalOperation& operation : terminal_operations()) {
        TerminalWorld world(GetParam());
        if (!world.supports(operation)) {
            continue;
        }
        world.begin(operation);
        const std::size_t before = world.device->transactions().size();
        world.book.refuses = true;
        const auto done = world.carry_out(operation);
        ASSERT_FALSE(done) << operation.name;
        EXPECT_EQ(done.error().code, ErrorCode::storage_full) << operation.name;
        EXPECT_EQ(done.error().effect, Effect::none) << operation.name;
        world.cable->run_for(60s);
        EXPECT_EQ(world.device->transactions().size(), before) << operation.name;
    }
}

TEST_P(Terminal, ADoubtIsSettledOnOpeningAndResolveRepeatsIt) {
    const contract::Pending pending = doubt();
    const auto opened = world_.open(pending);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    ASSERT_TRUE(opened->resolution);
    const Verdict verdict = opened->resolution->verdict;
    const std::size_t all = world_.device->transactions().size();
    if (verdict != Verdict::cannot_tell || !world_.may_stay_open(payment())) {
        EXPECT_EQ(verdict, payments() == 1 ? Verdict::executed : Verdict::not_executed)
            << opened->resolution->reason;
    }
    for (int i = 0; i < 3; ++i) {
        const auto word = world_.resolve(pending);
        ASSERT_TRUE(word) << base::to_text(word.error());
        EXPECT_EQ(word->verdict, verdict) << word->reason;
    }
    EXPECT_EQ(world_.device->transactions().size(), all) << "resolve changes nothing";
}

TEST_P(Terminal, AnotherTerminalGetsNoVerdict) {
    const contract::Pending pending = doubt();
    world_.cable->run_for(60s);
    world_.fault("swap_device", {{"serial", "29001006"}});
    const auto opened = world_.open(pending);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::wrong_device) << base::to_text(opened.error());
}

TEST_P(Terminal, ShowsTheCustomerWhatItAsks) {
    ASSERT_TRUE(world_.pay(kPrice));
    EXPECT_FALSE(world_.book.prompts.empty());
}

INSTANTIATE_TEST_SUITE_P(Drivers, Terminal, testing::ValuesIn(terminal_subjects()),
                         [](const auto& row) { return row.param.name; });

/// A terminal without a line: what it did, only a person knows.
class TerminalWithoutLine : public testing::TestWithParam<TerminalSubject> {
protected:
    void SetUp() override {
        driver_ = MUST(GetParam().driver->make(GetParam().settings, nullptr, clock_));
        ASSERT_TRUE(driver_->open(std::nullopt, book_, soon()));
    }
    os::Deadline soon() const { return clock_.now() + 60s; }
    static std::vector<contract::Command> commands() {
        return {contract::Authorise{kPrice, kTerminalCurrency},
                contract::Reverse{kPrice, kTerminalCurrency, 7, 7, ""},
                contract::Refund{kPrice, kTerminalCurrency}, contract::EndOfDay{}};
    }
    os::FakeClock clock_;
    Book book_;
    std::unique_ptr<device::Driver> driver_;
};

TEST_P(TerminalWithoutLine, EachOperationIsMarkedAndNeedsAPersonsWord) {
    for (const contract::Command& command : commands()) {
        book_ = {};
        const auto done = driver_->execute(command, book_, soon());
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::needs_entry) << base::to_text(done.error());
        EXPECT_EQ(done.error().effect, Effect::unknown);
        EXPECT_TRUE(book_.marker);
        EXPECT_FALSE(book_.result);
        ASSERT_EQ(book_.prompts.size(), 1U);
        EXPECT_EQ(book_.prompts[0], contract::PromptKind::enter_result);
        const contract::Pending pending = book_.pending(command);
        const auto opened = driver_->open(pending, book_, soon());
        ASSERT_TRUE(opened && opened->resolution);
        EXPECT_EQ(opened->resolution->verdict, Verdict::cannot_tell);
        const auto word = driver_->resolve(pending, book_, soon());
        ASSERT_TRUE(word);
        EXPECT_EQ(word->verdict, Verdict::cannot_tell);
        EXPECT_FALSE(word->result);
    }
}

TEST_P(TerminalWithoutLine, NobodyIsSentToTheTerminalWhereTheMarkerIsRefused) {
    for (const contract::Command& command : commands()) {
        book_ = {};
        book_.refuses = true;
        const auto done = driver_->execute(command, book_, soon());
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::storage_full);
        EXPECT_EQ(done.error().effect, Effect::none);
        EXPECT_TRUE(book_.prompts.empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Drivers, TerminalWithoutLine, testing::ValuesIn(terminals_without_line()),
                         [](const auto& row) { return row.param.name; });

TEST(TerminalSubjects, HaveEveryDriverOfTheClass) {
    for (const drivers::DriverEntry& driver : drivers::all()) {
        if (driver.manifest->device_class != contract::DeviceClass::payment_terminal) {
            continue;
        }
        std::size_t subjects = 0;
        for (const auto& list : {terminal_subjects(), terminals_without_line()}) {
            subjects += static_cast<std::size_t>(
                std::count_if(list.begin(), list.end(),
                              [&](const auto& subject) { return subject.driver == &driver; }));
        }
        EXPECT_GT(subjects, 0U) << driver.name << ": one line in terminal_subjects.cpp";
    }
}

}  // namespace
}  // namespace tillhost::conformance
