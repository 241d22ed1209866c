// Claim: the link layer is the state diagram of appendix 2, whatever happens on the line.
// Shown by walking every state with every kind of input on virtual time.
#include <gtest/gtest.h>

#include "simulators/fiscal/shtrih/test/host.h"

namespace tillhost::simulators::shtrih {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kStatusFrame = "02 05 10 1E 00 00 00 0B";

TEST(Link, TheMeterKnowsWhatTheDeviceTakesForItself) {
    ShtrihOptions options;
    options.command_time = milliseconds(4);
    options.position_time = milliseconds(50);
    options.document_time = milliseconds(100);
    options.line_time = milliseconds(15);
    Host host(options);
    const auto busy = [&host] {
        const os::Duration time = host.device().line().busy;
        host.device().meter_anew(host.now());
        return time;
    };
    host.done(kOpenShift);
    busy();
    host.ask(kShortStatus);
    EXPECT_EQ(busy(), milliseconds(4));
    host.ask(kOpenSale);
    EXPECT_EQ(busy(), milliseconds(4));
    host.ask(kMilk);
    EXPECT_EQ(busy(), milliseconds(50));
    const std::size_t lines = host.device().tape().size();
    host.done(close_message(9'980, 0));
    const auto printed = static_cast<std::int64_t>(host.device().tape().size() - lines);
    EXPECT_GT(printed, 5);
    EXPECT_EQ(busy(), milliseconds(100) + printed * milliseconds(15));
    EXPECT_FALSE(host.device().working());
}

TEST(Link, IdleAnswersEnqWithNak) {
    Host host;
    EXPECT_EQ(host.say("05"), "15");
    EXPECT_EQ(host.say("05"), "15");
}

TEST(Link, IdleRefusesJunkAndIgnoresLineFill) {
    Host host;
    EXPECT_EQ(host.say("41"), "15");
    EXPECT_EQ(host.say("00 00 00 00 FF"), "");
    EXPECT_EQ(host.say("00 00 00 00 02 05 10 1E 00 00 00 0B").substr(0, 5), "06 02");
}

TEST(Link, AWrongLrcIsRefusedAndNothingExecuted) {
    Host host;
    EXPECT_EQ(host.say("02 05 E0 1E 00 00 00 FA"), "15");
    EXPECT_EQ(host.say("05"), "15");
    EXPECT_FALSE(host.device().state().shift_open);
}

TEST(Link, HalfAFrameIsForgottenInSilenceAfterTheByteTimeout) {
    Host host;
    EXPECT_EQ(host.say("02 05 10 1E", milliseconds(49)), "");
    EXPECT_EQ(host.say("00", milliseconds(60)), "");
    EXPECT_EQ(host.say("05"), "15");
}

TEST(Link, EnqWhileExecutingSaysThatTheAnswerIsBeingPrepared) {
    Host host;
    EXPECT_EQ(host.say("02 05 E0 1E 00 00 00 FB", milliseconds(1)), "06");
    EXPECT_EQ(host.say("05", milliseconds(1)), "06");
    EXPECT_EQ(host.say("02 02", milliseconds(100)), "02 03 E0 00 1E FD");
}

TEST(Link, AnUnconfirmedAnswerIsKeptAndGivenAgainOnEnqOnly) {
    Host host;
    const std::string first = host.say("02 05 E0 1E 00 00 00 FB");
    EXPECT_EQ(first, "06 02 03 E0 00 1E FD");
    EXPECT_EQ(host.say("15"), "");  // NAK: kept, not sent again
    EXPECT_EQ(host.say("15"), "");
    EXPECT_EQ(host.say("02 06 FF 01 1E 00 00 00 E6"), "");  // not a command now
    EXPECT_EQ(host.say("05"), "06 02 03 E0 00 1E FD");
    EXPECT_EQ(host.say("06"), "");
    EXPECT_EQ(host.say("05"), "15");  // delivered: forgotten
}

TEST(Link, AnAnswerIsKeptThroughTheConfirmTimeout) {
    Host host;
    host.say("02 05 E0 1E 00 00 00 FB", seconds(30));
    EXPECT_EQ(host.say("05", milliseconds(10)), "06 02 03 E0 00 1E FD");
}

TEST(Link, EnqInsteadOfAConfirmationOnlyMovesToWaiting) {
    Host host;
    host.say("02 05 E0 1E 00 00 00 FB");
    EXPECT_EQ(host.say("05"), "");
    EXPECT_EQ(host.say("05"), "06 02 03 E0 00 1E FD");
}

TEST(Link, PowerForgetsTheAnswerAndKeepsTheDeed) {
    Host host;
    host.say("02 05 E0 1E 00 00 00 FB");
    host.device().power(false, host.now());
    EXPECT_EQ(host.say("05"), "");
    host.device().power(true, host.now());
    EXPECT_EQ(host.say("05"), "15");
    EXPECT_TRUE(host.device().state().shift_open);
}

TEST(Link, PowerCutWhileExecutingLeavesNothingDone) {
    Host host;
    host.say("02 05 E0 1E 00 00 00 FB", milliseconds(1));
    host.device().power(false, host.now());
    host.device().power(true, host.now());
    host.listen(seconds(1));
    EXPECT_FALSE(host.device().state().shift_open);
    EXPECT_EQ(host.device().documents().size(), 1U);
}

TEST(Link, ATcpLinkSaysFfAfterTheConfirmation) {
    ShtrihOptions options;
    options.link.tcp = true;
    Host host(options);
    host.say(kStatusFrame);
    EXPECT_EQ(host.say("06"), "FF");
    EXPECT_EQ(host.say("05"), "15");
}

TEST(Link, RefusedFramesAreNotExecuted) {
    Host host;
    host.fault("refuse_frames", {{"count", "2"}});
    EXPECT_EQ(host.say("02 05 E0 1E 00 00 00 FB"), "15");
    EXPECT_EQ(host.say("02 05 E0 1E 00 00 00 FB"), "15");
    EXPECT_FALSE(host.device().state().shift_open);
    EXPECT_EQ(host.ask(kOpenShift), "E0 00 1E");
}

TEST(Link, AnEmptyFrameIsRefused) {
    Host host;
    EXPECT_EQ(host.say("02 00 00"), "15");
}

TEST(Link, UnknownCommandsAnswerInTheirShortForm) {
    Host host;
    EXPECT_EQ(host.ask("C7 1E 00 00 00"), "C7 37");
    EXPECT_EQ(host.ask("FF 7F 1E 00 00 00"), "FF 7F 37");
    EXPECT_EQ(host.ask("FE F4 00 00 00 00"), "FE 37");
    EXPECT_EQ(host.ask("46 1E 00 00 00"), "46 37");
    EXPECT_EQ(host.ask("FF"), "FF 37");
}

}  // namespace
}  // namespace tillhost::simulators::shtrih
