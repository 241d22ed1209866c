// Claim: the meter tells the host's time on a line from the line's and the device's own.
// Shown with instants given by hand.
#include "simulators/core/line_meter.h"

#include <gtest/gtest.h>

namespace tillhost::simulators {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

os::Instant at(std::int64_t us) { return os::Instant(microseconds(us)); }

TEST(LineMeter, ATurnIsFromTheDevicesLastByteToTheHostsNext) {
    LineMeter meter;
    meter.host_begins(at(0), true, false);  // nobody waited for that
    meter.device_byte(at(100));
    meter.device_byte(at(187));
    meter.host_begins(at(300), true, false);
    const LineFigures figures = meter.figures();
    EXPECT_EQ(figures.turns.count, 1U);
    EXPECT_EQ(figures.turns.p50, microseconds(113));
    EXPECT_EQ(figures.questions.count, 0U);
    EXPECT_EQ(figures.device_bytes, 2U);
}

TEST(LineMeter, AQuestionIsTheUnitBehindTheConfirmation) {
    LineMeter meter;
    meter.device_byte(at(100));
    meter.host_begins(at(150), true, false);
    meter.host_begins(at(230), true, false);
    meter.host_begins(at(900), true, false);  // the third one answers nobody
    const LineFigures figures = meter.figures();
    EXPECT_EQ(figures.turns.max, microseconds(50));
    EXPECT_EQ(figures.questions.count, 1U);
    EXPECT_EQ(figures.questions.max, microseconds(130));
}

TEST(LineMeter, WhoSpeaksIntoAnAnswerOrBesideAPrinterTookNoTurn) {
    LineMeter meter;
    meter.device_byte(at(100));
    meter.host_begins(at(120), false, false);
    EXPECT_EQ(meter.figures().turns.count, 0U);
    meter.device_byte(at(200));
    meter.host_begins(at(220), true, true);
    meter.host_begins(at(90'000), true, true);
    EXPECT_EQ(meter.figures().turns.count, 1U);
    EXPECT_EQ(meter.figures().questions.count, 0U);
}

TEST(LineMeter, ALongQuietIsAPause) {
    LineMeter meter;
    meter.device_byte(at(0));
    meter.host_begins(os::Instant(kWaitMax) + microseconds(1), true, false);
    EXPECT_EQ(meter.figures().turns.count, 0U);
}

TEST(LineMeter, SharesAreThoseOfTheSortedWaits) {
    LineMeter meter;
    for (std::int64_t wait = 200; wait >= 1; --wait) {
        meter.device_byte(at(0));
        meter.host_begins(at(wait), true, false);
    }
    const LineFigures::Waits turns = meter.figures().turns;
    EXPECT_EQ(turns.count, 200U);
    EXPECT_EQ(turns.p50, microseconds(101));
    EXPECT_EQ(turns.p99, microseconds(199));
    EXPECT_EQ(turns.max, microseconds(200));
}

TEST(LineMeter, WhatIsLeftOfTheSpanIsTheHosts) {
    LineMeter meter;
    meter.note(true, at(1000));
    meter.note(true, at(1500));
    EXPECT_EQ(meter.figures().busy, microseconds(500));  // of what goes on, as far as it is known
    EXPECT_EQ(meter.figures().span, microseconds(500));
    meter.note(false, at(2000));
    meter.note(true, at(2300));
    meter.note(false, at(3000));
    meter.note(false, at(9000));  // the quiet afterwards is nobody's
    EXPECT_EQ(meter.figures().busy, microseconds(1700));
    EXPECT_EQ(meter.figures().span, microseconds(2000));
}

TEST(LineMeter, BeginsAnewInTheMiddleOfAnAnswer) {
    LineMeter meter;
    meter.device_byte(at(10));
    meter.note(true, at(0));
    meter.begin(at(500));
    meter.host_begins(at(600), true, false);
    meter.note(false, at(800));
    const LineFigures figures = meter.figures();
    EXPECT_EQ(figures.device_bytes, 0U);
    EXPECT_EQ(figures.turns.count, 0U);
    EXPECT_EQ(figures.busy, microseconds(300));
    EXPECT_EQ(figures.span, microseconds(300));
}

}  // namespace
}  // namespace tillhost::simulators
