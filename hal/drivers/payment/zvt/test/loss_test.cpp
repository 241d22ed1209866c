// Claim: wherever the dialogue of a payment breaks, the driver says what it knows and no more,
// sends the payment once, and learns from the terminal what became of it. Shown by a scripted
// dialogue for each row of the loss matrix (README.md), records in order.
#include <gtest/gtest.h>

#include "hal/drivers/payment/zvt/resolve.h"
#include "hal/drivers/payment/zvt/test/results.h"
#include "hal/drivers/payment/zvt/test/scripted.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Effect;
using base::ErrorCode;
using contract::Verdict;

/// A till that has asked for 12.34 and reads what the test lets the terminal say.
struct Loss : testing::Test {
    Loss() { counter.terminal.tells_last(hex_of(earlier())); }

    base::Error fail_in_doubt() {
        const auto result = counter.pay();
        EXPECT_FALSE(result);
        if (result) {
            return {};
        }
        EXPECT_EQ(result.error().effect, Effect::unknown) << base::to_text(result.error());
        EXPECT_EQ(result.error().reaction, base::Reaction::reconnect);
        EXPECT_FALSE(counter.book.result);
        EXPECT_TRUE(counter.terminal.script.empty());
        EXPECT_EQ(payments(), 1);
        return result.error();
    }
    contract::Resolution resolved() {
        const auto resolution = counter.resolve();
        EXPECT_TRUE(resolution) << base::to_text(resolution.error());
        EXPECT_TRUE(counter.terminal.script.empty()) << counter.terminal.script.size();
        EXPECT_EQ(payments(), 1);
        return resolution ? *resolution : contract::Resolution{};
    }
    /// Reconnects and finds an idle terminal with that last transaction, twice if it says so.
    void reconnects(const std::string& last, bool twice) {
        counter.terminal.enrolled().tells_status("00").tells_last(last);
        if (twice) {
            counter.terminal.tells_status("00").tells_last(last);
        }
    }
    int payments() const {
        return static_cast<int>(std::count(counter.terminal.story.begin(),
                                           counter.terminal.story.end(), "till " + kPay));
    }
    int said(const std::string& hex) const {
        return static_cast<int>(std::count(counter.terminal.story.begin(),
                                           counter.terminal.story.end(), "till " + hex));
    }

    Counter counter;
};

TEST(LossAtConnect, NothingStarted) {
    ScriptedTerminal terminal;
    Book book(terminal);
    auto driver = *make_driver({}, std::make_unique<ScriptedPort>(terminal), terminal.clock);
    terminal.refuse_connection = true;
    contract::Authorise command;
    command.amount_minor = 1234;
    command.currency = "EUR";
    const auto result = driver->execute(command, book, terminal.clock.now() + 60s);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().effect, Effect::none);
    EXPECT_TRUE(terminal.story.empty());
}

TEST_F(Loss, NoAnswerToThePayment) {
    counter.terminal.then(kPay);
    EXPECT_EQ(fail_in_doubt().code, ErrorCode::no_answer);
    EXPECT_EQ(counter.terminal.story.back(), "till " + kPay);
    reconnects(hex_of(earlier()), true);
    const auto before = counter.terminal.clock.now();
    EXPECT_EQ(resolved().verdict, Verdict::not_executed);
    EXPECT_GE(counter.terminal.clock.now() - before, 2s);
}

TEST_F(Loss, ALateAcceptanceIsNotWaitedFor) {
    counter.terminal.then(kPay, {kAccepted}, 6s);
    fail_in_doubt();
    reconnects(hex_of(paid()), false);
    EXPECT_EQ(resolved().verdict, Verdict::executed);
}

TEST_F(Loss, HangUpBeforeTheResultWhileTheTerminalWaitsForACard) {
    counter.terminal.then(kPay, {kAccepted, "04 FF 02 0A 03"}).then_hang_up(kAccepted);
    EXPECT_EQ(fail_in_doubt().code, ErrorCode::link_lost);
    counter.terminal.enrolled().tells_status("9C");
    counter.terminal.then("06 B0 00", {kAccepted});
    counter.terminal.tells_status("9C").tells_status("00").tells_last(hex_of(earlier()));
    counter.terminal.tells_status("00").tells_last(hex_of(earlier()));
    EXPECT_EQ(resolved().verdict, Verdict::not_executed);
    EXPECT_EQ(said("06 B0 00"), 1);
}

