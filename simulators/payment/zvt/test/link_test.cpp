// Claim: on a serial line a frame is acknowledged before it is looked at, repeated when it should
// be, and carried out once however often it comes. Shown by bytes on virtual time.
#include "simulators/payment/zvt/test/till.h"

namespace tillhost::simulators::zvt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ZvtSerial : public testing::Test {
protected:
    std::string say(std::string_view hex) {
        terminal_->receive(*base::from_hex(hex), now_);
        return base::to_hex(terminal_->take_output());
    }
    std::string wait(os::Duration time) {
        now_ += time;
        terminal_->advance(now_);
        return base::to_hex(terminal_->take_output());
    }
    void fault(const std::string& name, std::vector<std::pair<std::string, std::string>> keys) {
        ASSERT_TRUE(terminal_->inject(*parse_fault(name, keys), now_));
    }
    static constexpr std::string_view kEnquiry = "10 02 05 01 05 00 00 00 03 02 10 03 4B ED";
    static constexpr std::string_view kAnswer = "10 02 80 00 00 10 03 F5 1F";
    static constexpr std::string_view kReady = "10 02 06 0F 01 00 10 03";
    os::Instant now_{};
    std::unique_ptr<TerminalSimulator> terminal_ = *make_zvt_terminal({.tcp = false});
};

TEST_F(ZvtSerial, AFrameIsAcknowledgedThenAnswered) {
    EXPECT_EQ(say(kEnquiry), "06 " + std::string(kAnswer));
    EXPECT_TRUE(say("06").starts_with(kReady));
    EXPECT_EQ(say("06"), "");
    EXPECT_EQ(say(kAnswer), "06");
    EXPECT_EQ(wait(seconds(30)), "");
}

TEST_F(ZvtSerial, ARepeatIsAcknowledgedAndNotCarriedOutAgain) {
    EXPECT_EQ(say(kEnquiry), "06 " + std::string(kAnswer));
    EXPECT_EQ(say(kEnquiry), "06");  // its ACK was lost, three times
    EXPECT_EQ(say(kEnquiry), "06");
    EXPECT_TRUE(say("06").starts_with(kReady));
    EXPECT_EQ(terminal_->commands(0x0501).taken, 1U);
    EXPECT_EQ(say("06"), "");
    EXPECT_EQ(say(kAnswer), "06");
    EXPECT_EQ(say(kEnquiry), "06 " + std::string(kAnswer));  // a new one
    EXPECT_EQ(terminal_->commands(0x0501).taken, 2U);
}

TEST_F(ZvtSerial, MoreThanALinkRepeatsIsANewCommand) {
    EXPECT_EQ(say(kEnquiry), "06 " + std::string(kAnswer));
    for (int i = 0; i < 2; ++i) {
        now_ += seconds(6);  // a host that begins anew each time, within T2
        EXPECT_TRUE(say(kEnquiry).ends_with("06"));
    }
    now_ += seconds(6);
    say(kEnquiry);
    EXPECT_EQ(terminal_->commands(0x0501).taken, 2U);
}

TEST_F(ZvtSerial, ADamagedFrameIsRefused) {
    EXPECT_EQ(say("10 02 05 01 05 00 00 00 03 02 10 03 4B EE"), "15");
    EXPECT_EQ(say("10 02 05 01 05 00 00 00 03 03 10 03 4B ED"), "15");
    EXPECT_EQ(say(kEnquiry).substr(0, 2), "06");
}

TEST_F(ZvtSerial, HalfAFrameIsRefusedAfterT1) {
    EXPECT_EQ(say("10 02 05 01 05"), "");
    EXPECT_EQ(wait(milliseconds(199)), "");
    EXPECT_EQ(wait(milliseconds(1)), "15");
    EXPECT_EQ(say(kEnquiry).substr(0, 2), "06");
}

TEST_F(ZvtSerial, WithoutAnAcknowledgementAFrameIsSentThreeTimes) {
    EXPECT_EQ(say(kEnquiry), "06 " + std::string(kAnswer));
    EXPECT_EQ(wait(seconds(5)), kAnswer);
    EXPECT_EQ(say("15"), kAnswer);
    EXPECT_EQ(wait(seconds(5)), "");  // given up
    EXPECT_EQ(wait(seconds(30)), "");
    EXPECT_EQ(say(kEnquiry), "06 " + std::string(kAnswer));
}

TEST_F(ZvtSerial, AStuffedByteIsUnstuffed) {
    say("10 02 06 00 06 12 34 56 BA 09 78 10 03 24 C3");
    say("06");
    say("06");
    say(kAnswer);
    // Payment of 110.00: its amount ends in a doubled 10.
    EXPECT_EQ(say("10 02 06 01 0A 04 00 00 00 01 10 10 00 49 09 78 10 03 F2 FF"),
              "06 " + std::string(kAnswer));
}

TEST_F(ZvtSerial, NoiseBetweenFramesIsNothing) {
    EXPECT_EQ(say("FF 06 15 10 55"), "");
    EXPECT_EQ(say(kEnquiry).substr(0, 2), "06");
}

TEST_F(ZvtSerial, FaultsOfTheLine) {
    fault("refuse_frames", {{"count", "3"}});
    EXPECT_EQ(say(kEnquiry), "15");
    EXPECT_EQ(say(kEnquiry), "15");
    EXPECT_EQ(say(kEnquiry), "15");
    fault("lose", {{"unit", "control"}});
    EXPECT_EQ(say(kEnquiry), kAnswer);  // the ACK is lost
    say("06");
    say("06");
    say(kAnswer);
    fault("bad_checksum", {});
    EXPECT_EQ(say(kEnquiry), "06 10 02 80 00 00 10 03 F5 0F");
    EXPECT_EQ(say("15"), kAnswer);
}

TEST_F(ZvtSerial, AByteIsLeftUnstuffed) {
    terminal_ = std::move(*make_zvt_terminal({.terminal_id = "10101010", .tcp = false}));
    fault("quirk", {{"kind", "unstuffed"}, {"count", "2"}});
    say("10 02 06 00 06 12 34 56 BA 09 78 10 03 24 C3");
    const std::string bare = "29 10 10 10 10 49";
    EXPECT_NE(say("06").find(bare), std::string::npos);
    EXPECT_NE(say("15").find("29 10 10 10 10 10 10 10 10 49"), std::string::npos);
}

TEST(ZvtTrackers, FindTheBordersOfUnits) {
    const auto units = [](FrameTracker& tracker, std::string_view hex) {
        std::string borders;
        const base::Bytes bytes = *base::from_hex(hex);
        for (const std::byte byte : bytes) {
            const auto step = tracker.feed(byte);
            borders += step.begins && step.ends ? "c" : step.begins ? "<" : step.ends ? ">" : ".";
        }
        return borders;
    };
    EXPECT_EQ(units(*make_tcp_tracker(), "80 00 00 06 0F 01 DC 04 0F FF 01 00 6C"),
              "<.><..><....>");
    EXPECT_EQ(units(*make_serial_tracker(), "06 10 02 84 10 10 00 10 03 C3 41 15 06"),
              "c<........>cc");
}

}  // namespace
}  // namespace tillhost::simulators::zvt
