// Claim: a till that is a message behind, or that comes into the middle of a procedure, takes
// nothing of something before for a word about its own command, and acknowledges nothing that it
// has not kept. Shown by scripted dialogues; each case is a day that the simulation found.
#include <gtest/gtest.h>

#include "hal/drivers/payment/zvt/test/results.h"
#include "hal/drivers/payment/zvt/test/scripted.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Effect;
using base::ErrorCode;
using contract::Verdict;

constexpr const char* kOldRefusal = "06 1E 01 83";

/// A till that has asked for the last transaction.
struct Order : testing::Test {
    Order() { counter.terminal.tells_last(hex_of(earlier())); }

    /// The payment goes as it should.
    void pays() {
        counter.terminal.then(kPay, {kAccepted, hex_of(paid())})
            .then(kAccepted, {kDone})
            .then(kAccepted);
    }
    int said(const std::string& hex) const {
        return static_cast<int>(std::count(counter.terminal.story.begin(),
                                           counter.terminal.story.end(), "till " + hex));
    }

    Counter counter;
};

TEST_F(Order, AnOldEndAheadOfThePaymentIsAnsweredAndNotBelieved) {
    counter.terminal.script.back().say = {kOldRefusal};  // behind the last acknowledgement
    counter.terminal.then(kAccepted);
    pays();
    const auto result = counter.pay();
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->receipt_number, 43);
}

TEST_F(Order, AnOldEndBehindThePaymentIsNotItsDecline) {
    counter.terminal.then(kPay, {kOldRefusal}).then(kAccepted);
    const auto result = counter.pay();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::no_answer);
    EXPECT_EQ(result.error().effect, Effect::unknown);
}

TEST_F(Order, ASecondAnswerShowsThatTheFirstWasOfSomethingElse) {
    counter.terminal.then(kPay, {kAccepted, "84 83 00"});
    const auto result = counter.pay();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unexpected_answer);
    EXPECT_EQ(result.error().effect, Effect::unknown);
}

TEST_F(Order, AResultThatNobodyAskedForEndsAPaymentBeforeItBegan) {
    counter.terminal.script.back().say = {hex_of(paid())};
    const auto result = counter.pay();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().effect, Effect::none);
    EXPECT_EQ(said(kPay), 0);
    EXPECT_EQ(said(kAccepted), 2);  // those of 06 20: the result is left to whom it belongs
}

TEST_F(Order, OnlyTheNewestOfSeveralMessagesIsAnswered) {
    counter.terminal.then(kPay, {kAccepted, "04 FF 01 0A", hex_of(paid())})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    EXPECT_TRUE(counter.pay());
    EXPECT_EQ(counter.terminal.story[counter.terminal.story.size() - 4], "evidence zvt_result");
}

/// The host's process ends with the payment under way.
struct OrderOnReturn : Order {
    OrderOnReturn() {
        counter.terminal.then_hang_up(kPay, {kAccepted});
        EXPECT_FALSE(counter.pay());
        counter.terminal.story.clear();
    }
    contract::Resolution resolved() {
        counter.terminal.tells_status("00").tells_last(hex_of(paid()));
        const auto resolution = counter.resolve();
        EXPECT_TRUE(resolution) << base::to_text(resolution.error());
        EXPECT_TRUE(counter.terminal.script.empty()) << counter.terminal.script.size();
        return resolution ? *resolution : contract::Resolution{};
    }
};

TEST_F(OrderOnReturn, PaperThatStillComesIsKeptBeforeItIsAcknowledged) {
    counter.terminal.then(ScriptedTerminal::kRegistration, {block()})
        .then(kAccepted, {kAccepted, ScriptedTerminal::kRegistered})
        .then(kAccepted);
    const contract::Resolution resolution = resolved();
    EXPECT_EQ(resolution.verdict, Verdict::executed);
    EXPECT_EQ(std::get<contract::PaymentResult>(*resolution.result).receipts.size(), 1U);
    EXPECT_EQ(counter.terminal.story[2], "evidence zvt_prints");
    EXPECT_EQ(counter.terminal.story[3], "till " + kAccepted);
}

TEST_F(OrderOnReturn, ThePaymentsOwnMessagesAreKeptWhereTheyLookLikeTheQuestions) {
    counter.terminal.then(ScriptedTerminal::kRegistration, {kAccepted, hex_of(paid())})
        .then(kAccepted, {block()})
        .then(kAccepted, {block()})  // its acknowledgement was lost
        .then(kAccepted, {ScriptedTerminal::kRegistered})
        .then(kAccepted);
    const contract::Resolution resolution = resolved();
    EXPECT_EQ(resolution.verdict, Verdict::executed);
    EXPECT_EQ(std::get<contract::PaymentResult>(*resolution.result).receipts.size(), 1U);
    EXPECT_EQ(counter.terminal.story[2], "evidence zvt_result");
}

TEST_F(OrderOnReturn, AnEndWithoutAWordOfTheRegistrationIsNotItsEnd) {
    counter.terminal.then(ScriptedTerminal::kRegistration, {kAccepted, kDone}).then(kAccepted);
    const auto resolution = counter.resolve();
    ASSERT_FALSE(resolution);
    EXPECT_EQ(resolution.error().code, ErrorCode::unexpected_answer);
    EXPECT_EQ(resolution.error().reaction, base::Reaction::reconnect);
}

TEST_F(OrderOnReturn, AnEndWithoutAStateIsNotThatOfAStatusEnquiry) {
    counter.terminal.enrolled();
    counter.terminal.then("05 01 05 00 00 00 03 02", {kAccepted, kDone}).then(kAccepted);
    const auto resolution = counter.resolve();
    ASSERT_FALSE(resolution);
    EXPECT_EQ(resolution.error().code, ErrorCode::unexpected_answer);
}

}  // namespace
}  // namespace tillhost::drivers::zvt
