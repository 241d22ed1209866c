// Claim: each thing that a terminal can do wrong happens when it is asked for, once, and the ledger
// stays what the protocol makes of it. Shown by arming each and talking to the terminal.
#include <algorithm>

#include "simulators/payment/zvt/test/till.h"

namespace tillhost::simulators::zvt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ZvtFaults : public testing::Test {
protected:
    ZvtFaults() { till_.talk(kRegisterBlocks); }
    /// After all that has gone wrong the next payment is an ordinary one.
    void expect_ordinary() {
        till_.pass(seconds(20));
        if (till_.closed() || !till_.terminal().terminal_state().connected) {
            till_.open();
        }
        till_.talk(kRegisterBlocks);
        const std::int64_t before = till_.money();
        const auto heard = till_.talk(kPay);
        EXPECT_EQ(heard.front(), kOk);
        EXPECT_EQ(heard.back(), "06 0F 00");
        EXPECT_EQ(till_.money(), before + 1234);
    }
    CardTransactionState last_state() { return till_.terminal().transactions().back().state; }
    Till till_;
};

TEST_F(ZvtFaults, NoAnswerAndItIsCarriedOut) {
    till_.quirk("no_answer");
    const auto heard = till_.talk(kPay);
    EXPECT_TRUE(heard.front().starts_with("04 FF"));
    EXPECT_EQ(till_.money(), 1234);
    expect_ordinary();
}

TEST_F(ZvtFaults, ChargesAnotherAmountAndTellsIt) {
    till_.fault("quirk", {{"kind", "other_amount"}, {"code", "6"}});
    bool told = false;
    for (const std::string& heard : till_.talk(kPay)) {
        told = told || heard.find("27 00 04 00 00 00 00 12 40") != std::string::npos;
    }
    EXPECT_TRUE(told);
    EXPECT_EQ(till_.money(), 1240);
    expect_ordinary();
}

TEST_F(ZvtFaults, AnotherTerminalMayStandOnTheLine) {
    till_.fault("swap_device", {{"serial", "29001006"}});
    EXPECT_EQ(till_.terminal().terminal_state().terminal_id, "29001006");
    EXPECT_FALSE(till_.terminal().terminal_state().registered);
    EXPECT_FALSE(till_.terminal().inject(*parse_fault("swap_device", {}), {}));
}

TEST_F(ZvtFaults, AnswerAfterT3) {
    till_.quirk("late_answer");
    till_.say(kPay);
    EXPECT_EQ(till_.hear(milliseconds(5999)), "");
    EXPECT_EQ(till_.hear(milliseconds(2)), kOk);
    till_.close();
    EXPECT_TRUE(till_.terminal().transactions().empty());
    expect_ordinary();
}

TEST_F(ZvtFaults, ClosesAfterItsAnswerAndThePaymentIsTakenBack) {
    till_.quirk("hang_up_on_answer");
    till_.say(kPay);
    EXPECT_EQ(till_.hear(), kOk);
    EXPECT_EQ(till_.hear(), "closed");
    till_.open();
    EXPECT_EQ(till_.talk(kStatusShort).back(), "06 0F 01 9C");
    till_.pass(seconds(5));
    EXPECT_EQ(last_state(), CardTransactionState::auto_reversed);
    expect_ordinary();
}

TEST_F(ZvtFaults, ClosesBeforeTheResult) {
    till_.quirk("hang_up_before_status");
    const auto heard = till_.talk(kPay);
    EXPECT_EQ(first_with(heard, "04 0F"), "");
    EXPECT_EQ(heard.back(), "closed");
    till_.pass(seconds(3));
    EXPECT_EQ(last_state(), CardTransactionState::auto_reversed);
    expect_ordinary();
}

TEST_F(ZvtFaults, ClosesBehindTheResult) {
    till_.quirk("hang_up_on_status");
    const auto heard = till_.talk(kPay);
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x27), "00");
    EXPECT_EQ(heard.back(), "closed");
    till_.pass(seconds(3));
    EXPECT_EQ(till_.money(), 0);
    expect_ordinary();
}

TEST_F(ZvtFaults, ClosesBehindTheResultAndKeepsIt) {
    till_.fault("terminal", {{"policy", "keep"}});
    till_.quirk("hang_up_on_status");
    EXPECT_EQ(till_.talk(kPay).back(), "closed");
    EXPECT_EQ(till_.money(), 1234);
    till_.open();
    EXPECT_EQ(field_of(first_with(till_.talk(kResync), "04 0F"), 0x87), "00 01");
}

