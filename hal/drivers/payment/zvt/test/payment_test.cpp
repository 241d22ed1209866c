// Claim: each operation says the bytes of PA00P015, makes marker, evidence and result durable
// before the byte that needs them, and gives the result as the class wants it. Shown by scripted
// dialogues, with the book's records and the bytes in one story.
#include <gtest/gtest.h>

#include "hal/drivers/payment/zvt/test/results.h"
#include "hal/drivers/payment/zvt/test/scripted.h"

namespace tillhost::drivers::zvt {
namespace {

using contract::PromptKind;

Story till(std::initializer_list<std::string> rest) {
    Story story{"till " + kLast, "till " + kAccepted, "till " + kAccepted, "marker"};
    story.insert(story.end(), rest);
    return story;
}

TEST(Zvt, OpensWithRegistrationAndStatus) {
    const Counter counter;
    const auto& status = std::get<contract::TerminalStatus>((*counter.opened)->status);
    EXPECT_EQ(status.identity.serial, "28004869");
    EXPECT_EQ(status.state, contract::TerminalState::ready);
    EXPECT_EQ(status.software, "2.14.15");
    EXPECT_EQ(status.currency, "EUR");
}

TEST(Zvt, PaysAndKeepsEachAnswerBeforeItIsAcknowledged) {
    Counter counter;
    counter.terminal.tells_last(hex_of(earlier()));
    counter.terminal.then(kPay, {kAccepted, "04 FF 02 0A 03"})
        .then(kAccepted, {"04 FF 01 0E"})
        .then(kAccepted, {approval()})
        .then(kAccepted, {block()})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    const auto result = counter.pay();
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->amount_minor, 1234);
    EXPECT_EQ(result->requested_minor, 1234);
    EXPECT_EQ(result->currency, "EUR");
    EXPECT_EQ(result->receipt_number, 43);
    EXPECT_EQ(result->trace_number, 187);
    EXPECT_EQ(result->turnover_number, 43);
    EXPECT_EQ(result->terminal_id, "28004869");
    EXPECT_EQ(result->card_name, "MASTERCARD");
    EXPECT_EQ(result->card_number, "************4771");
    EXPECT_EQ(result->paid_at, "--06-11T14:30:05");
    EXPECT_EQ(result->text, "APPROVED");
    EXPECT_EQ(base::to_hex(result->trusted_id), "00 43");
    ASSERT_EQ(result->receipts.size(), 1U);
    EXPECT_EQ(result->receipts[0].kind, contract::TerminalReceiptKind::customer);
    EXPECT_EQ(result->receipts[0].lines[0].text, "TESTSHOP");
    EXPECT_EQ(result->receipts[0].lines[0].alignment, contract::Alignment::centre);
    EXPECT_EQ(counter.terminal.story,
              till({"till " + kPay, "till " + kAccepted, "till " + kAccepted, "evidence zvt_result",
                    "till " + kAccepted, "evidence zvt_prints", "till " + kAccepted, "result",
                    "till " + kAccepted}));
    EXPECT_EQ(std::get<contract::PaymentResult>(*counter.book.result), *result);
    ASSERT_EQ(counter.book.prompts.size(), 2U);
    EXPECT_EQ(counter.book.prompts[0].first, PromptKind::insert_card);
    EXPECT_EQ(counter.book.prompts[1].first, PromptKind::please_wait);
    // The question and its two answers, the payment, and each step's acknowledgement before it is
    // shown: the terminal does not wait for devd.
    EXPECT_EQ(counter.book.writes_at_prompts, (std::vector<std::size_t>{5, 6}));
}

TEST(Zvt, TheMarkerTellsTheTerminalBeforeThePayment) {
    Counter counter;
    counter.terminal.tells_last(hex_of(earlier()));
    counter.terminal.then(kPay, {"84 83 00"});
    EXPECT_FALSE(counter.pay());
    const auto& marker = std::get<contract::PaymentMarker>(counter.book.pending.marker);
    EXPECT_EQ(marker.identity.serial, "28004869");
    EXPECT_EQ(marker.last_receipt_number, 42);
    EXPECT_EQ(marker.last_trace_number, 186);
    EXPECT_EQ(marker.last_turnover_number, 42);
    EXPECT_EQ(base::to_hex(marker.last_transaction), hex_of(earlier()));
    EXPECT_EQ(marker.amount_minor, 1234);
    EXPECT_EQ(marker.currency, "EUR");
}

TEST(Zvt, PrintLinesAreKeptWithTheLastLineOfTheirReceipt) {
    Counter counter;
    counter.terminal.tells_last("");
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())})
        .then(kAccepted, {"06 D1 03 40 41 42"})
        .then(kAccepted, {"06 D1 03 00 43 44"})
        .then(kAccepted, {"06 D1 01 81"})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    const auto result = counter.pay();
    ASSERT_TRUE(result);
    ASSERT_EQ(result->receipts.size(), 1U);
    EXPECT_EQ(result->receipts[0].kind, contract::TerminalReceiptKind::merchant);
    EXPECT_EQ(result->receipts[0].lines.size(), 2U);
    Story wanted{"till " + kLast,
                 "till " + kAccepted,
                 "marker",
                 "till " + kPay,
                 "evidence zvt_result",
                 "till " + kAccepted,
                 "till " + kAccepted,
                 "till " + kAccepted,
                 "evidence zvt_prints",
                 "till " + kAccepted,
                 "result",
                 "till " + kAccepted};
    EXPECT_EQ(counter.terminal.story, wanted);
}

