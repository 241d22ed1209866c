// Claim: a verdict rests on evidence, identity and counters, in this order, and clean-up follows.
// Shown by hosts that die at the worst moment, with another host's documents, a swapped device and
// late bytes; and by the judgement alone, case by case.
#include "hal/drivers/fiscal/shtrih/resolve.h"

#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/frames_numbered.h"
#include "hal/drivers/fiscal/shtrih/test/rig.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ErrorCode;
using contract::Verdict;
using simulators::FiscalDocumentType;

/// A sale whose host dies when it wants to make the result durable: the answer is not acknowledged.
class LostSale {
public:
    explicit LostSale(KnownBugs bugs = {}) : book(counter) {
        begin_day(counter);
        Host host(counter, bugs);
        EXPECT_TRUE(host.open(book));
        book.dies_on_result = true;
        EXPECT_THROW((void)host.execute(example_receipt(), book), Killed);
        book.dies_on_result = false;
        EXPECT_EQ(counter.count(FiscalDocumentType::receipt), 1U);
        counter.pass(5s);
    }
    contract::Pending pending() const { return book.pending(contract::Command(example_receipt())); }

    /// Answers that the device still had, as the book has them.
    std::vector<contract::Evidence> kept_answers() const {
        std::vector<contract::Evidence> kept;
        std::copy_if(book.evidence.begin(), book.evidence.end(), std::back_inserter(kept),
                     [](const auto& each) { return each.source == "pending_answer"; });
        return kept;
    }

    Counter counter;
    Book book;
};

class ShtrihResolve : public OnBothLayers {};
INSTANTIATE_TEST_SUITE_P(Layers, ShtrihResolve, kBothLayers, kLayerName);

TEST_P(ShtrihResolve, TheKeptAnswerDecidesEvenIfAnotherHostWentOn) {
    LostSale sale;
    const auto number = sale.counter.last().number;
    sale.counter.fault("other_master", {{"count", "2"}});
    Host host(sale.counter);
    const auto opened = host.open(sale.book, sale.pending());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    ASSERT_EQ(opened->resolution->verdict, Verdict::executed) << opened->resolution->reason;
    const auto& result = std::get<contract::FiscalResult>(*opened->resolution->result);
    EXPECT_EQ(result.fiscal_document_number, number);
    EXPECT_EQ(sale.kept_answers().size(), 1U);
}

TEST_P(ShtrihResolve, WithoutTheKeptAnswerAnotherHostsDocumentsAreAQuestionForAPerson) {
    LostSale sale;
    sale.counter.fault("other_master", {{"count", "2"}});
    Host careless(sale.counter, {.acknowledge_before_durable = true});
    const auto opened = careless.open(sale.book, sale.pending());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->resolution->verdict, Verdict::cannot_tell);
    EXPECT_FALSE(opened->resolution->result);
    EXPECT_TRUE(sale.kept_answers().empty());
}

TEST_P(ShtrihResolve, EvidenceThatCannotBeKeptIsNotAcknowledged) {
    LostSale sale;
    sale.book.refuses = true;
    Host host(sale.counter);
    EXPECT_EQ(host.open(sale.book, sale.pending()).error().code, ErrorCode::storage_full);
    sale.book.refuses = false;
    Host next(sale.counter);
    const auto opened = next.open(sale.book, sale.pending());
    ASSERT_TRUE(opened);
    EXPECT_EQ(opened->resolution->verdict, Verdict::executed);
    EXPECT_EQ(sale.kept_answers().size(), 1U);
}

