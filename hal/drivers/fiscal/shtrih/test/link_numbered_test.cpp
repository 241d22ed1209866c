// Claim: the host's side of the numbered layer executes a command once, takes no answer that is not
// its own, and never loses the only proof of a command.
// Shown by whole dialogues written down byte by byte; the line fails the test at the first byte
// that the dialogue does not have.
#include "hal/drivers/fiscal/shtrih/link_numbered.h"

#include <gtest/gtest.h>

#include "hal/drivers/fiscal/shtrih/test/dialogue_line.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::Effect;
using base::ErrorCode;
using base::from_hex;
using base::to_hex;
using namespace std::chrono_literals;

constexpr char kPing[] = "8F 00 00 0F 1D";
constexpr char kStatusMessage[] = "10 00 1E 92 02 02 00 00 9F E5 00 00 00 2A 08 00";
constexpr char kCloseMessage[] = "FF 45 00 79 13 00 00 00 D2 04 00 00 B1 68 DE 3A";
constexpr char kTypeMessage[] = "FC 00 00 00 02 00 2D 00 D8";
constexpr char kShiftMessage[] = "E0 00 1E";
constexpr std::uint16_t kLast = 0x20;  ///< the device's last number when the line is opened
constexpr std::uint16_t kMine = kLast + 1;

std::string frame(std::uint16_t number, std::string_view message = "") {
    return to_hex(encode_numbered({number, *from_hex(message)}));
}
std::string status_request(std::uint16_t number) {
    return to_hex(encode_numbered({number, plain_request(Command::short_status, 30)}));
}
std::string shift_request(std::uint16_t number) {
    return to_hex(encode_numbered({number, plain_request(Command::open_shift, 30)}));
}
std::string type_request(std::uint16_t number) {
    return to_hex(encode_numbered({number, device_type_request()}));
}

class NumberedLinkTest : public testing::Test {
protected:
    NumberedLink make(KnownBugs bugs = {}) {
        NumberedLink link(line, clock, bugs);
        link.set_old_answer_witness([this](base::ByteView bytes) -> base::Done {
            if (witness_fails) {
                return base::make_error(ErrorCode::storage_full, "no room");
            }
            seen.push_back(to_hex(bytes));
            return {};
        });
        return link;
    }
    /// A link that has said its first word; the device's last answer is an old status.
    NumberedLink connected(KnownBugs bugs = {}) {
        line.expect(kPing, frame(kLast, kStatusMessage));
        NumberedLink link = make(bugs);
        EXPECT_TRUE(link.collect(clock.now() + 60s));
        seen.clear();
        return link;
    }
    base::Result<Bytes> ask_status(NumberedLink& link) {
        return link.ask(
            {Command::short_status, plain_request(Command::short_status, 30), Link::Repeat::freely},
            clock.now() + 60s);
    }
    base::Result<Bytes> open_shift(NumberedLink& link, Link::Repeat repeat = Link::Repeat::never) {
        return link.ask({Command::open_shift, plain_request(Command::open_shift, 30), repeat,
                         [this](base::ByteView bytes) -> base::Done {
                             if (witness_fails) {
                                 return base::make_error(ErrorCode::storage_full, "no room");
                             }
                             seen.push_back("ours " + to_hex(bytes));
                             return {};
                         }},
                        clock.now() + 150s);
    }

    os::FakeClock clock;
    DialogueLine line{clock};
    std::vector<std::string> seen;
    bool witness_fails = false;
};

TEST_F(NumberedLinkTest, ThePublishedDialogueOfAFreshDevice) {
    line.expect(kPing, "8F 02 00 01 00 99 5A");
    line.expect("8F 07 00 02 00 E0 1E 00 00 00 CB 4B", "8F 05 00 02 00 E0 00 1E 24 9F 83");
    NumberedLink link = make();
    const auto answer = open_shift(link, Link::Repeat::if_not_received);
    ASSERT_TRUE(answer) << base::to_text(answer.error());
    EXPECT_EQ(to_hex(*answer), kShiftMessage);
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, NumbersFollowThatOfThePing) {
    NumberedLink link = connected();
    for (std::uint16_t number : {kMine, std::uint16_t(kMine + 1), std::uint16_t(kMine + 2)}) {
        line.expect(status_request(number), frame(number, kStatusMessage));
        EXPECT_TRUE(ask_status(link));
    }
    EXPECT_TRUE(line.finished());
    EXPECT_EQ(*link.next_number(clock.now() + 1s), kMine + 3);
}