TEST_F(Loss, ATerminalThatStaysBusyIsAskedLater) {
    counter.terminal.then_hang_up(kPay, {kAccepted});
    fail_in_doubt();
    counter.terminal.enrolled().tells_status("9C");
    counter.terminal.then("06 B0 00", {"84 83 00"});
    for (int i = 0; i < 9; ++i) {
        counter.terminal.tells_status("9C");
    }
    const auto resolution = counter.resolve();
    ASSERT_FALSE(resolution);
    EXPECT_EQ(resolution.error().code, ErrorCode::terminal_busy);
    EXPECT_TRUE(counter.terminal.script.empty());
    EXPECT_EQ(said(kLast), 1);  // only before the payment
}

TEST_F(Loss, ATerminalThatCannotBeRegisteredIsBrokenOffOnce) {
    counter.terminal.then_hang_up(kPay, {kAccepted});
    fail_in_doubt();
    counter.terminal.then(ScriptedTerminal::kRegistration);  // no answer
    counter.terminal.then("06 B0 00", {kAccepted});
    reconnects(hex_of(earlier()), true);
    EXPECT_EQ(resolved().verdict, Verdict::not_executed);
}

TEST_F(Loss, DeclinedIsToldOnlyAtTheEnd) {
    counter.terminal.then(kPay, {kAccepted, declined()})
        .then(kAccepted, {"06 1E 01 05"})
        .then(kAccepted);
    const auto result = counter.pay();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::payment_declined);
    EXPECT_EQ(result.error().effect, Effect::none);
    EXPECT_EQ(result.error().device_code, 5U);
    EXPECT_FALSE(counter.book.result);
}

TEST_F(Loss, DeclinedMayEndWithACompletion) {
    counter.terminal.then(kPay, {kAccepted, declined()}).then(kAccepted, {kDone}).then(kAccepted);
    const auto result = counter.pay();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::payment_declined);
    EXPECT_EQ(result.error().effect, Effect::none);
}

TEST_F(Loss, DeclinedAndCutIsInDoubt) {
    counter.terminal.then(kPay, {kAccepted, declined()}).then_hang_up(kAccepted);
    fail_in_doubt();
    StatusInfo refused = paid();
    refused.result = 5;
    reconnects(hex_of(refused), true);
    EXPECT_EQ(resolved().verdict, Verdict::not_executed);
}

TEST_F(Loss, AWrongPinMayBeFollowedByAnApproval) {
    counter.terminal.then(kPay, {kAccepted, "04 0F 02 27 37"})
        .then(kAccepted, {hex_of(paid())})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    EXPECT_TRUE(counter.pay());
}

TEST_F(Loss, AnApprovalThatIsTakenBackInTheSameDialogueIsInDoubt) {
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())})
        .then(kAccepted, {declined()})
        .then(kAccepted, {"06 1E 01 05"})
        .then(kAccepted);
    fail_in_doubt();
}

TEST_F(Loss, ApprovedAndCutIsPaidWhereTheTerminalKeepsIt) {
    counter.terminal.then(kPay, {kAccepted, approval()}).then_hang_up(kAccepted);
    fail_in_doubt();
    EXPECT_EQ(counter.terminal.story[counter.terminal.story.size() - 2], "evidence zvt_result");
    reconnects(approval(), false);
    const auto resolution = resolved();
    ASSERT_EQ(resolution.verdict, Verdict::executed) << resolution.reason;
    const auto& result = std::get<contract::PaymentResult>(*resolution.result);
    EXPECT_EQ(result.receipt_number, 43);
    EXPECT_EQ(result.amount_minor, 1234);
    EXPECT_EQ(base::to_hex(result.trusted_id), "00 43");
    EXPECT_EQ(said("06 B0 00"), 0);
}

TEST_F(Loss, ApprovedAndCutIsNotPaidWhereTheTerminalTookItBack) {
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())}).then_hang_up(kAccepted);
    fail_in_doubt();
    counter.terminal.enrolled().tells_status("9C").tells_status("00");
    counter.terminal.tells_last(hex_of(earlier())).tells_status("00");
    counter.terminal.tells_last(hex_of(earlier()));
    EXPECT_EQ(resolved().verdict, Verdict::not_executed);
    EXPECT_EQ(said("06 B0 00"), 0);  // it may be taking the payment back: it is not disturbed
}