TEST(Zvt, TheTransactionBeforeIsNotThisPayment) {
    Counter counter;
    counter.terminal.tells_last(hex_of(paid()));
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    const auto result = counter.pay();
    ASSERT_FALSE(result) << "the same numbers twice are one payment";
    EXPECT_EQ(result.error().effect, base::Effect::unknown);
}

TEST(Zvt, AConnectionForEachOperationIsTheDefault) {
    ScriptedTerminal terminal;
    Book book(terminal);
    auto driver = *make_driver({}, std::make_unique<ScriptedPort>(terminal), terminal.clock);
    terminal.enrolled().then("05 01 03 00 00 00", {kAccepted, "06 0F 01 00"}).then(kAccepted);
    ASSERT_TRUE(driver->open({}, book, terminal.clock.now() + 60s));
    terminal.enrolled().tells_last(hex_of(earlier()));
    terminal.then("06 50 03 00 00 00", {"84 77 00"});
    EXPECT_FALSE(driver->execute(contract::EndOfDay{}, book, terminal.clock.now() + 60s));
    EXPECT_EQ(terminal.connections, 2);
    EXPECT_TRUE(terminal.script.empty());
}

TEST(Zvt, ALineThatWasCutWhileIdleIsOpenedAgain) {
    Counter counter;
    counter.terminal.then_hang_up(kLast);
    counter.terminal.enrolled().tells_last(hex_of(earlier()));
    counter.terminal.then(kPay, {kAccepted, hex_of(paid())})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    EXPECT_TRUE(counter.pay());
}

TEST(Zvt, ATrustedIdIsToldOnlyWhereTheTerminalHasTheSame) {
    for (const auto& [booked, kept, sent] :
         {std::tuple("00 42", "00 42", "06 05 1F 1F 02 00 42"),
          std::tuple("00 41", "00 42", "06 03 1F 1F 00"), std::tuple("", "00 42", "06 03 1F 1F 00"),
          std::tuple("00 42", "", "06 05 1F 1F 02 00 42")}) {
        Counter counter;
        contract::PaymentResult last;
        last.trusted_id = *base::from_hex(booked);
        counter.book.last = last;
        StatusInfo before = earlier();
        if (*kept != '\0') {
            before.id = *base::from_hex(kept);
        }
        const base::Bytes tail = *base::from_hex(sent);
        base::Bytes pay = *base::from_hex(kPay);
        pay[2] = base::byte(static_cast<unsigned>(pay.size() - kHeadBytes + tail.size()));
        pay.insert(pay.end(), tail.begin(), tail.end());
        counter.terminal.tells_last(hex_of(before));
        counter.terminal.then(base::to_hex(pay), {"84 83 00"});
        EXPECT_FALSE(counter.pay());
        EXPECT_TRUE(counter.terminal.script.empty()) << booked << " " << kept;
    }
}

TEST(Zvt, NumbersOfATerminalThatStoodHereBeforeStandInForNothing) {
    for (const auto& [terminal, number] :
         {std::pair("28004869", 43), std::pair("29004869", 0), std::pair("", 43)}) {
        Counter counter;
        contract::PaymentResult last;
        last.terminal_id = terminal;
        last.receipt_number = 43;
        last.trace_number = 187;
        counter.book.last = last;
        counter.terminal.tells_last("").then(kPay, {"84 83 00"});
        EXPECT_FALSE(counter.pay());
        const auto& marker = std::get<contract::PaymentMarker>(counter.book.pending.marker);
        EXPECT_EQ(marker.last_receipt_number, number) << terminal;
    }
}

