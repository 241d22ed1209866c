// Claim: what goes wrong at a printer goes wrong as at a real one: it stops where the paper ends
// and goes on by itself, waits after its cutter's error, forgets with its power what it had not
// printed, and keeps the paper. Shown on virtual time and with a store that outlives the printer.
#include <gtest/gtest.h>

#include "simulators/core/random.h"
#include "simulators/printer/escpos/mechanism.h"
#include "simulators/printer/escpos/test/host.h"

namespace tillhost::simulators::escpos {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kMark = "1D 28 48 06 00 30 30 30 30 30 31";
constexpr std::string_view kMarkAnswer = "37 22 30 30 30 31 00";

TEST(EscposTrouble, ThePaperEndsInTheMiddleAndItGoesOnByItself) {
    Host host;
    host.fault("paper_out", {{"after", "2"}});
    host.say("61 0A 62 0A 63 0A");
    EXPECT_EQ(host.say(kMark), "");
    EXPECT_EQ(host.paper(), (Lines{"a", "b"}));
    EXPECT_EQ(host.say("10 04 01 10 04 02 10 04 04"), "1A 32 72");
    host.fault("paper_in");
    EXPECT_EQ(host.wait(), kMarkAnswer);
    EXPECT_EQ(host.paper(), (Lines{"c"}));
}

TEST(EscposTrouble, ALineUnderAnOpenCoverIsBegunAgain) {
    Host host({.line_time = milliseconds(100)});
    host.say("61 0A 62 0A");
    host.pass(milliseconds(150));
    host.fault("cover_open");
    EXPECT_EQ(host.paper(), (Lines{"a"}));
    host.fault("cover_closed");
    host.pass(milliseconds(99));
    EXPECT_EQ(host.printer().tape().size(), 1U);
    EXPECT_EQ(host.paper(), (Lines{"b"}));
}

TEST(EscposTrouble, APulseUnderWayIsNotGivenAgain) {
    Host host;
    host.say("1B 70 00 32 32 61 0A");
    host.fault("cover_open");
    host.fault("cover_closed");
    EXPECT_EQ(host.paper(), (Lines{"a"}));
    EXPECT_EQ(host.state().pulses[0], 1U);
}

TEST(EscposTrouble, ACutterThatJamsWaitsForTheHost) {
    Host host;
    host.fault("cutter_jam");
    host.say("61 0A 1D 56 00 62 0A");
    host.say(kMark);
    EXPECT_EQ(host.paper(), (Lines{"a"}));
    EXPECT_EQ(host.say("10 04 01 10 04 02 10 04 03"), "3A 52 1A");
    EXPECT_EQ(host.say("10 05 03"), "");  // no such way to go on
    EXPECT_EQ(host.paper(), Lines{});
    host.say("10 05 01");
    EXPECT_EQ(host.wait(), kMarkAnswer);
    EXPECT_EQ(host.paper(), (Lines{std::string(kFullCut), "b"}));
}

TEST(EscposTrouble, GoingOnWithEmptyBuffersAnswersNoMark) {
    Host host;
    host.fault("cutter_jam");
    host.say("61 0A 1D 56 00 62 0A");
    host.say(kMark);
    host.wait();
    host.say("10 05 02");
    EXPECT_EQ(host.wait(), "");
    EXPECT_EQ(host.paper(), (Lines{"a"}));
    host.say("63 0A");
    EXPECT_EQ(host.paper(), (Lines{"c"}));
    host.fault("cover_open");
    host.say("64 0A 10 14 08 01 03 14 01 06 02 08");
    host.fault("cover_closed");
    EXPECT_EQ(host.paper(), Lines{});
}

TEST(EscposTrouble, AHotHeadRestsAndADeadPrinterStaysDead) {
    Host host;
    host.fault("head_hot", {{"ms", "3000"}});
    host.say("61 0A");
    EXPECT_EQ(host.say("10 04 03"), "52");
    host.pass(milliseconds(2999));
    EXPECT_TRUE(host.printer().tape().empty());
    EXPECT_EQ(host.paper(), (Lines{"a"}));
    host.fault("feed_button", {{"ms", "500"}});
    EXPECT_EQ(host.say("10 04 01 10 04 02"), "5A 1A");
    host.wait();
    EXPECT_EQ(host.say("10 04 01"), "12");
    host.fault("printer_dead");
    EXPECT_EQ(host.say("10 04 03 10 05 02 10 04 03"), "32 32");
    host.printer().power(false, host.now());
    host.printer().power(true, host.now());
    EXPECT_EQ(host.say("10 04 03"), "12");
}

TEST(EscposTrouble, APowerCutForgetsWhatWasNotPrinted) {
    Host host({.line_time = milliseconds(100)});
    host.say("1D 61 0F 61 0A 62 0A 63");
    host.say(kMark);
    host.pass(milliseconds(100));
    host.heard();
    host.printer().power(false, host.now());
    EXPECT_EQ(host.say("10 04 01"), "");
    host.printer().power(true, host.now());
    EXPECT_EQ(host.wait(), "");
    host.say("64 0A");
    host.fault("drawer_opened");
    EXPECT_EQ(host.wait(), "");  // nobody asked since
    EXPECT_EQ(host.paper(), (Lines{"a", "d"}));
}

TEST(EscposTrouble, ThePowerFailsAtAByteAndTheLineBeforeItIsOnPaper) {
    Host host;
    host.fault("power_cut", {{"side", "host"}, {"nth", "2"}, {"at", "1"}, {"off_ms", "200"}});
    host.say("61 0A");
    host.wait();
    host.say("62 63 64 0A 65 0A");
    EXPECT_FALSE(host.state().powered);
    host.wait();
    EXPECT_TRUE(host.state().powered);
    host.say("66 0A");
    EXPECT_EQ(host.paper(), (Lines{"a", "f"}));
}

TEST(EscposTrouble, AStatusMayBeLostLateOrGarbled) {
    Host host;
    host.fault("lose", {{"side", "device"}});
    EXPECT_EQ(host.say("10 04 01 10 04 02"), "12");
    host.fault("garble", {{"mask", "0x10"}});
    EXPECT_EQ(host.say("10 04 01"), "02");
    host.fault("late", {{"ms", "700"}});
    EXPECT_EQ(host.say("10 04 01"), "");
    EXPECT_EQ(host.wait(), "12");
    host.fault("lose", {{"side", "host"}, {"unit", "control"}});
    EXPECT_EQ(host.say("10 04 01"), "");
    host.fault("silence", {{"ms", "1000"}});
    EXPECT_EQ(host.say("10 04 01 61 0A"), "");
    host.pass(milliseconds(1001));
    EXPECT_EQ(host.say("10 04 01"), "12");
    EXPECT_EQ(host.paper(), Lines{});
    EXPECT_EQ(host.state().faults_fired, 4U + 5U);
}

TEST(EscposTrouble, OldInterfacesHearCommandsInPictures) {
    constexpr std::string_view kPicture = "1D 76 30 00 03 00 01 00 10 04 01";
    Host host;
    EXPECT_EQ(host.say(kPicture), "");
    Host old({.old_interface = true});
    EXPECT_EQ(old.say(kPicture), "12");
    EXPECT_EQ(old.paper(), host.paper());
}

TEST(EscposTrouble, ThePaperAndTheMechanicsOutliveThePrinter) {
    const auto store = std::make_shared<MemoryFiscalStore>();
    {
        Host host({.store = store});
        host.say("61 0A 1B 70 00 32 32 1D 56 00");
        host.wait();
        host.fault("cover_open");
        host.fault("paper_low");
    }
    Host host({.store = store});
    EXPECT_EQ(host.printer().tape(), (Lines{"a", std::string(kFullCut)}));
    EXPECT_TRUE(host.state().cover_open);
    EXPECT_TRUE(host.state().drawer_open);
    EXPECT_EQ(host.state().paper, "low");
    EXPECT_EQ(host.state().cuts, 1U);
    EXPECT_EQ(host.state().pulses[0], 1U);
}

TEST(EscposTrouble, AForeignMemoryIsRefusedAndAnyBytesAreReadAsOneOrNot) {
    const auto store = std::make_shared<MemoryFiscalStore>();
    ASSERT_TRUE(store->commit({.state = base::bytes_of("shtrih")}));
    EXPECT_FALSE(make_escpos_printer({.store = store}));
    const Mechanics mechanics{.paper_low = true, .lines_to_end = 7, .cuts = 3};
    const base::Bytes right = encode_mechanics(mechanics);
    EXPECT_EQ(decode_mechanics(right), mechanics);
    Random random(3);
    for (int i = 0; i < 2000; ++i) {
        base::Bytes bytes = right;
        bytes.resize(random.below(2) == 0 ? bytes.size() : random.below(bytes.size() + 2));
        if (!bytes.empty()) {
            bytes[random.below(bytes.size())] =
                base::byte(static_cast<unsigned>(random.below(256)));
        }
        if (const auto read = decode_mechanics(bytes)) {
            EXPECT_EQ(encode_mechanics(*read), bytes);
        }
    }
}

TEST(EscposTrouble, WhatAPrinterHasNotIsRefused) {
    Host host;
    EXPECT_EQ(host.printer().inject({.kind = FaultKind::shift_expired}, host.now()).error().code,
              base::ErrorCode::not_supported);
    EXPECT_FALSE(make_escpos_printer({.columns = 20}));
    EXPECT_FALSE(make_escpos_printer({.buffer_bytes = 1}));
    EXPECT_FALSE(make_escpos_printer({.drawer_pin = 3}));
}

}  // namespace
}  // namespace tillhost::simulators::escpos