TEST_P(ShtrihResolve, ThePowerTakesTheAnswerAndTheCountersTell) {
    LostSale sale;
    sale.counter.registrar->power(false, sale.counter.clock.now());
    sale.counter.pass(1s);
    sale.counter.registrar->power(true, sale.counter.clock.now());
    Host host(sale.counter);
    const auto opened = host.open(sale.book, sale.pending());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_TRUE(sale.kept_answers().empty());
    ASSERT_EQ(opened->resolution->verdict, Verdict::executed) << opened->resolution->reason;
    const auto& result = std::get<contract::FiscalResult>(*opened->resolution->result);
    EXPECT_EQ(result.fiscal_sign, sale.counter.last().sign);
    EXPECT_EQ(result.total_minor, 25'015);
}

/// A host that dies with a document open.
void leave_document_open(Counter& counter, Book& book) {
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    counter.on_act = [&counter] {
        if (counter.registrar->state().document_open) {
            throw Killed{};
        }
    };
    EXPECT_THROW((void)host.execute(example_receipt(), book), Killed);
    counter.on_act = {};
    ASSERT_TRUE(counter.registrar->state().document_open);
    counter.pass(5s);
}

TEST_P(ShtrihResolve, AnOpenDocumentIsCancelledAfterTheVerdictWithoutWaiting) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    leave_document_open(counter, book);
    const os::Instant before = counter.clock.now();
    Host host(counter);
    const auto opened = host.open(book, book.pending(contract::Command(example_receipt())));
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->resolution->verdict, Verdict::not_executed);
    EXPECT_FALSE(counter.registrar->state().document_open);
    EXPECT_LT(counter.clock.now() - before, 3s) << "what is cancelled cannot be closed late";
}

TEST_P(ShtrihResolve, OnAnotherDeviceThereIsNoVerdictAndNothingIsCleanedUp) {
    for (const bool bug : {false, true}) {
        Counter counter;
        begin_day(counter);
        Book book(counter);
        leave_document_open(counter, book);
        counter.fault("swap_device", {{"serial", "77"}, {"memory", "9999078900099999"}});
        Host host(counter, {.clean_up_before_verdict = bug});
        const auto opened = host.open(book, book.pending(contract::Command(example_receipt())));
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, ErrorCode::wrong_device);
        EXPECT_EQ(counter.registrar->state().document_open, !bug);
    }
}

TEST_P(ShtrihResolve, TheBugThatJudgesAnyDeviceGivesAFalseVerdict) {
    LostSale sale;
    sale.counter.registrar->power(false, sale.counter.clock.now());
    sale.counter.registrar->power(true, sale.counter.clock.now());
    sale.counter.fault("swap_device", {{"serial", "77"}, {"memory", "9999078900099999"}});
    Host honest(sale.counter);
    EXPECT_EQ(honest.open(sale.book, sale.pending()).error().code, ErrorCode::wrong_device);
    Host wrong(sale.counter, {.judge_another_device = true});
    EXPECT_TRUE(wrong.open(sale.book, sale.pending()));
}

TEST_P(ShtrihResolve, NotExecutedIsNotSaidBeforeLateBytesAreImpossible) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host dying(counter);
    ASSERT_TRUE(dying.open(book));
    book.dies_after_marker = true;
    EXPECT_THROW((void)dying.execute(contract::CashIn{100, "RUB"}, book), Killed);
    contract::Pending pending = book.pending(contract::Command(contract::CashIn{100, "RUB"}));
    const os::Instant before = counter.clock.now();
    Host host(counter);
    const auto opened = host.open(book, pending);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->resolution->verdict, Verdict::not_executed);
    EXPECT_GE(counter.clock.now() - before, 3s);

    pending.idle_ms = 60'000;
    const os::Instant later = counter.clock.now();
    Host patient(counter);
    ASSERT_TRUE(patient.open(book, pending));
    EXPECT_LT(counter.clock.now() - later, 3s) << "the line was quiet for long";
}

TEST_P(ShtrihResolve, ResolveChangesNothingAndMayBeRepeated) {
    LostSale sale;
    Host host(sale.counter);
    ASSERT_TRUE(host.open(sale.book, sale.pending()));
    const std::size_t documents = sale.counter.registrar->documents().size();
    for (int i = 0; i < 3; ++i) {
        const auto resolution = host.resolve(sale.pending(), sale.book);
        ASSERT_TRUE(resolution) << base::to_text(resolution.error());
        EXPECT_EQ(resolution->verdict, Verdict::executed);
    }
    EXPECT_EQ(sale.counter.registrar->documents().size(), documents);

    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host asking(counter);
    ASSERT_TRUE(asking.open(book));
    leave_document_open(counter, book);
    const auto open_document =
        asking.resolve(book.pending(contract::Command(example_receipt())), book);
    ASSERT_FALSE(open_document);
    EXPECT_EQ(open_document.error().reaction, base::Reaction::reconnect);
    EXPECT_TRUE(counter.registrar->state().document_open);
}

