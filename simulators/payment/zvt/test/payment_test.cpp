// Claim: money moves in the terminal's ledger exactly when the till has confirmed what it must, and
// what is not confirmed goes the way of the policy. Shown by bytes to a terminal on virtual time.
#include <algorithm>

#include "simulators/payment/zvt/memory.h"
#include "simulators/payment/zvt/test/till.h"

namespace tillhost::simulators::zvt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Keys = std::vector<std::pair<std::string, std::string>>;

std::vector<std::string> begins(const std::vector<std::string>& heard) {
    std::vector<std::string> all;
    for (const std::string& apdu : heard) {
        all.push_back(apdu.substr(0, 5));
    }
    return all;
}

CardTransactionState last_state(Till& till) { return till.terminal().transactions().back().state; }

TEST(ZvtPayment, AnApprovalIsTheTypicalSequence) {
    Till till;
    till.talk(kRegisterBlocks);
    EXPECT_EQ(begins(till.talk(kPay)), (std::vector<std::string>{"80 00", "04 FF", "04 FF", "04 0F",
                                                                 "06 D3", "06 D3", "06 0F"}));
    EXPECT_EQ(till.money(), 1234);
    const CardTransaction& stored = till.terminal().transactions().at(0);
    EXPECT_EQ(stored.receipt_number, 1);
    EXPECT_EQ(stored.trace_number, 1U);
    EXPECT_FALSE(till.terminal().terminal_state().pending);
}

TEST(ZvtPayment, WithoutBlocksEachLineIsAMessageAndEndsWithAnEmptyOne) {
    Till till;
    till.talk(kRegisterPlain);
    const auto heard = till.talk(kPay);
    EXPECT_EQ(std::count(heard.begin(), heard.end(), "06 D1 01 81"), 2);
    EXPECT_EQ(first_with(heard, "06 D3"), "");
    EXPECT_EQ(till.money(), 1234);
}

TEST(ZvtPayment, ATillThatComposesGetsNoPrints) {
    Till till;
    till.talk(kRegisterCompose);
    EXPECT_EQ(begins(till.talk(kPay)),
              (std::vector<std::string>{"80 00", "04 FF", "04 FF", "04 0F", "06 0F"}));
}

TEST(ZvtPayment, NothingIsStoredUntilTheLastPrintIsConfirmed) {
    Till till;
    till.talk(kRegisterBlocks);
    ASSERT_TRUE(till.talk_until(kPay, "06 D3"));
    till.say(kOk);
    EXPECT_TRUE(till.hear().starts_with("06 D3"));  // the customer's
    EXPECT_EQ(till.money(), 0);
    EXPECT_TRUE(till.terminal().terminal_state().pending);
    till.say("84 00 00");  // confirms too
    EXPECT_EQ(till.money(), 1234);
    EXPECT_EQ(till.hear(), "06 0F 00");
    till.close();  // the lost confirmation of 06 0F changes nothing
    EXPECT_EQ(till.money(), 1234);
}

TEST(ZvtPayment, AResultWithoutConfirmationIsSentThreeTimesThenTakenBack) {
    Till till;
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    const std::string result = till.last();
    EXPECT_EQ(till.hear(seconds(6)), result);
    EXPECT_EQ(till.hear(seconds(6)), result);
    EXPECT_EQ(till.hear(seconds(6)), "closed");
    EXPECT_EQ(till.terminal().terminal_state().phase, "reversing");
    till.open();
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 9C");
    EXPECT_EQ(till.talk(kResync).back(), "84 9C 00");
    till.pass(seconds(3));
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 00");
    EXPECT_EQ(till.money(), 0);
    EXPECT_EQ(last_state(till), CardTransactionState::auto_reversed);
    EXPECT_EQ(till.terminal().terminal_state().receipt_number, 0);
}