TEST_F(NumberedLinkTest, AKeptAnswerIsWitnessedBeforeTheNextCommand) {
    line.expect(kPing, frame(kLast, kCloseMessage));
    NumberedLink link = make();
    ASSERT_TRUE(link.collect(clock.now() + 60s));
    EXPECT_EQ(seen, std::vector<std::string>{frame(kLast, kCloseMessage)});
    line.expect(status_request(kMine), frame(kMine, kStatusMessage));
    EXPECT_TRUE(ask_status(link));
    EXPECT_EQ(seen.size(), 1U);
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, WithoutAWordOfTheWitnessNoCommandIsSent) {
    witness_fails = true;
    NumberedLink link = make();
    for (int i = 0; i < 2; ++i) {
        line.expect(kPing, frame(kLast, kCloseMessage));
        const auto answer = ask_status(link);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, ErrorCode::storage_full);
        EXPECT_TRUE(line.finished());
    }
    witness_fails = false;
    line.expect(kPing, frame(kLast, kCloseMessage));
    line.expect(status_request(kMine), frame(kMine, kStatusMessage));
    EXPECT_TRUE(ask_status(link));
    EXPECT_EQ(seen.size(), 1U);
}

TEST_F(NumberedLinkTest, AnAnswerWhoseWitnessFailedIsOfferedAgain) {
    NumberedLink link = connected();
    witness_fails = true;
    line.expect(shift_request(kMine), frame(kMine, kShiftMessage));
    const auto answer = open_shift(link);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().effect, Effect::unknown);
    witness_fails = false;
    line.expect(kPing, frame(kMine, kShiftMessage));
    ASSERT_TRUE(link.collect(clock.now() + 60s));
    EXPECT_EQ(seen, std::vector<std::string>{frame(kMine, kShiftMessage)});
}

TEST_F(NumberedLinkTest, OurOwnAnswerIsNoOldOne) {
    NumberedLink link = connected();
    line.expect(status_request(kMine), frame(kMine, kStatusMessage));
    ASSERT_TRUE(ask_status(link));
    line.expect(kPing, frame(kMine, kStatusMessage));
    ASSERT_TRUE(link.collect(clock.now() + 60s));
    EXPECT_TRUE(seen.empty());
}

TEST_F(NumberedLinkTest, ALostAnswerIsAskedForUnderTheSameNumber) {
    NumberedLink link = connected();
    line.expect(shift_request(kMine)).expect(shift_request(kMine));
    line.expect(shift_request(kMine), frame(kMine, kShiftMessage));
    const auto answer = open_shift(link);
    ASSERT_TRUE(answer) << base::to_text(answer.error());
    EXPECT_EQ(seen, std::vector<std::string>{"ours " + frame(kMine, kShiftMessage)});
    EXPECT_TRUE(line.finished());
    EXPECT_TRUE(link.last_once());
}

