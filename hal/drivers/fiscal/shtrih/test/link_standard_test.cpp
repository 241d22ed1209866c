// Claim: the host's side of the link does what appendix 3 of the protocol asks, and never loses the
// only proof of a command.
// Shown by whole dialogues written down byte by byte; the line fails the test at the first byte
// that the dialogue does not have.
#include "hal/drivers/fiscal/shtrih/link_standard.h"

#include <gtest/gtest.h>

#include "hal/drivers/fiscal/shtrih/test/dialogue_line.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::Effect;
using base::ErrorCode;
using namespace std::chrono_literals;

constexpr char kStatusRequest[] = "02 05 10 1E 00 00 00 0B";
constexpr char kStatusAnswer[] = "02 10 10 00 1E 92 02 02 00 00 9F E5 18 01 00 92 08 00 75";
constexpr char kShiftRequest[] = "02 05 E0 1E 00 00 00 FB";
constexpr char kShiftAnswer[] = "02 03 E0 00 1E FD";
constexpr char kCloseAnswer[] = "02 10 FF 45 00 79 13 00 00 00 D2 04 00 00 B1 68 DE 3A 2B";

class LinkTest : public testing::Test {
protected:
    StandardLink make(KnownBugs bugs = {}) {
        StandardLink link(line, clock, bugs);
        link.set_old_answer_witness([this](base::ByteView frame) -> base::Done {
            if (witness_fails) {
                return base::make_error(ErrorCode::storage_full, "no room");
            }
            seen.push_back(base::to_hex(frame));
            return {};
        });
        return link;
    }
    base::Result<Bytes> ask_status(StandardLink& link) {
        return link.ask({Command::short_status, plain_request(Command::short_status, 30)},
                        clock.now() + 60s);
    }
    base::Result<Bytes> open_shift(StandardLink& link) {
        return link.ask(
            {Command::open_shift, plain_request(Command::open_shift, 30), Link::Repeat::never,
             [this](base::ByteView frame) -> base::Done {
                 seen.push_back("ours " + base::to_hex(frame));
                 return {};
             }},
            clock.now() + 150s);
    }

    os::FakeClock clock;
    DialogueLine line{clock};
    std::vector<std::string> seen;
    bool witness_fails = false;
};

TEST_F(LinkTest, AsksBeforeItSendsAndAcknowledgesTheAnswer) {
    line.expect("05", "15").expect(kStatusRequest, std::string("06 ") + kStatusAnswer);
    line.expect("06");
    StandardLink link = make();
    const auto answer = ask_status(link);
    ASSERT_TRUE(answer) << base::to_text(answer.error());
    EXPECT_EQ(answer->front(), base::byte(0x10));
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, FillBytesOfTcpDevicesMeanNothing) {
    line.expect("05", "FF 15");
    line.expect(kStatusRequest, std::string("FF FF 06 FF ") + kStatusAnswer).expect("06", "FF");
    StandardLink link = make();
    EXPECT_TRUE(ask_status(link));
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, AKeptAnswerIsWitnessedBeforeItIsAcknowledged) {
    line.expect("05", std::string("06 ") + kCloseAnswer).expect("06").expect("05", "15");
    StandardLink link = make();
    ASSERT_TRUE(link.collect(clock.now() + 60s));
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0], kCloseAnswer);
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, WithoutAWordOfTheWitnessNothingIsAcknowledged) {
    line.expect("05", std::string("06 ") + kCloseAnswer);
    StandardLink link = make();
    witness_fails = true;
    const auto collected = link.collect(clock.now() + 60s);
    ASSERT_FALSE(collected);
    EXPECT_EQ(collected.error().code, ErrorCode::storage_full);
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, AnOldAnswerIsNotTakenForOurs) {
    line.expect("05", std::string("06 ") + kShiftAnswer).expect("06");
    line.expect("05", "15").expect(kShiftRequest, std::string("06 ") + kShiftAnswer).expect("06");
    StandardLink link = make();
    ASSERT_TRUE(open_shift(link));
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0], kShiftAnswer);
    EXPECT_EQ(seen[1], std::string("ours ") + kShiftAnswer);
}