TEST_F(ZvtFaults, ClosesBetweenTwoPrints) {
    till_.quirk("hang_up_between_prints");
    const auto heard = till_.talk(kPay);
    EXPECT_EQ(std::count_if(heard.begin(), heard.end(),
                            [](const std::string& apdu) { return apdu.starts_with("06 D3"); }),
              1);
    EXPECT_EQ(heard.back(), "closed");
    till_.pass(seconds(3));
    EXPECT_EQ(till_.money(), 0);
    expect_ordinary();
}

TEST_F(ZvtFaults, SwallowsTheCompletionOfAStoredPayment) {
    till_.quirk("no_completion");
    EXPECT_TRUE(till_.talk(kPay).back().starts_with("06 D3"));
    EXPECT_EQ(till_.money(), 1234);
    expect_ordinary();
}

TEST_F(ZvtFaults, SendsTheResultTwiceAndStoresItOnce) {
    till_.quirk("status_twice");
    const auto heard = till_.talk(kPay);
    EXPECT_EQ(std::count(heard.begin(), heard.end(), first_with(heard, "04 0F")), 2);
    EXPECT_EQ(till_.money(), 1234);
    expect_ordinary();
}

TEST_F(ZvtFaults, ApprovesThenReversesInSilence) {
    till_.quirk("silent_reversal", "15000");
    const auto heard = till_.talk(kPay);
    EXPECT_TRUE(heard.back().starts_with("04 FF"));
    EXPECT_EQ(till_.talk(kStatusShort).back(), "06 0F 01 9C");
    EXPECT_EQ(till_.terminal().terminal_state().phase, "reversing");
    till_.pass(seconds(15));
    EXPECT_EQ(till_.talk(kStatusShort).back(), "06 0F 01 00");
    EXPECT_EQ(last_state(), CardTransactionState::auto_reversed);
    expect_ordinary();
}

TEST_F(ZvtFaults, ClosesAnIdleLine) {
    till_.fault("terminal", {{"idle_ms", "1000"}});
    EXPECT_EQ(till_.hear(milliseconds(999)), "");
    EXPECT_EQ(till_.hear(milliseconds(2)), "closed");
    till_.open();
    EXPECT_EQ(till_.talk(kPay).back(), "06 0F 00");  // not in the middle of a procedure
}

TEST_F(ZvtFaults, BytesDribble) {
    till_.fault("slow", {{"baud", "100"}});  // 100 ms a byte
    till_.say(kStatusShort);
    till_.pass(milliseconds(800));
    EXPECT_EQ(till_.raw().size(), 0U);
    till_.pass(milliseconds(150));
    EXPECT_EQ(base::to_hex(till_.raw()), "80");
    till_.pass(milliseconds(100));
    EXPECT_EQ(base::to_hex(till_.raw()), "00");
}

TEST_F(ZvtFaults, TwoApdusLeaveInOneSegment) {
    till_.quirk("coalesce");
    till_.fault("quirk", {{"kind", "no_completion"}});
    till_.say(kStatusShort);
    EXPECT_EQ(base::to_hex(till_.raw()), "80 00 00");  // nothing to wait for
    till_.quirk("coalesce");
    till_.say(kPay);
    EXPECT_EQ(base::to_hex(till_.raw()), "80 00 00 04 FF 02 0A 03");
}

TEST_F(ZvtFaults, CompletesWithoutAResult) {
    till_.quirk("no_status");
    const auto heard = till_.talk(kPay);
    EXPECT_EQ(first_with(heard, "04 0F"), "");
    EXPECT_EQ(heard.back(), "06 0F 00");
    EXPECT_EQ(till_.money(), 1234);
    expect_ordinary();
}

TEST_F(ZvtFaults, CompletesWithAnError) {
    till_.fault("quirk", {{"kind", "completion_code"}, {"code", "0xE0"}});
    EXPECT_EQ(till_.talk(kPay).back(), "06 0F 02 27 E0");
    expect_ordinary();
}

TEST_F(ZvtFaults, CompletesADecline) {
    till_.quirk("decline_by_completion");
    till_.fault("card", {{"outcome", "declined"}});
    const auto heard = till_.talk(kPay);
    EXPECT_EQ(field_of(first_with(heard, "04 0F"), 0x27), "05");
    EXPECT_EQ(heard.back(), "06 0F 00");
    EXPECT_EQ(till_.money(), 0);
    expect_ordinary();
}

TEST_F(ZvtFaults, WritesInAnotherCharset) {
    till_.quirk("wrong_charset");
    EXPECT_NE(first_with(till_.talk(kPay), "06 D3").find("48 C4 4E 44"), std::string::npos);
    EXPECT_NE(first_with(till_.talk(kPay), "06 D3").find("48 8E 4E 44"), std::string::npos);
}