TEST_F(Loss, CutBetweenPrintsGivesTheReceiptsThatCame) {
    counter.terminal.then(kPay, {kAccepted, approval()})
        .then(kAccepted, {block()})
        .then_hang_up(kAccepted);
    fail_in_doubt();
    const auto& story = counter.terminal.story;
    EXPECT_EQ(story[story.size() - 2], "evidence zvt_prints");
    reconnects(approval(), false);
    const auto resolution = resolved();
    ASSERT_EQ(resolution.verdict, Verdict::executed);
    EXPECT_EQ(std::get<contract::PaymentResult>(*resolution.result).receipts.size(), 1U);
}

/// What the book has room for is counted over all that looks into the operation.
TEST_F(Loss, PrintsOfALookIntoAPaymentCountWithThoseBefore) {
    constexpr std::size_t kPrintsMax = 40;
    counter.terminal.then(kPay, {kAccepted, approval()}).then_hang_up(kAccepted);
    fail_in_doubt();
    contract::Evidence prints;
    prints.source = kEvidencePrints;
    prints.payload = *base::from_hex(block());
    auto& evidence = counter.book.pending.evidence;
    const std::size_t results = evidence.size();
    evidence.insert(evidence.end(), kPrintsMax - 1, prints);
    for (int look = 0; look < 2; ++look) {
        counter.restart();
        counter.terminal.enrolled()
            .then("05 01 05 00 00 00 03 02", {"80 00 00", block()})
            .then("80 00 00", {"06 0F 01 00"})
            .then("80 00 00")
            .tells_last(approval());
        EXPECT_EQ(resolved().verdict, Verdict::executed);
        EXPECT_EQ(evidence.size(), results + kPrintsMax) << look;
    }
}

TEST_F(Loss, TheEndIsKeptBeforeItsAcknowledgementIsLost) {
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())}).then_hang_up(kAccepted, {kDone});
    const auto result = counter.pay();
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(counter.terminal.story.back(), "result");
}

TEST_F(Loss, SilencePastT4BreaksOffAndGoesOnWaitingWhereItIsTooLate) {
    counter.terminal.then(kPay, {kAccepted})
        .then("06 B0 00", {"84 83 00", hex_of(paid())})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    EXPECT_TRUE(counter.pay());
    EXPECT_EQ(said("06 B0 00"), 1);
}

TEST_F(Loss, SilencePastT4WithoutAWordIsInDoubt) {
    counter.terminal.then(kPay, {kAccepted}).then("06 B0 00");
    EXPECT_EQ(fail_in_doubt().code, ErrorCode::deadline_passed);
}

TEST_F(Loss, AWishToBreakOffIsToldOnce) {
    counter.terminal.wish_after = 5;  // three writes of the question, the payment, one answer
    counter.terminal.then(kPay, {kAccepted, "04 FF 02 0A 03"})
        .then(kAccepted)
        .then("06 B0 00", {kAccepted, "04 0F 02 27 6C"})
        .then(kAccepted, {"06 1E 01 6C"})
        .then(kAccepted);
    const auto result = counter.pay();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::payment_cancelled);
    EXPECT_EQ(result.error().effect, Effect::none);
    EXPECT_EQ(said("06 B0 00"), 1);
}

TEST_F(Loss, AWishThatComesTooLateChangesNothing) {
    counter.terminal.wish_after = 5;
    counter.terminal.then(kPay, {kAccepted, "04 FF 02 0A 03"})
        .then(kAccepted)
        .then("06 B0 00", {"84 83 00", hex_of(paid())})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    EXPECT_TRUE(counter.pay());
}

TEST_F(Loss, AHostThatStartsAnewAsksBeforeAnythingElse) {
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())}).then_hang_up(kAccepted);
    fail_in_doubt();
    counter.restart();
    reconnects(hex_of(paid()), false);
    counter.terminal.then("05 01 03 00 00 00", {kAccepted, "06 0F 01 00"}).then(kAccepted);
    const auto opened =
        counter.driver->open(counter.book.pending, counter.book, counter.deadline());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->resolution->verdict, Verdict::executed);
    EXPECT_EQ(payments(), 1);
}

