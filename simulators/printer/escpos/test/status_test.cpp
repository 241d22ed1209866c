// Claim: a printer tells how it is at once, in its turn, by itself and when the paper is out, each
// where the protocol says; a lesser model tells less. Shown byte by byte on virtual time.
#include <gtest/gtest.h>

#include "simulators/printer/escpos/machine.h"
#include "simulators/printer/escpos/test/host.h"

namespace tillhost::simulators::escpos {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kMark = "1D 28 48 06 00 30 30 30 30 30 31";
constexpr std::string_view kMarkAnswer = "37 22 30 30 30 31 00";

TEST(EscposStatus, ARealTimeQuestionOvertakesWhatWaits) {
    Host host({.line_time = milliseconds(100), .drawer_open_high = false});
    host.print(std::string(40, '\n'));
    EXPECT_EQ(host.say("1D 72 01 10 04 01"), "16");
    EXPECT_EQ(host.wait(milliseconds(3000)), "");  // GS r waits until its turn
    EXPECT_EQ(host.wait(), "00");
    EXPECT_EQ(host.say("10 04 05"), "");
}

TEST(EscposStatus, TheMarkIsAnsweredWhenTheLastLineIsOnPaper) {
    Host host({.line_time = milliseconds(100)});
    EXPECT_EQ(host.say("61 0A 62 0A 1D 72 01"), "00");  // parsed, and nothing is printed yet
    EXPECT_TRUE(host.printer().tape().empty());
    EXPECT_EQ(host.say(kMark), "");
    host.pass(milliseconds(199));
    EXPECT_EQ(host.heard(), "");
    host.pass(milliseconds(1));
    EXPECT_EQ(host.heard(), kMarkAnswer);
    EXPECT_EQ(host.printer().tape(), (Lines{"a", "b"}));
    EXPECT_EQ(host.state().marks_answered, 1U);
    EXPECT_EQ(host.say("1D 28 48 06 00 30 30 30 30 30 1F"), "");  // no number of a mark
    EXPECT_EQ(host.say("1D 28 48 03 00 31 30 30"), "");
}

TEST(EscposStatus, TellsChangesByItselfWhereItWasAsked) {
    Host host;
    EXPECT_EQ(host.say("1D 61 0F"), "10 00 00 0F");
    host.fault("cover_open");
    EXPECT_EQ(host.heard(), "38 00 00 0F");
    host.fault("cover_closed");
    EXPECT_EQ(host.heard(), "10 00 00 0F");
    host.fault("drawer_opened");
    EXPECT_EQ(host.heard(), "14 00 00 0F");
    EXPECT_EQ(host.say("1D 61 08"), "14 00 00 0F");
    host.fault("drawer_closed");
    EXPECT_EQ(host.heard(), "");  // only the paper was asked for
    host.fault("paper_low");
    EXPECT_EQ(host.heard(), "10 00 03 0F");
    host.say("1B 40");
    host.fault("paper_out");
    EXPECT_EQ(host.heard(), "");  // ESC @ ends it
}

TEST(EscposStatus, IdentifiesItself) {
    Host host({.serial = "AB12"});
    EXPECT_EQ(host.say("1D 49 01"), "20");
    EXPECT_EQ(host.say("1D 49 32"), "02");
    EXPECT_EQ(host.say("1D 49 44"), "5F 41 42 31 32 00");
    EXPECT_EQ(host.say("1D 49 42"), "5F 44 45 56 53 49 4D 00");
    EXPECT_EQ(host.say("1D 49 7F"), "");
}

TEST(EscposStatus, LesserModelsTellLess) {
    Host no_mark({.model = Model::no_mark});
    EXPECT_EQ(no_mark.say(kMark), "");
    EXPECT_EQ(no_mark.say("61 0A 1D 72 01 1D 61 0F"), "00 10 00 00 0F");
    EXPECT_EQ(no_mark.paper(), (Lines{"a"}));
    EXPECT_EQ(no_mark.state().unknown_commands, 1U);
    Host clone({.model = Model::clone});
    clone.fault("paper_out");
    EXPECT_EQ(clone.say("10 04 01 10 04 04"), "08 60");  // without their fixed bits
    clone.fault("paper_in");
    EXPECT_EQ(clone.say("1D 61 0F"), "");
    EXPECT_EQ(clone.say(kMark), "");
    EXPECT_EQ(clone.say("1D 49 44"), "");
    Host mute({.model = Model::mute});
    EXPECT_EQ(mute.say("10 04 01 1D 49 01 1D 72 01 61 0A"), "");
    EXPECT_EQ(mute.paper(), (Lines{"a"}));
}

TEST(EscposStatus, ADrawerIsCountedByPinAndOpensAtItsOwn) {
    Host host;
    host.say("1B 70 01 32 32");
    host.wait();
    EXPECT_FALSE(host.state().drawer_open);
    host.say("1B 70 00 1E 3C");
    host.wait();
    EXPECT_TRUE(host.state().drawer_open);
    EXPECT_EQ(host.say("10 04 01 1D 72 02"), "16 01");
    EXPECT_EQ(host.printer().pulses(),
              (std::vector<DrawerPulse>{{.pin = 5, .on_ms = 100, .off_ms = 100},
                                        {.pin = 2, .on_ms = 60, .off_ms = 120}}));
    host.fault("drawer_closed");
    host.fault("drawer_stuck");
    host.say("1B 70 30 1E 3C");
    host.wait();
    EXPECT_FALSE(host.state().drawer_open);
    EXPECT_EQ(host.state().pulses[0], 2U);
    EXPECT_EQ(host.state().pulses[1], 1U);
}

TEST(EscposStatus, ARealTimePulseComesOffLineTooAndNotWhileOneRuns) {
    Host host;
    host.fault("cover_open");
    host.say("1B 70 00 32 32 10 14 01 00 03");
    EXPECT_TRUE(host.state().drawer_open);
    EXPECT_EQ(host.state().pulses[0], 1U);  // the other one waits
    host.say("10 14 01 00 03");
    EXPECT_EQ(host.state().pulses_ignored, 1U);
    host.say("10 14 01 00 09 10 14 01 02 01");
    EXPECT_EQ(host.state().pulses_ignored, 1U);  // no pulses at all
    host.fault("cover_closed");
    host.wait();
    EXPECT_EQ(host.state().pulses[0], 2U);
}

TEST(EscposStatus, TheHostIsHeldBackBeforeTheBufferIsFull) {
    Host host({.buffer_bytes = 64, .flow = Flow::xon_xoff});
    host.fault("cover_open");
    EXPECT_EQ(host.print(std::string(47, 'x')), "");
    EXPECT_EQ(host.print("x"), "13");
    host.print(std::string(16, 'x'));
    EXPECT_EQ(host.state().lost_bytes, 0U);
    EXPECT_EQ(host.say("10 04 01"), "1A");  // heard, though there is no room for it
    EXPECT_EQ(host.state().lost_bytes, 0U);
    host.print("x");
    EXPECT_EQ(host.state().lost_bytes, 1U);
    host.fault("cover_closed");
    EXPECT_EQ(host.wait(), "11");
    EXPECT_EQ(host.print("\n"), "");
    EXPECT_EQ(host.paper(), (Lines{std::string(42, 'x'), std::string(22, 'x')}));
}

TEST(EscposStatus, ALineThatHoldsItsHostBackIsToldTheRoom) {
    Host host({.buffer_bytes = 64});
    EXPECT_EQ(host.printer().room(), 64U);
    host.fault("cover_open");
    host.print(std::string(60, 'x'));
    EXPECT_EQ(host.printer().room(), 4U);
    host.fault("cover_closed");
    EXPECT_EQ(host.printer().room(), 64U);
    Host other({.buffer_bytes = 64, .flow = Flow::none});
    EXPECT_GT(other.printer().room(), 64U);
    other.fault("cover_open");
    other.print(std::string(70, 'x'));
    EXPECT_EQ(other.state().lost_bytes, 6U);
}

}  // namespace
}  // namespace tillhost::simulators::escpos