TEST(Zvt, LessIsTakenOnlyWhereItWasAllowed) {
    StatusInfo less = paid();
    less.amount = 1000;
    for (const bool allowed : {false, true}) {
        Counter counter;
        counter.terminal.tells_last(hex_of(earlier()));
        counter.terminal
            .then(allowed ? "06 01 12 04 00 00 00 00 12 34 49 09 78 19 40 06 04 1F 70 01 01" : kPay,
                  {kAccepted, hex_of(less)})
            .then(kAccepted, {kDone})
            .then(kAccepted);
        const auto result = counter.pay(1234, allowed);
        ASSERT_EQ(result.has_value(), allowed);
        if (allowed) {
            EXPECT_EQ(result->amount_minor, 1000);
            EXPECT_EQ(result->requested_minor, 1234);
        } else {
            EXPECT_EQ(result.error().effect, base::Effect::unknown);
            EXPECT_FALSE(counter.book.result);
        }
    }
}

TEST(Zvt, ReversesByReceiptNumber) {
    Counter counter;
    StatusInfo reversal = paid();
    reversal.original_trace = 186;
    counter.terminal.tells_last(hex_of(earlier()));
    counter.terminal
        .then("06 30 10 00 00 00 87 00 42 04 00 00 00 00 12 34 49 09 78",
              {kAccepted, hex_of(reversal)})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    contract::Reverse command;
    command.amount_minor = 1234;
    command.currency = "EUR";
    command.receipt_number = 42;
    const auto done = counter.execute(command);
    ASSERT_TRUE(done) << base::to_text(done.error());
    EXPECT_EQ(std::get<contract::PaymentResult>(*done).amount_minor, 1234);
    command.receipt_number = 0;
    const auto refused = counter.execute(command);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::bad_field);
}

TEST(Zvt, ReversesNothingAtAnotherTerminalThanThatOfThePayment) {
    Counter counter;
    counter.terminal.tells_last(hex_of(earlier()));
    contract::Reverse command;
    command.amount_minor = 1234;
    command.currency = "EUR";
    command.receipt_number = 42;  // this terminal has a payment of that number too
    command.terminal_id = "28004870";
    const auto refused = counter.execute(command);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::wrong_device);
    EXPECT_EQ(refused.error().effect, base::Effect::none);
    EXPECT_NE(refused.error().detail.find("28004870"), std::string::npos);
    const Story wanted{"till " + kLast, "till " + kAccepted, "till " + kAccepted};
    EXPECT_EQ(counter.terminal.story, wanted) << "neither a marker nor a reversal";
}

TEST(Zvt, Refunds) {
    Counter counter;
    counter.terminal.tells_last(hex_of(earlier()));
    counter.terminal
        .then("06 31 0D 00 00 00 04 00 00 00 00 12 34 49 09 78", {kAccepted, hex_of(paid())})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    contract::Refund command;
    command.amount_minor = 1234;
    command.currency = "EUR";
    EXPECT_TRUE(counter.execute(command));
}

TEST(Zvt, ClosesTheBusinessDayWithItsTotals) {
    Counter counter;
    counter.terminal.tells_last(hex_of(earlier()));
    counter.terminal
        .then(
            "06 50 03 00 00 00",
            {kAccepted,
             "04 0F 3B 27 00 60 F0 F5 F3 00 01 00 43 02 00 00 00 00 12 34 00 00 00 00 00 00 00 01 "
             "00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
             "00 00 00 00 00 00"})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    const auto done = counter.execute(contract::EndOfDay{});
    ASSERT_TRUE(done) << base::to_text(done.error());
    const auto& day = std::get<contract::EndOfDayResult>(*done);
    ASSERT_EQ(day.totals.size(), 2U);
    EXPECT_EQ(day.totals[0].card_name, "girocard");
    EXPECT_EQ(day.totals[0].count, 2);
    EXPECT_EQ(day.totals[0].amount_minor, 1234);
    EXPECT_EQ(day.totals[1].card_name, "Mastercard");
    EXPECT_EQ(day.amount_minor, 1734);
}