TEST(ZvtPayment, APrintWithoutConfirmationTakesThePaymentBack) {
    Till till;
    till.talk(kRegisterBlocks);
    ASSERT_TRUE(till.talk_until(kPay, "06 D3"));
    till.close();
    till.pass(seconds(3));
    EXPECT_EQ(till.money(), 0);
    EXPECT_EQ(last_state(till), CardTransactionState::auto_reversed);
    till.open();
    till.talk(kRegisterBlocks);
    ASSERT_TRUE(till.talk_until(kPay, "06 D3"));
    till.say("84 CC 00");  // the till's printer failed
    till.pass(seconds(3));
    EXPECT_EQ(till.money(), 0);
}

TEST(ZvtPayment, TheOtherPoliciesKeepOrDecline) {
    Till till;
    till.fault("terminal", {{"policy", "decline"}});
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    till.close();
    EXPECT_EQ(last_state(till), CardTransactionState::declined);
    till.fault("terminal", {{"policy", "keep"}});
    till.open();
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    till.close();
    EXPECT_EQ(last_state(till), CardTransactionState::stored);
    EXPECT_EQ(till.money(), 1234);
}

TEST(ZvtPayment, AnIdOneTooSmallTakesTheLastTransactionBack) {
    Till till({.policy = Policy::keep});
    till.talk(kRegisterCompose);
    till.talk(kPay);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));  // 0002, and the till never sees it stored
    EXPECT_EQ(field_of(till.last(), 0x06), "1F 1F 02 00 02");
    till.close();
    EXPECT_EQ(till.money(), 2468);
    till.open();
    // The till trusts 0001: 0002 goes, and its number is used again.
    const auto heard = till.talk("06 01 11 04 00 00 00 00 50 00 49 09 78 06 05 1F 1F 02 00 01");
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x87), "00 02");
    EXPECT_EQ(till.money(), 1234 + 5000);
    // In step, empty, or anything else: nothing is taken back.
    till.talk("06 01 11 04 00 00 00 00 00 01 49 09 78 06 05 1F 1F 02 00 02");
    till.talk("06 01 0F 04 00 00 00 00 00 01 49 09 78 06 03 1F 1F 00");
    till.talk("06 01 11 04 00 00 00 00 00 01 49 09 78 06 05 1F 1F 02 00 01");
    EXPECT_EQ(till.money(), 1234 + 5000 + 3);
}

TEST(ZvtPayment, ATillMayAskForTheResultAgainOrTakePartOrNothing) {
    Till till;
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    const std::string result = till.last();
    till.say("84 9C 00");
    EXPECT_EQ(till.hear(milliseconds(1999)), "");
    EXPECT_EQ(till.hear(milliseconds(2)), result);
    till.say("84 9D 07 04 00 00 00 00 05 00");
    EXPECT_EQ(till.hear(), "06 0F 00");
    till.say(kOk);
    EXPECT_EQ(till.money(), 500);

    ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
    till.say("84 66 00");
    EXPECT_TRUE(till.hear().starts_with("04 0F 07 27 6C"));
    till.say(kOk);
    EXPECT_EQ(till.hear(), "06 1E 01 6C");
    till.say(kOk);
    EXPECT_EQ(till.money(), 500);
    EXPECT_EQ(last_state(till), CardTransactionState::auto_reversed);
}

TEST(ZvtPayment, AskingAgainEndsByNumberOrByTime) {
    Till till;
    till.talk(kRegisterCompose);
    // BMP 02 = 0: one repeat. BMP 01 = 5: five seconds.
    for (const auto& [limit, repeats] : {std::pair{"02 00", 1}, std::pair{"01 05", 2}}) {
        ASSERT_TRUE(
            till.talk_until("06 01 09 04 00 00 00 00 12 34 " + std::string(limit), "04 0F 4"));
        for (int i = 0; i < repeats; ++i) {
            till.say("84 9C 00");
            EXPECT_TRUE(till.hear().starts_with("04 0F")) << limit;
        }
        till.say("84 9C 00");
        EXPECT_TRUE(till.hear().starts_with("04 0F 07 27 6C")) << limit;
        till.say(kOk);
        EXPECT_EQ(till.hear(), "06 1E 01 6C") << limit;
        till.say(kOk);
        EXPECT_EQ(till.money(), 0);
    }
}