TEST_F(NumberedLinkTest, ALateCopyOfThePreviousAnswerIsWaitedPast) {
    NumberedLink link = connected();
    line.expect(shift_request(kMine),
                frame(kLast, kStatusMessage) + " " + frame(kMine, kShiftMessage));
    EXPECT_TRUE(open_shift(link));
    line.expect(status_request(kMine + 1), frame(kMine, kShiftMessage));
    line.expect(status_request(kMine + 1), frame(kMine + 1, kStatusMessage));
    EXPECT_TRUE(ask_status(link)) << "a late copy alone: the frame is sent again";
    EXPECT_EQ(seen.size(), 1U) << "copies are no old answers";
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, AnotherCommandsAnswerUnderOurNumberIsNotOurs) {
    // github.com/shtrih-m/fr_drv_ng/issues/50: 11h was asked with a number already used, and the
    // kept answer to 1Eh came.
    NumberedLink link = connected();
    line.expect(status_request(kMine), frame(kMine, "1E 00"));
    line.expect(kPing, frame(kMine, "1E 00"));
    line.expect(status_request(kMine + 1), frame(kMine + 1, kStatusMessage));
    const auto answer = ask_status(link);
    ASSERT_TRUE(answer) << base::to_text(answer.error());
    EXPECT_EQ(to_hex(*answer), kStatusMessage);
    EXPECT_EQ(seen, std::vector<std::string>{frame(kMine, "1E 00")}) << "it may be a proof";
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, ADocumentsFrameIsNeverSentUnderANewNumber) {
    // A lost answer, a number of somebody else, another command's answer, a device that restarted.
    for (const std::string& wrong :
         {frame(kMine + 1, kShiftMessage), frame(kLast - 1, kStatusMessage), frame(kMine, "1E 00"),
          frame(1)}) {
        NumberedLink link = connected();
        line.expect(shift_request(kMine)).expect(shift_request(kMine), wrong);
        const auto answer = open_shift(link);
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, ErrorCode::unexpected_answer);
        EXPECT_EQ(answer.error().effect, Effect::unknown);
        EXPECT_EQ(answer.error().reaction, base::Reaction::reconnect);
        EXPECT_TRUE(line.finished());
    }
    NumberedLink link = connected();
    line.expect(shift_request(kMine), frame(kMine + 1, kShiftMessage));
    EXPECT_FALSE(open_shift(link, Link::Repeat::if_not_received)) << "only questions are";
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, AQuestionIsAskedAnewOnlySoOften) {
    NumberedLink link = connected();
    for (int i = 0; i <= kResyncsMax; ++i) {
        line.expect(status_request(kMine), frame(0x1000, kStatusMessage));
        if (i < kResyncsMax) {
            line.expect(kPing, frame(kLast, kStatusMessage));
        }
    }
    const auto answer = ask_status(link);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unexpected_answer);
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, NoDocumentsFrameHasANumberOfADeviceThatJustStarted) {
    // Its repetition would be the next number of a device that lost its power meanwhile.
    for (const auto& [last, first] : {std::pair<std::uint16_t, std::uint16_t>{1, 2}, {65'535, 0}}) {
        line.expect(kPing, frame(last));
        for (std::uint16_t number = first; number < kFreshNumbers; ++number) {
            line.expect(type_request(number), frame(number, kTypeMessage));
        }
        line.expect(shift_request(kFreshNumbers), frame(kFreshNumbers, kShiftMessage));
        NumberedLink link = make();
        EXPECT_EQ(*link.next_number(clock.now() + 60s), kFreshNumbers);
        EXPECT_TRUE(open_shift(link));
        EXPECT_TRUE(line.finished());
    }
}

TEST_F(NumberedLinkTest, JunkAndDamagedFramesAreNothing) {
    NumberedLink link = connected();
    std::string damaged = frame(kMine, kStatusMessage);
    damaged.back() = damaged.back() == '0' ? '1' : '0';
    line.expect(status_request(kMine), "05 15 FF " + damaged + " 8F 12 00 21");
    line.expect(status_request(kMine), "06 " + frame(kMine, kStatusMessage));
    EXPECT_TRUE(ask_status(link));
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, SilenceBeforeTheFrameHasNoEffect) {
    for (int i = 0; i < kPingsMax; ++i) {
        line.expect(kPing);
    }
    NumberedLink link = make();
    const auto answer = open_shift(link);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::no_answer);
    EXPECT_EQ(answer.error().effect, Effect::none);
    EXPECT_TRUE(line.finished());
    EXPECT_FALSE(link.last_once());
}

TEST_F(NumberedLinkTest, EveryWaitEndsAtTheDeadlineAndRepetitionsBecomeRarer) {
    NumberedLink link = connected();
    for (int i = 0; i < 6; ++i) {  // after 0, 1, 3, 7, 12 and 17 s
        line.expect(shift_request(kMine));
    }
    const os::Instant until = clock.now() + 20s;
    const auto answer = link.ask(
        {Command::open_shift, plain_request(Command::open_shift, 30), Link::Repeat::never, {}},
        until);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().effect, Effect::unknown);
    EXPECT_EQ(clock.now(), until);
    EXPECT_TRUE(line.finished());
}

TEST_F(NumberedLinkTest, AMarkingCodesAnswerIsWaitedForAsLongAsItsBudget) {
    for (const Command command : {Command::check_marking, Command::bind_marking}) {
        NumberedLink link = connected();
        const Bytes message = plain_request(command, 30);
        const std::string request = to_hex(encode_numbered({kMine, message}));
        for (int i = 0; i < 10; ++i) {  // after 0, 1, 3, 7, 12, then each 5 s up to 37 s
            line.expect(request);
        }
        const std::string code = to_hex(Bytes(message.begin(), message.begin() + 2));
        line.expect(request, frame(kMine, code + " 00"));  // after 42 s
        const auto answer = link.ask({command, message, Link::Repeat::if_not_received, {}},
                                     clock.now() + kMarkingBudget);
        EXPECT_TRUE(answer) << base::to_text(answer.error());
        EXPECT_TRUE(line.finished());
    }
}

TEST_F(NumberedLinkTest, TheBugsDoWhatTheirNamesSay) {
    NumberedLink renumbering = connected({.renumber_unanswered = true});
    line.expect(shift_request(kMine)).expect(kPing, frame(kMine, kShiftMessage));
    line.expect(shift_request(kMine + 1), frame(kMine + 1, kShiftMessage));
    EXPECT_TRUE(open_shift(renumbering)) << "two shifts";

    line.expect(kPing, frame(kLast, kCloseMessage));
    NumberedLink careless = make({.acknowledge_before_durable = true});
    seen.clear();
    EXPECT_TRUE(careless.collect(clock.now() + 60s));
    EXPECT_TRUE(seen.empty());

    NumberedLink trusting = connected({.accept_stale_answer = true});
    line.expect(status_request(kMine), frame(kLast, kCloseMessage));
    EXPECT_TRUE(ask_status(trusting));
    EXPECT_TRUE(line.finished());
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