TEST(Zvt, ServesWithoutMoneyAndWithoutRecords) {
    Counter counter;
    counter.terminal.then("06 70 00", {kAccepted, "06 D1 03 00 41 42"})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    const auto diagnosis = counter.execute(contract::Diagnose{});
    ASSERT_TRUE(diagnosis);
    const auto& receipts = std::get<contract::TerminalReceipts>(*diagnosis).receipts;
    ASSERT_EQ(receipts.size(), 1U);
    EXPECT_EQ(receipts[0].kind, contract::TerminalReceiptKind::administrative);
    counter.terminal.then("06 93 03 00 00 00", {kAccepted, "06 1E 01 7D"}).then(kAccepted);
    const auto failed = counter.execute(contract::InitialiseTerminal{});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().device_code, 0x7DU);
    contract::RepeatReceipt repeat;
    repeat.which = contract::ReceiptChoice::customer;
    counter.terminal.then("06 20 09 00 00 00 06 04 1F 01 01 03", {kAccepted, block()})
        .then(kAccepted, {kDone})
        .then(kAccepted);
    EXPECT_TRUE(counter.execute(repeat));
    for (const std::string& line : counter.terminal.story) {
        EXPECT_TRUE(line.starts_with("till ")) << line;
    }
}

TEST(Zvt, RefusesBeforeTheMarkerWhatCannotGoWell) {
    Counter counter;
    contract::Authorise command;
    command.amount_minor = 100;
    command.currency = "CHF";
    EXPECT_EQ(counter.execute(command).error().code, base::ErrorCode::wrong_currency);
    EXPECT_TRUE(counter.terminal.story.empty());
    counter.terminal.then(kLast, {"84 9C 00"});
    const auto busy = counter.pay();
    EXPECT_EQ(busy.error().code, base::ErrorCode::terminal_busy);
    EXPECT_EQ(busy.error().effect, base::Effect::none);
    EXPECT_EQ(counter.terminal.story, Story{"till " + kLast});
}

TEST(Zvt, TellsItsLastTransaction) {
    Counter counter;
    StatusInfo reversal = earlier();
    reversal.original_trace = 185;
    counter.terminal.tells_last(hex_of(reversal));
    const auto told = counter.driver->query(contract::LastTransactionQuery{}, counter.deadline());
    ASSERT_TRUE(told);
    const auto& last = std::get<contract::LastTransaction>(*told);
    EXPECT_TRUE(last.known);
    EXPECT_EQ(last.kind, contract::TransactionKind::reversal);
    EXPECT_EQ(last.outcome, contract::TransactionOutcome::approved);
    EXPECT_EQ(last.payment->receipt_number, 42);
    counter.terminal.tells_last("");
    EXPECT_FALSE(std::get<contract::LastTransaction>(
                     *counter.driver->query(contract::LastTransactionQuery{}, counter.deadline()))
                     .known);
}

TEST(Zvt, NamesTheProtocolThatAnswersInstead) {
    for (const auto& [hex, word] :
         {std::pair("15 03 69", "ECR17"), std::pair("00 00 00 3E 56 45 52 7C", "VER|APP"),
          std::pair("10 02 80 00 00 10 03 F5 1F", "serial"),
          std::pair("48 54 54 50", "48 54 54 50")}) {
        ScriptedTerminal terminal;
        Book book(terminal);
        auto driver = *make_driver({}, std::make_unique<ScriptedPort>(terminal), terminal.clock);
        terminal.then(ScriptedTerminal::kRegistration, {hex});
        const auto opened = driver->open({}, book, terminal.clock.now() + 60s);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().code, base::ErrorCode::unexpected_answer);
        EXPECT_NE(opened.error().detail.find(word), std::string::npos) << opened.error().detail;
    }
}

TEST(Zvt, AWrongPasswordIsNoWrongPin) {
    ScriptedTerminal terminal;
    Book book(terminal);
    auto driver = *make_driver({}, std::make_unique<ScriptedPort>(terminal), terminal.clock);
    terminal.then(ScriptedTerminal::kRegistration, {"84 37 00"});
    EXPECT_EQ(driver->open({}, book, terminal.clock.now() + 60s).error().code,
              base::ErrorCode::wrong_password);
    terminal.then(ScriptedTerminal::kRegistration, {"84 1E 03 6F 09 78"});
    EXPECT_EQ(driver->open({}, book, terminal.clock.now() + 60s).error().code,
              base::ErrorCode::wrong_currency);
}

TEST(Zvt, NamesAWrongSetting) {
    const os::FakeClock clock;
    for (const auto& [name, value] :
         {std::pair("password", "12345a"), std::pair("currency", "EURO"),
          std::pair("prints", "nobody"), std::pair("charset", "koi8"),
          std::pair("answer_timeout_s", "0"), std::pair("completion_timeout_s", "601"),
          std::pair("keep_open", "1"), std::pair("link", "usb")}) {
        const auto made = make_driver({{name, value}}, nullptr, clock);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, base::ErrorCode::config_invalid);
        EXPECT_NE(made.error().detail.find(name), std::string::npos);
    }
}

}  // namespace
}  // namespace tillhost::drivers::zvt