TEST(ZvtPayment, CardsComeFromTheControlSocket) {
    Till till;
    till.talk(kRegisterCompose);
    till.fault("card", {{"outcome", "declined"}});
    auto heard = till.talk(kPay);
    EXPECT_EQ(first_with(heard, "04 0F"),
              "04 0F 11 27 05 29 28 00 48 69 04 00 00 00 00 12 34 49 09 78");
    EXPECT_EQ(heard.back(), "06 1E 01 05");
    till.fault("card", {{"outcome", "wrong_pin"}});
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 37");
    till.fault("card", {{"outcome", "cancelled"}});
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 6C");
    till.fault("card", {{"outcome", "unreadable"}});
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 64");
    EXPECT_EQ(till.money(), 0);
    till.fault("card", {{"outcome", "pin_retry"}});
    heard = till.talk(kPay);
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x27), "37");
    EXPECT_EQ(heard.back(), "06 0F 00");
    EXPECT_EQ(till.money(), 1234);
    till.fault("card", {{"ms", "20000"}});
    ASSERT_TRUE(till.talk_until(kPay, "04 FF 01 0E"));
    till.say(kOk);
    EXPECT_EQ(till.hear(milliseconds(19'999)), "");
    EXPECT_TRUE(till.hear(milliseconds(2)).starts_with("04 0F"));
}

TEST(ZvtPayment, PartIsApprovedOnlyForATillThatTakesIt) {
    Till till;
    till.talk(kRegisterCompose);
    till.fault("card", {{"outcome", "partial"}, {"total", "700"}, {"count", "2"}});
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 05");
    const auto heard = till.talk("06 01 10 04 00 00 00 00 12 34 49 09 78 06 04 1F 70 01 01");
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x04), "00 00 00 00 07 00");
    EXPECT_EQ(till.money(), 700);
}

TEST(ZvtPayment, AmountsOfTheTableBringTheirCards) {
    Till till;
    till.talk(kRegisterCompose);
    const auto pay = [&till](const std::string& amount) {
        return till.talk("06 01 0A 04 " + amount + " 49 09 78").back();
    };
    EXPECT_EQ(pay("00 00 00 90 00 51"), "06 1E 01 33");  // host code 51
    EXPECT_EQ(pay("00 00 00 90 00 55"), "06 1E 01 37");  // wrong PIN
    EXPECT_EQ(pay("00 00 00 90 01 01"), "06 1E 01 6C");
    EXPECT_EQ(pay("00 00 00 90 01 02"), "06 1E 01 64");
    EXPECT_EQ(pay("00 00 00 90 03 00"), "06 1E 01 05");  // in part, to a till that takes none
    EXPECT_EQ(till.money(), 0);
    EXPECT_EQ(pay("00 00 00 90 01 03"), "06 0F 00");  // the second PIN is right
    EXPECT_EQ(till.money(), 900'103);
}

TEST(ZvtPayment, AReversalNamesAReceiptOfTheDay) {
    Till till;
    till.talk(kRegisterCompose);
    till.talk(kPay);
    const auto reverse = [&till](const std::string& rest) {
        return till.talk("06 30 " + rest).back();
    };
    EXPECT_EQ(reverse("06 00 00 00 87 00 42"), "06 1E 01 B5");
    EXPECT_EQ(reverse("0D 00 00 00 87 00 01 04 00 00 00 00 99 99"), "06 1E 01 B7");
    EXPECT_EQ(till.money(), 1234);
    const auto heard = till.talk("06 30 06 00 00 00 87 00 01");
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x37), "00 00 01");
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x87), "00 02");
    EXPECT_EQ(till.money(), 0);
    EXPECT_EQ(till.terminal().transactions().at(0).state, CardTransactionState::reversed);
    EXPECT_EQ(reverse("06 00 00 00 87 00 01"), "06 1E 01 B4");
    till.talk(kPay);
    till.talk("06 50 03 00 00 00");
    EXPECT_EQ(reverse("06 00 00 00 87 00 03"), "06 1E 01 B5");  // of another day
}