TEST_F(Loss, AResultThatTheTerminalTellsOnReconnectingIsKeptFirst) {
    counter.terminal.then_hang_up(kPay, {kAccepted});
    fail_in_doubt();
    counter.terminal.then(ScriptedTerminal::kRegistration, {hex_of(paid())})
        .then(kAccepted, {kAccepted, ScriptedTerminal::kRegistered})
        .then(kAccepted);
    counter.terminal.tells_status("00").tells_last(hex_of(paid()));
    EXPECT_EQ(resolved().verdict, Verdict::executed);
    const auto& story = counter.terminal.story;
    const auto kept = std::find(story.begin(), story.end(), "evidence zvt_result");
    ASSERT_NE(kept, story.end());
    EXPECT_EQ(*(kept - 1), std::string("till ") + ScriptedTerminal::kRegistration);
    EXPECT_EQ(*(kept + 1), "till " + kAccepted);
}

TEST_F(Loss, WhatCannotBeKeptIsNotAcknowledged) {
    counter.book.fail_on_evidence = true;
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())});
    EXPECT_EQ(fail_in_doubt().code, ErrorCode::storage_full);
    EXPECT_EQ(counter.terminal.story.back(), "evidence zvt_result");
}

TEST_F(Loss, AnEndThatCannotBeKeptIsNotAcknowledged) {
    counter.book.fail_on_result = true;
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())}).then(kAccepted, {kDone});
    EXPECT_EQ(fail_in_doubt().code, ErrorCode::storage_full);
    EXPECT_EQ(counter.terminal.story.back(), "result");
}

TEST_F(Loss, ACompletionWithoutAResultIsNoSuccess) {
    counter.terminal.then(kPay, {kAccepted, kDone}).then(kAccepted);
    fail_in_doubt();
}

TEST_F(Loss, ACompletionThatCarriesAnErrorIsNoResult) {
    counter.terminal.then(kPay, {kAccepted, "06 0F 02 27 37"}).then(kAccepted);
    fail_in_doubt();
}

TEST_F(Loss, ACompletionThatContradictsTheResultIsInDoubt) {
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())})
        .then(kAccepted, {"06 0F 02 27 E0"})
        .then(kAccepted);
    fail_in_doubt();
}

TEST_F(Loss, AnAmountThatIsMissingOrAnotherIsInDoubt) {
    counter.terminal.then(kPay, {kAccepted, "04 0F 02 27 00"})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    fail_in_doubt();
}

TEST_F(Loss, ARefusedPaymentWasNotBegun) {
    counter.terminal.then(kPay, {"84 83 00"});
    const auto result = counter.pay();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().effect, Effect::none);
    EXPECT_EQ(result.error().device_code, 0x83U);
}

TEST_F(Loss, AnotherTerminalGivesNoVerdict) {
    counter.terminal.then_hang_up(kPay, {kAccepted});
    fail_in_doubt();
    counter.restart();
    counter.terminal
        .then(ScriptedTerminal::kRegistration,
              {kAccepted, "06 0F 0A 19 00 29 29 00 10 06 49 09 78"})
        .then(kAccepted);
    const auto resolution = counter.resolve();
    ASSERT_FALSE(resolution);
    EXPECT_EQ(resolution.error().code, ErrorCode::wrong_device);
}

TEST_F(Loss, AReversalAndAForeignPaymentAreForPeople) {
    counter.terminal.then_hang_up(kPay, {kAccepted});
    fail_in_doubt();
    StatusInfo reversal = paid();
    reversal.original_trace = 187;
    reconnects(hex_of(reversal), false);
    EXPECT_EQ(resolved().verdict, Verdict::cannot_tell);
    StatusInfo other = paid();
    other.amount = 999;
    counter.terminal.tells_status("00").tells_last(hex_of(other));
    EXPECT_EQ(resolved().verdict, Verdict::cannot_tell);
    counter.terminal.tells_status("00").tells_last("");
    EXPECT_EQ(resolved().verdict, Verdict::cannot_tell);
}

TEST_F(Loss, ATerminalThatHangsUpWhileIdleIsAskedAnew) {
    counter.terminal.then(kPay);
    fail_in_doubt();
    counter.terminal.enrolled().tells_status("00");
    counter.terminal.then(kLast, {kAccepted, hex_of(earlier())})
        .then(kAccepted, {kDone})
        .then_hang_up(kAccepted);
    reconnects(hex_of(earlier()), false);
    EXPECT_EQ(resolved().verdict, Verdict::not_executed);
}

}  // namespace
}  // namespace tillhost::drivers::zvt