TEST_P(ShtrihResolve, AForeignOpenDocumentIsCancelledOnOpening) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    leave_document_open(counter, book);
    Host host(counter);
    const auto opened = host.open(book);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_FALSE(counter.registrar->state().document_open);
}

TEST_P(ShtrihResolve, ADocumentOfAnotherOperatorIsCancelledToo) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host cashier(counter, {}, {{"password", "1"}});
    ASSERT_TRUE(cashier.open(book));
    counter.on_act = [&counter] {
        if (counter.registrar->state().document_open) {
            throw Killed{};
        }
    };
    EXPECT_THROW((void)cashier.execute(example_receipt(), book), Killed);
    counter.on_act = {};
    counter.pass(5s);
    Host host(counter);
    const auto opened = host.open(book);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_FALSE(counter.registrar->state().document_open);
}

// --- the judgement alone ------------------------------------------------------------------------

contract::Pending pending_of(contract::Command command) {
    contract::FiscalMarker marker;
    marker.last_document_number = 10;
    marker.shift_number = 4;
    marker.receipt_number = 2;
    marker.cash_in_count = 5;
    marker.cash_minor = 1'000;
    contract::Pending pending;
    pending.command = std::move(command);
    pending.marker = marker;
    return pending;
}

Observed observed(std::uint32_t last, std::vector<FoundDocument> later = {}) {
    Observed seen;
    seen.storage.last_document = last;
    seen.later = std::move(later);
    return seen;
}

contract::Evidence kept(std::string_view message) {
    contract::Evidence evidence;
    evidence.source = "pending_answer";
    evidence.payload = encode_frame(*base::from_hex(message));
    return evidence;
}

FoundDocument receipt_of(std::int64_t sum) {
    FoundDocument document;
    document.type = FoundDocument::kReceipt;
    document.operation = static_cast<std::uint8_t>(FiscalOperation::sale);
    document.number = 11;
    document.sum_minor = sum;
    return document;
}