TEST_F(ZvtFaults, PutsATagBehindThePrintedText) {
    till_.talk(kRegisterPlain);
    till_.quirk("trailing_tlv");
    const std::string line = first_with(till_.talk(kPay), "06 D1");
    EXPECT_TRUE(line.ends_with("06 04 1F 07 01 01")) << line;
    EXPECT_FALSE(first_with(till_.talk(kPay), "06 D1").ends_with("06 04 1F 07 01 01"));
}

TEST_F(ZvtFaults, PrintsAReceiptWithoutAnAmount) {
    constexpr std::string_view kAmountText = "31 32 2C 33 34";
    till_.quirk("receipt_without_amount");
    EXPECT_EQ(first_with(till_.talk(kPay), "06 D3").find(kAmountText), std::string::npos);
    EXPECT_NE(first_with(till_.talk(kPay), "06 D3").find(kAmountText), std::string::npos);
}

TEST_F(ZvtFaults, TellsTheTraceInItsLongTagOnly) {
    till_.quirk("long_trace");
    const std::string result = first_with(till_.talk(kPay), "04 0F");
    EXPECT_EQ(field_of(result, 0x0B), "00 00 00");
    EXPECT_EQ(field_of(result, 0x06), "1F 2B 04 00 00 00 01");
}

TEST_F(ZvtFaults, RepeatsNothingOrWhatIsStale) {
    till_.talk(kPay);
    till_.talk(kPay);
    till_.quirk("repeat_empty");
    EXPECT_EQ(till_.talk(kResync), (std::vector<std::string>{std::string(kOk), "06 0F 00"}));
    till_.quirk("repeat_stale");
    EXPECT_EQ(field_of(first_with(till_.talk(kResync), "04 0F"), 0x87), "00 01");
    EXPECT_EQ(field_of(first_with(till_.talk(kResync), "04 0F"), 0x87), "00 02");
}

TEST_F(ZvtFaults, SomebodySellsAtTheTerminalItself) {
    till_.talk(kPay);
    till_.fault("other_master", {{"total", "500"}});
    EXPECT_EQ(field_of(first_with(till_.talk(kResync), "04 0F"), 0x04), "00 00 00 00 05 00");
    EXPECT_TRUE(till_.terminal().transactions().back().local);
    expect_ordinary();
}

TEST_F(ZvtFaults, TakesAPasswordForWrong) {
    till_.quirk("wrong_password");
    EXPECT_EQ(till_.talk("06 50 03 00 00 00").back(), "84 37 00");
    EXPECT_EQ(till_.talk("06 50 03 00 00 00").back(), "06 0F 00");
}

TEST_F(ZvtFaults, RebootsInThePayment) {
    ASSERT_TRUE(till_.talk_until(kPay, "04 0F"));
    till_.terminal().power(false, till_.now());
    till_.say(kOk);
    EXPECT_EQ(base::to_hex(till_.raw()), "");
    till_.terminal().power(true, till_.now());
    till_.pass(seconds(3));
    EXPECT_EQ(last_state(), CardTransactionState::auto_reversed);
    expect_ordinary();
}

TEST_F(ZvtFaults, SpeaksAnotherProtocol) {
    till_.fault("quirk", {{"kind", "foreign_protocol"}, {"code", "1"}});
    till_.close();
    till_.open();
    const base::Bytes banner = till_.raw();
    EXPECT_EQ(banner.size(), 4U + 0x3E);
    EXPECT_EQ(base::to_hex(base::ByteView(banner).first(11)), "00 00 00 3E 56 45 52 7C 41 50 50");
    till_.say(kStatusShort);
    EXPECT_TRUE(till_.raw().empty());
    till_.quirk("foreign_protocol");
    till_.close();
    till_.open();
    till_.say(kStatusShort);
    EXPECT_EQ(base::to_hex(till_.raw()), "15 03 69");
    till_.close();
    expect_ordinary();
}

TEST_F(ZvtFaults, AQuirkMayWaitForItsCommand) {
    till_.fault("quirk", {{"kind", "no_answer"}, {"command", "0x0620"}});
    EXPECT_EQ(till_.talk(kPay).front(), kOk);
    EXPECT_TRUE(till_.talk(kResync).front().starts_with("04 0F"));
    till_.quirk("no_completion");
    till_.fault("clear");
    EXPECT_EQ(till_.talk(kPay).back(), "06 0F 00");
}

TEST_F(ZvtFaults, EveryQuirkThatCanBeNamedIsKnownHere) {
    // The list grew: it needs a test above.
    EXPECT_EQ(terminal_quirks().size(), 23U);
    const std::vector<std::pair<std::string, std::string>> unknown{{"kind", "nonsense"}};
    EXPECT_FALSE(parse_fault("quirk", unknown));
}

}  // namespace
}  // namespace tillhost::simulators::zvt