TEST(ZvtPayment, AReversalWithoutConfirmationIsItselfTakenBack) {
    Till till;
    till.talk(kRegisterCompose);
    till.talk(kPay);
    ASSERT_TRUE(till.talk_until("06 30 06 00 00 00 87 00 01", "04 0F"));
    till.close();
    till.pass(seconds(3));
    EXPECT_EQ(till.money(), 1234);
    EXPECT_EQ(till.terminal().transactions().at(0).state, CardTransactionState::stored);
}

TEST(ZvtPayment, ARefundIsSubtracted) {
    Till till;
    till.talk(kRegisterCompose);
    till.talk(kPay);
    till.talk("06 31 0D 00 00 00 04 00 00 00 00 02 00 49 09 78");
    EXPECT_EQ(till.money(), 1034);
}

TEST(ZvtPayment, AnAbortIsTakenUntilTheHostIsAsked) {
    Till till;
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 FF 02 0A"));
    till.say(kOk);
    till.say("06 B0 00");
    EXPECT_EQ(till.hear(), kOk);
    EXPECT_TRUE(till.hear().starts_with("04 0F 07 27 6C"));
    till.say(kOk);
    EXPECT_EQ(till.hear(), "06 1E 01 6C");
    till.say(kOk);
    ASSERT_TRUE(till.talk_until(kPay, "04 FF 01 0E"));
    till.say(kOk);
    till.say("06 B0 00");
    EXPECT_EQ(till.hear(), "84 83 00");
    EXPECT_TRUE(till.hear().starts_with("04 0F"));
    till.say(kOk);
    EXPECT_EQ(till.hear(), "06 0F 00");
    EXPECT_EQ(till.money(), 1234);
}

TEST(ZvtPayment, ACommandOutOfTurnIsTreatedAsItIsSet) {
    Till till;
    till.talk(kRegisterCompose);
    for (const auto& [mode, answer] : {std::pair{"ignore", ""}, std::pair{"wait", "84 9C 00"},
                                       std::pair{"refuse", "84 83 00"}}) {
        till.fault("terminal", {{"busy", mode}});
        ASSERT_TRUE(till.talk_until(kPay, "04 0F"));
        till.say(kPay);
        EXPECT_EQ(till.hear(milliseconds(1)), answer) << mode;
        till.say(kOk);
        EXPECT_EQ(till.hear(), "06 0F 00");
        till.say(kOk);
    }
    EXPECT_EQ(till.money(), 3 * 1234);
}

TEST(ZvtPayment, AClosedLineBeforeTheHostIsAskedCancels) {
    Till till;
    till.talk(kRegisterCompose);
    ASSERT_TRUE(till.talk_until(kPay, "04 FF 02 0A"));
    till.close();
    till.pass(seconds(30));
    EXPECT_TRUE(till.terminal().transactions().empty());
    till.open();
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 00");
}

TEST(ZvtPayment, AClosedLineWhileTheHostIsAskedEndsInAReversal) {
    Till till;
    till.talk(kRegisterCompose);
    till.fault("card", {{"ms", "5000"}});
    ASSERT_TRUE(till.talk_until(kPay, "04 FF 01 0E"));
    till.say(kOk);
    till.close();
    till.open();
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 9C");
    till.pass(seconds(5));
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 9C");
    till.pass(seconds(2));
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 00");
    EXPECT_EQ(last_state(till), CardTransactionState::auto_reversed);
}

TEST(ZvtPayment, TheReceiptNumberWraps) {
    const auto store = std::make_shared<MemoryFiscalStore>();
    const base::Bytes counters = encode_counters({.receipt = 9999, .trace = 999'999});
    ASSERT_TRUE(store->commit({.state = counters}));
    Till till({.store = store});
    till.talk(kRegisterCompose);
    const auto heard = till.talk(kPay);
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x87), "00 01");
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x0B), "00 00 01");
}

}  // namespace
}  // namespace tillhost::simulators::zvt