TEST_F(LinkTest, AnotherCommandsAnswerAfterOurFrameIsOld) {
    line.expect("05", "15").expect(kStatusRequest, std::string("06 ") + kShiftAnswer).expect("06");
    line.expect("05", std::string("06 ") + kStatusAnswer).expect("06");
    StandardLink link = make();
    ASSERT_TRUE(ask_status(link));
    EXPECT_EQ(seen, std::vector<std::string>{kShiftAnswer});
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, ADamagedAnswerIsReadAgain) {
    line.expect("05", "15");
    line.expect(kShiftRequest, "06 02 03 E0 00 1F FD").expect("15");
    line.expect("05", std::string("06 ") + kShiftAnswer).expect("06");
    StandardLink link = make();
    EXPECT_TRUE(open_shift(link));
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, ALostAcknowledgementIsAskedForNotSentAgain) {
    line.expect("05", "15").expect(kShiftRequest, "");
    line.expect("05", std::string("06 ") + kShiftAnswer).expect("06");
    StandardLink link = make();
    EXPECT_TRUE(open_shift(link));
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, ADocumentsFrameIsNeverSentTwice) {
    line.expect("05", "15").expect(kShiftRequest, "15").expect("05", "15");
    StandardLink link = make();
    const auto answer = open_shift(link);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().effect, Effect::unknown);
    EXPECT_EQ(answer.error().reaction, base::Reaction::reconnect);
    EXPECT_TRUE(line.finished());
    EXPECT_TRUE(link.last_once());
}

TEST_F(LinkTest, AQuestionIsSentAgainWhereTheDeviceDoesNotHaveIt) {
    line.expect("05", "15").expect(kStatusRequest, "").expect("05", "15");
    line.expect(kStatusRequest, std::string("06 ") + kStatusAnswer).expect("06");
    StandardLink link = make();
    EXPECT_TRUE(ask_status(link));
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, ALongCommandIsWaitedForByAsking) {
    line.expect("05", "15").expect(kShiftRequest, "06");
    for (int i = 0; i < 4; ++i) {
        line.expect("05", "06");
    }
    line.expect("05", std::string("06 ") + kShiftAnswer).expect("06");
    StandardLink link = make();
    EXPECT_TRUE(open_shift(link));
    EXPECT_TRUE(line.finished());
}

TEST_F(LinkTest, SilenceBeforeTheFrameHasNoEffect) {
    for (int i = 0; i < kEnquiriesMax; ++i) {
        line.expect("05");
    }
    StandardLink link = make();
    const auto answer = open_shift(link);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::no_answer);
    EXPECT_EQ(answer.error().effect, Effect::none);
    EXPECT_TRUE(line.finished());
    EXPECT_FALSE(link.last_once());
}

TEST_F(LinkTest, EveryWaitEndsAtTheDeadline) {
    line.expect("05", "15").expect(kShiftRequest, "06");
    for (int i = 0; i < 40; ++i) {
        line.expect("05", "06");
    }
    StandardLink link = make();
    const os::Instant until = clock.now() + 20s;
    const auto answer = link.ask(
        {Command::open_shift, plain_request(Command::open_shift, 30), Link::Repeat::never, {}},
        until);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().effect, Effect::unknown);
    EXPECT_LE(clock.now(), until);
}

TEST_F(LinkTest, TheSameOldAnswerIsWitnessedOnce) {
    line.expect("05", std::string("06 ") + kCloseAnswer).expect("06");
    line.expect("05", std::string("06 ") + kCloseAnswer).expect("06").expect("05", "15");
    StandardLink link = make();
    ASSERT_TRUE(link.collect(clock.now() + 60s));
    EXPECT_EQ(seen.size(), 1U);
}

TEST_F(LinkTest, TheBugsDoWhatTheirNamesSay) {
    line.expect("05", std::string("06 ") + kCloseAnswer).expect("06").expect("05", "15");
    StandardLink careless = make({.acknowledge_before_durable = true});
    ASSERT_TRUE(careless.collect(clock.now() + 60s));
    EXPECT_TRUE(seen.empty());

    line.expect("05", std::string("06 ") + kCloseAnswer).expect("06");
    StandardLink trusting = make({.accept_stale_answer = true});
    EXPECT_TRUE(ask_status(trusting));

    line.expect("05", "15")
        .expect(kShiftRequest, "")
        .expect("06")
        .expect(kShiftRequest, std::string("06 ") + kShiftAnswer);
    line.expect("06");
    StandardLink hasty = make({.resend_without_enq = true});
    EXPECT_TRUE(open_shift(hasty));
    EXPECT_TRUE(line.finished());
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
