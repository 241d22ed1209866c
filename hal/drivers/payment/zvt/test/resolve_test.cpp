// Claim: a verdict follows from the marker, the evidence and the terminal's last transaction alone.
// Shown on the pure judgement, case by case.
#include "hal/drivers/payment/zvt/resolve.h"

#include <gtest/gtest.h>

#include "hal/drivers/payment/zvt/test/results.h"

namespace tillhost::drivers::zvt {
namespace {

using contract::TransactionKind;

Doubt doubt(TransactionKind kind = TransactionKind::payment) {
    Doubt made;
    made.kind = kind;
    made.before = earlier();
    made.marker.last_receipt_number = 42;
    made.marker.last_trace_number = 186;
    made.marker.amount_minor = 1234;
    made.marker.currency = "EUR";
    made.marker.started_at_ms = 1'779'978'600'000;  // 2026-05-28 14:30 UTC
    return made;
}

TEST(Judge, APaymentOfThatAmountBehindTheMarkerIsOurs) {
    EXPECT_EQ(judge(doubt(), paid()).finding, Finding::stored);
}

TEST(Judge, TheMarkersTransactionMeansThatNothingWasStored) {
    EXPECT_EQ(judge(doubt(), earlier()).finding, Finding::unchanged);
    EXPECT_EQ(judge(doubt(), std::nullopt).finding, Finding::silent);
}

TEST(Judge, ATerminalInStepByAnIdDoesNotTakeBackByItself) {
    Doubt approved = doubt();
    approved.seen.push_back(paid());
    EXPECT_EQ(judge(approved, earlier()).finding, Finding::unchanged);
    approved.seen.back().id = *base::from_hex("00 43");
    EXPECT_EQ(judge(approved, earlier()).finding, Finding::foreign);
}

TEST(Judge, AReversalBehindAPaymentIsForPeople) {
    StatusInfo now = paid();
    now.original_trace = 187;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::reversed);
    EXPECT_EQ(judge(doubt(TransactionKind::reversal), now).finding, Finding::stored);
}

TEST(Judge, AReversalMustSayThatItIsOneOrHaveBeenSeen) {
    Doubt reversal = doubt(TransactionKind::reversal);
    EXPECT_EQ(judge(reversal, paid()).finding, Finding::foreign);
    reversal.seen.push_back(paid());
    EXPECT_EQ(judge(reversal, paid()).finding, Finding::stored);
}

TEST(Judge, WhatDoesNotFitIsForeign) {
    StatusInfo now = paid();
    now.amount = 1235;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
    now.amount.reset();
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
    now = paid();
    now.currency = 756;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
    now = paid();
    now.result.reset();
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
    now = paid();
    now.time = 142959;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
    now = paid();
    now.receipt = 42;
    now.trace = 186;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
}

TEST(Judge, LessFitsOnlyWhereItWasAllowed) {
    StatusInfo now = paid();
    now.amount = 1000;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
    Doubt partial = doubt();
    partial.allow_partial = true;
    EXPECT_EQ(judge(partial, now).finding, Finding::stored);
}

TEST(Judge, AnAttemptThatWasNotApprovedIsDeclined) {
    StatusInfo now = paid();
    now.result = 5;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::declined);
}

TEST(Judge, ARefusalThatWasSeenNeedsNoAmount) {
    StatusInfo now;
    now.result = 0x6C;
    EXPECT_EQ(judge(doubt(), now).finding, Finding::foreign);
    Doubt seen = doubt();
    seen.seen.push_back(now);
    EXPECT_EQ(judge(seen, now).finding, Finding::declined);
}

TEST(Judge, TheTurnOfTheYearIsLater) {
    Doubt december = doubt();
    december.before->date = 1231;
    StatusInfo now = paid();
    now.date = 101;
    EXPECT_EQ(judge(december, now).finding, Finding::stored);
}

TEST(Judge, WithoutASnapshotTheBooksNumbersAndTheClockStandIn) {
    Doubt blind = doubt();
    blind.before.reset();
    EXPECT_EQ(judge(blind, earlier()).finding, Finding::unchanged);
    StatusInfo now = paid();
    now.date = 528;
    now.time = 143010;
    now.time.reset();
    EXPECT_EQ(judge(blind, now).finding, Finding::stored);
    now.date = 527;
    now.time = 100;
    EXPECT_EQ(judge(blind, now).finding, Finding::foreign);
}

TEST(Judge, AnEndOfDay) {
    StatusInfo day = earlier();
    day.totals.emplace();
    EXPECT_EQ(judge(doubt(), day).finding, Finding::unchanged) << "numbers are the marker's";
    day.trace = 188;
    EXPECT_EQ(judge(doubt(), day).finding, Finding::end_of_day);
    EXPECT_EQ(judge(doubt(TransactionKind::end_of_day), day).finding, Finding::stored);
    EXPECT_EQ(judge(doubt(TransactionKind::end_of_day), earlier()).finding, Finding::unchanged);
    EXPECT_EQ(judge(doubt(TransactionKind::end_of_day), paid()).finding, Finding::foreign);
}

TEST(DoubtOf, ReadsMarkerAndEvidence) {
    contract::Pending pending;
    contract::Authorise command;
    command.allow_partial = true;
    pending.command = command;
    contract::PaymentMarker marker;
    marker.last_transaction = write_fingerprint(earlier());
    pending.marker = marker;
    contract::Evidence result;
    result.payload = vector_of("derived.txt", "D12");
    contract::Evidence prints;
    prints.payload = vector_of("derived.txt", "D16");
    const base::Bytes line = *base::from_hex("06 D1 03 00 41 42");
    prints.payload.insert(prints.payload.end(), line.begin(), line.end());
    contract::Evidence junk;
    junk.payload = *base::from_hex("04 0F 20 27");
    pending.evidence = {result, prints, junk};
    const auto made = doubt_of(pending);
    ASSERT_TRUE(made);
    EXPECT_TRUE(made->allow_partial);
    EXPECT_TRUE(made->approved());
    EXPECT_EQ(made->before->receipt, 42);
    EXPECT_EQ(made->seen.size(), 1U);
    EXPECT_EQ(made->printed.size(), 2U);
    pending.command = contract::Diagnose{};
    EXPECT_FALSE(doubt_of(pending));
}

}  // namespace
}  // namespace tillhost::drivers::zvt