TEST(Judgement, OfAReceipt) {
    const contract::Pending pending = pending_of(example_receipt());
    EXPECT_EQ(judge(pending, observed(10)).verdict, Verdict::not_executed);
    EXPECT_EQ(judge(pending, observed(11, {receipt_of(25'015)})).verdict, Verdict::executed);
    EXPECT_EQ(judge(pending, observed(11, {receipt_of(25'014)})).verdict, Verdict::cannot_tell);
    EXPECT_EQ(judge(pending, observed(11)).verdict, Verdict::cannot_tell);
    EXPECT_EQ(judge(pending, observed(12, {receipt_of(25'015)})).verdict, Verdict::cannot_tell);
    EXPECT_EQ(judge(pending, observed(9)).verdict, Verdict::cannot_tell);
    FoundDocument refund = receipt_of(25'015);
    refund.operation = static_cast<std::uint8_t>(FiscalOperation::sale_return);
    EXPECT_EQ(judge(pending, observed(11, {refund})).verdict, Verdict::cannot_tell);
}

TEST(Judgement, OfEveryKindOfReceipt) {
    for (const auto kind :
         {contract::ReceiptKind::sale, contract::ReceiptKind::sale_return,
          contract::ReceiptKind::purchase, contract::ReceiptKind::purchase_return}) {
        contract::Receipt receipt = example_receipt();
        receipt.kind = kind;
        for (std::uint8_t operation = 1; operation <= 4; ++operation) {
            FoundDocument document = receipt_of(25'015);
            document.operation = operation;
            const Judgement made = judge(pending_of(receipt), observed(11, {document}));
            EXPECT_EQ(made.verdict == Verdict::executed, operation == static_cast<int>(kind));
        }
    }
}

TEST(Judgement, OfCorrectionsOfEitherDataFormat) {
    contract::Correction correction;
    correction.receipt = example_receipt();
    correction.receipt.text.clear();
    correction.basis = contract::CorrectionBasis::own_initiative;
    correction.basis_date = "2024-05-08";
    contract::Pending pending = pending_of(correction);
    EXPECT_EQ(judge(pending, observed(10)).verdict, Verdict::not_executed);
    FoundDocument document = receipt_of(25'015);
    EXPECT_EQ(judge(pending, observed(11, {document})).verdict, Verdict::cannot_tell)
        << "a receipt is no correction";
    document.type = FoundDocument::kCorrection;
    const Judgement made = judge(pending, observed(11, {document}));
    ASSERT_EQ(made.verdict, Verdict::executed) << made.reason;
    EXPECT_EQ(made.result->receipt_number, 3);
    EXPECT_EQ(made.result->change_minor, 4'985);
    EXPECT_EQ(judge(pending_of(example_receipt()), observed(11, {document})).verdict,
              Verdict::cannot_tell)
        << "nor the other way round";
    document.sum_minor = 25'014;
    EXPECT_EQ(judge(pending, observed(11, {document})).verdict, Verdict::cannot_tell);

    FoundDocument foreign = receipt_of(9'900);
    document.sum_minor = 25'015;
    document.number = 12;
    EXPECT_EQ(judge(pending, observed(12, {foreign, document})).verdict, Verdict::cannot_tell);
    for (const char* answer : {"FF 4A 00 04 00 0C 00 00 00 01 00 00 00",
                               "FF 45 00 79 13 00 00 00 0C 00 00 00 01 00 00 00"}) {
        pending.evidence = {kept(answer)};
        const Judgement proven = judge(pending, observed(12, {foreign, document}));
        ASSERT_EQ(proven.verdict, Verdict::executed) << proven.reason;
        EXPECT_EQ(proven.result->fiscal_document_number, 12);
        EXPECT_EQ(proven.result->change_minor, 4'985);
    }
}

TEST(Judgement, AnElectronicReceiptIsNotPrinted) {
    contract::Receipt receipt = example_receipt();
    receipt.electronic_only = true;
    receipt.customer_contact = "a@b.ru";
    const Judgement sold = judge(pending_of(receipt), observed(11, {receipt_of(25'015)}));
    ASSERT_EQ(sold.verdict, Verdict::executed);
    EXPECT_EQ(sold.result->printed, contract::Printed::not_printed);
}

TEST(Judgement, OfShiftReports) {
    FoundDocument opening;
    opening.type = FoundDocument::kShiftOpening;
    opening.number = 11;
    opening.shift = 5;
    const contract::Pending open = pending_of(contract::OpenShift{});
    EXPECT_EQ(judge(open, observed(11, {opening})).verdict, Verdict::executed);
    opening.shift = 6;
    EXPECT_EQ(judge(open, observed(11, {opening})).verdict, Verdict::cannot_tell);
    FoundDocument closing = opening;
    closing.type = FoundDocument::kShiftClosing;
    closing.shift = 4;
    const contract::Pending close = pending_of(contract::CloseShift{});
    EXPECT_EQ(judge(close, observed(11, {closing})).verdict, Verdict::executed);
    EXPECT_EQ(judge(open, observed(11, {closing})).verdict, Verdict::cannot_tell);
    EXPECT_EQ(judge(close, observed(10)).verdict, Verdict::not_executed);
}

TEST(Judgement, AKeptAnswerFindsItsDocumentAmongOthers) {
    FoundDocument foreign = receipt_of(9'900);
    FoundDocument ours = receipt_of(25'015);
    ours.number = 12;
    contract::Pending pending = pending_of(example_receipt());
    pending.evidence = {kept("FF 45 00 79 13 00 00 00 0C 00 00 00 01 00 00 00")};
    const Judgement sold = judge(pending, observed(12, {foreign, ours}));
    EXPECT_EQ(sold.verdict, Verdict::executed) << sold.reason;
    EXPECT_EQ(sold.result->fiscal_document_number, 12);
    EXPECT_EQ(sold.result->receipt_number, 4);
    EXPECT_EQ(judge(pending, observed(11, {foreign})).verdict, Verdict::cannot_tell);
    EXPECT_EQ(judge(pending, observed(10)).verdict, Verdict::cannot_tell);

    FoundDocument closing;
    closing.type = FoundDocument::kShiftClosing;
    closing.number = 12;
    closing.shift = 4;
    contract::Pending close = pending_of(contract::CloseShift{});
    EXPECT_EQ(judge(close, observed(12, {foreign, closing})).verdict, Verdict::cannot_tell);
    close.evidence = {kept("41 00 1E")};
    EXPECT_EQ(judge(close, observed(12, {foreign, closing})).verdict, Verdict::executed);
    close.evidence = {kept("41 73")};
    EXPECT_EQ(judge(close, observed(10)).verdict, Verdict::not_executed);
}

TEST(Judgement, ANumberedAnswerIsProofOnlyUnderTheOperationsOwnNumber) {
    const auto kept_under = [](std::uint16_t number) {
        contract::Evidence evidence;
        evidence.source = "pending_answer";
        evidence.payload = encode_numbered(
            {number, *base::from_hex("FF 45 00 79 13 00 00 00 0C 00 00 00 01 00 00 00")});
        return evidence;
    };
    FoundDocument foreign = receipt_of(25'015);
    FoundDocument ours = receipt_of(25'015);
    ours.number = 12;
    const Observed seen = observed(12, {foreign, ours});
    contract::Pending pending = pending_of(example_receipt());
    pending.evidence = {kept_under(40)};
    EXPECT_EQ(judge(pending, seen).verdict, Verdict::cannot_tell) << "no frame of ours had 40";
    pending.evidence = {evidence_of_number(40), kept_under(41)};
    EXPECT_EQ(judge(pending, seen).verdict, Verdict::cannot_tell);
    pending.evidence = {evidence_of_number(40), kept_under(40)};
    const Judgement sold = judge(pending, seen);
    EXPECT_EQ(sold.verdict, Verdict::executed) << sold.reason;
    EXPECT_EQ(sold.result->fiscal_document_number, 12);
    pending.evidence = {kept_under(40)};
    std::get<contract::FiscalMarker>(pending.marker).frame_number = 40;
    EXPECT_EQ(judge(pending, seen).verdict, Verdict::executed) << "the marker tells it as well";
}

TEST(Judgement, OnlyAnswersThatMakeDocumentsMayProveSomething) {
    const auto standard = [](const char* message) {
        return may_prove(encode_frame(*base::from_hex(message)));
    };
    EXPECT_TRUE(standard("FF 45 00"));
    EXPECT_TRUE(standard("41 00 1E"));
    EXPECT_TRUE(standard("FF 4A 00 06 00"));
    EXPECT_TRUE(may_prove(encode_numbered({9, *base::from_hex("50 00 1E 39 00")})));
    EXPECT_FALSE(standard("10 00 1E"));
    EXPECT_FALSE(standard("FF 46 00"));
    EXPECT_FALSE(may_prove(encode_numbered({9, {}})));
    EXPECT_FALSE(may_prove({}));
}

TEST(Judgement, OfCash) {
    const contract::Pending pending = pending_of(contract::CashIn{200, "RUB"});
    Observed seen = observed(10);
    seen.cash = CashState{1'000, 5, 0, 70};
    EXPECT_EQ(judge(pending, seen).verdict, Verdict::not_executed);
    seen.cash = CashState{1'200, 6, 0, 71};
    const Judgement done = judge(pending, seen);
    EXPECT_EQ(done.verdict, Verdict::executed);
    EXPECT_EQ(done.result->document_number, 71);
    EXPECT_EQ(done.result->total_minor, 200);
    seen.cash = CashState{1'300, 6, 0, 71};
    EXPECT_EQ(judge(pending, seen).verdict, Verdict::cannot_tell);
    seen.cash = CashState{1'400, 7, 0, 72};
    EXPECT_EQ(judge(pending, seen).verdict, Verdict::cannot_tell);
}

TEST(Judgement, WhatLeavesNoTraceIsForAPerson) {
    EXPECT_EQ(judge(pending_of(contract::XReport{}), observed(10)).verdict, Verdict::cannot_tell);
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
