// Claim: registration, status, locks, repeats of receipts and totals are as the protocol has them.
// Shown by bytes to a terminal on virtual time.
#include "simulators/payment/zvt/test/till.h"

namespace tillhost::simulators::zvt {
namespace {

using std::chrono::seconds;

TEST(ZvtService, ARegistrationRepeatsWhatOfTheOfferIsTaken) {
    Till till;
    EXPECT_EQ(
        till.talk("06 00 18 00 00 00 BE 09 78 03 01 06 0E 12 01 24 27 03 14 01 FE 26 04 0A 02 "
                  "06 D3")
            .back(),
        "06 0F 1A 19 00 29 28 00 48 69 49 09 78 06 0E 12 01 24 27 03 14 01 FE 26 04 0A 02 06 "
        "D3");
    // Message numbers are not served, so they are not repeated.
    EXPECT_EQ(
        till.talk("06 00 14 00 00 00 9E 09 78 06 0C 26 04 0A 02 06 D3 1F 73 03 00 00 00").back(),
        "06 0F 12 19 00 29 28 00 48 69 49 09 78 06 06 26 04 0A 02 06 D3");
    EXPECT_EQ(till.talk("06 00 06 12 34 56 08 09 78").back(),
              "06 0F 0A 19 00 29 28 00 48 69 49 09 78");
    EXPECT_EQ(till.talk("06 00 06 12 34 56 08 08 40").back(), "84 1E 03 6F 09 78");
    EXPECT_EQ(till.talk("06 00 02 12 34").back(), "84 83 00");
}

TEST(ZvtService, WithoutRegistrationThereIsNoPayment) {
    Till till;
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 6B");
    till.talk(kRegisterCompose);
    EXPECT_EQ(till.talk(kPay).back(), "06 0F 00");
    till.say("06 02 00");
    EXPECT_EQ(till.hear(), kOk);
    EXPECT_EQ(till.hear(), "");
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 6B");
}

TEST(ZvtService, TheStatusEnquiryIsReadByPlace) {
    Till till;
    EXPECT_EQ(till.talk("05 01 03 12 34 56").back(), "06 0F 0B F0 F0 F7 32 2E 31 34 2E 31 35 00");
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 00");
    EXPECT_EQ(till.talk("05 01 00").back(), "06 0F 0B F0 F0 F7 32 2E 31 34 2E 31 35 00");
    EXPECT_EQ(till.talk("05 01 05 00 00 00 03 06").back(),
              "06 0F 0A 00 06 07 1F 44 04 28 00 48 69");
}

TEST(ZvtService, UnknownCommandsAndBitmapsAreRefused) {
    Till till;
    till.talk(kRegisterCompose);
    EXPECT_EQ(till.talk("06 C0 00").back(), "84 83 00");
    EXPECT_EQ(till.talk("06 01 09 04 00 00 00 00 12 34 99 01").back(), "84 83 00");
    EXPECT_EQ(till.talk("06 01 02 04 00").back(), "84 83 00");
    EXPECT_EQ(till.talk("06 01 00").back(), "84 83 00");
    EXPECT_EQ(till.money(), 0);
}

TEST(ZvtService, ALockEndsWithTheCommandThatHealsIt) {
    Till till;
    till.talk(kRegisterCompose);
    till.fault("terminal", {{"lock", "0x51"}});
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 51");
    EXPECT_EQ(till.talk(kStatusShort).back(), "06 0F 01 51");
    EXPECT_EQ(till.talk(kRegisterCompose).back(), "06 0F 0A 19 01 29 28 00 48 69 49 09 78");
    EXPECT_EQ(till.talk("06 70 00").back(), "06 1E 01 51");
    EXPECT_EQ(till.talk("06 93 03 00 00 00").back(), "06 0F 00");
    EXPECT_EQ(till.talk(kPay).back(), "06 0F 00");
    till.fault("terminal", {{"lock", "0xF0"}});
    EXPECT_EQ(till.talk(kPay).back(), "06 1E 01 F0");
    EXPECT_EQ(till.talk("06 50 03 00 00 00").back(), "06 0F 00");
    EXPECT_EQ(till.talk(kPay).back(), "06 0F 00");
}

TEST(ZvtService, ADiagnosisBringsTheClockAndTheClockCanBeSet) {
    Till till;
    till.talk(kRegisterCompose);
    EXPECT_EQ(till.talk("06 91 0B 00 00 00 AA 26 02 29 0C 12 00 00").back(), "84 83 00");
    EXPECT_EQ(till.talk("06 91 0B 00 00 00 AA 28 02 29 0C 12 00 00").back(), "06 0F 00");
    EXPECT_EQ(first_with(till.talk("06 70 00"), "04 01"), "04 01 08 AA 28 02 29 0C 12 00 00");
}

TEST(ZvtService, TheLastReceiptIsRepeatedAsTheServiceByteSays) {
    Till till;
    till.talk(kRegisterBlocks);
    EXPECT_EQ(till.talk(kResync).back(), "06 1E 01 83");  // nothing yet
    const std::string paid = first_with(till.talk(kPay), "04 0F");
    const auto resync = till.talk(kResync);
    EXPECT_EQ(resync.size(), 3U);
    EXPECT_EQ(resync[1], paid);
    const auto prints = till.talk("06 20 03 00 00 00");
    EXPECT_EQ(first_with(prints, "04 0F"), "");
    EXPECT_TRUE(prints[1].starts_with("06 D3"));
    EXPECT_EQ(prints.size(), 4U);
    till.talk("06 30 06 00 00 00 87 00 01");
    EXPECT_EQ(field_of(first_with(till.talk(kResync), "04 0F"), 0x37), "00 00 01");
    EXPECT_EQ(till.talk("06 12 05 00 00 00 00 01").size(), 4U);
    EXPECT_EQ(till.talk("06 12 05 00 00 00 00 77").back(), "06 1E 01 83");
}

TEST(ZvtService, TheDaysEndTellsItsTotalsAndStaysTheLastReceipt) {
    Till till;
    till.talk(kRegisterCompose);
    till.talk(kPay);
    till.talk(kPay);
    till.talk("06 31 0D 00 00 00 04 00 00 00 00 02 00 49 09 78");
    const std::string totals = field_of(first_with(till.talk("06 10 03 00 00 00"), "04 0F"), 0x60);
    EXPECT_EQ(totals.substr(0, 12 + 2 * 21 + 20),
              "00 01 00 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 03 00 00 00 00 22 68");
    const std::string ended = first_with(till.talk("06 50 03 00 00 00"), "04 0F");
    EXPECT_EQ(field_of(ended, 0x60), totals);
    EXPECT_EQ(field_of(ended, 0x04), "00 00 00 00 22 68");
    EXPECT_EQ(field_of(first_with(till.talk(kResync), "04 0F"), 0x60), totals);
    // Tag 1F01 = 02: the last transaction all the same.
    const auto transaction = till.talk("06 20 0B 00 00 00 03 03 06 04 1F 01 01 02");
    EXPECT_EQ(field_of(first_with(transaction, "04 0F"), 0x87), "00 03");
    EXPECT_EQ(field_of(first_with(till.talk("06 50 03 00 00 00"), "04 0F"), 0x04),
              "00 00 00 00 00 00");
}

TEST(ZvtService, ItsOwnPaperHasTheReceipts) {
    Till till;
    till.talk(kRegisterSilent);
    EXPECT_EQ(till.talk(kPay).size(), 3U);  // neither 04 FF nor prints
    const auto& tape = till.terminal().tape();
    EXPECT_NE(std::find(tape.begin(), tape.end(), "EUR                12,34"), tape.end());
    EXPECT_NE(std::find(tape.begin(), tape.end(), "      HÄNDLERBELEG"), tape.end());
}

TEST(ZvtService, APasswordIsCheckedWhereOneIsSet) {
    Till till({.password = "123456"});
    EXPECT_EQ(till.talk(kRegisterCompose).back(), "84 37 00");
    EXPECT_EQ(till.talk("06 00 06 12 34 56 08 09 78").back(),
              "06 0F 0A 19 00 29 28 00 48 69 49 09 78");
    EXPECT_EQ(till.talk("06 50 03 00 00 00").back(), "84 37 00");
}

TEST(ZvtService, StrayConfirmationsAndHalfApdusDoNoHarm) {
    Till till;
    till.say("80 00 00 84 66 00 06 00");
    till.say("06 00 00");
    till.say("00 BA 09 78");
    EXPECT_EQ(till.hear(), kOk);
    EXPECT_TRUE(till.hear().starts_with("06 0F"));
}

}  // namespace
}  // namespace tillhost::simulators::zvt
