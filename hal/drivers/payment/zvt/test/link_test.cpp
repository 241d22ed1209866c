// Claim: both links give whole messages whatever pieces the line gives; the serial one confirms
// each frame, repeats only what was not confirmed, and takes a repeat once. Shown on a line that
// says its bytes in the pieces and at the times of the test, on virtual time.
#include "hal/drivers/payment/zvt/link.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "hal/drivers/payment/zvt/serial_frames.h"
#include "hal/drivers/payment/zvt/test/vectors.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::zvt {
namespace {

using namespace std::chrono_literals;
using base::Bytes;
using base::ErrorCode;
using base::to_hex;

/// Says pieces, each so long after the one before it was read; keeps what was written.
class PiecesLine final : public transport::Transport {
public:
    explicit PiecesLine(os::FakeClock& clock) : clock_(clock) {}

    PiecesLine& say(const std::string& hex, os::Duration after = {}) {
        pieces_.push_back({*base::from_hex(hex), after});
        return *this;
    }
    /// Said after the next write that has not such a piece yet.
    PiecesLine& answer(const std::string& hex) {
        answers_.push_back(hex);
        return *this;
    }
    /// When all pieces are said, this one for ever.
    PiecesLine& babble(const std::string& hex, os::Duration every = {}) {
        babble_ = Piece{*base::from_hex(hex), every};
        return *this;
    }
    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        if (pieces_.empty() && babble_) {
            pieces_.push_back(*babble_);
        }
        if (pieces_.empty() || clock_.now() + pieces_.front().after > deadline) {
            if (!pieces_.empty()) {
                pieces_.front().after -= deadline - clock_.now();
            }
            clock_.advance_to(deadline);
            return base::make_error(ErrorCode::deadline_passed, "nothing came");
        }
        clock_.advance(pieces_.front().after);
        const Bytes bytes = pieces_.front().bytes;
        pieces_.pop_front();
        std::copy(bytes.begin(), bytes.end(), buffer.begin());
        return bytes.size();
    }
    base::Done write(base::ByteView bytes, os::Deadline) override {
        written.push_back(to_hex(bytes));
        if (!answers_.empty()) {
            const std::string hex = answers_.front();
            answers_.pop_front();
            if (!hex.empty()) {
                say(hex);
            }
        }
        return {};
    }
    base::Done flush() override { return {}; }
    os::Duration late_bytes_max() const override { return 0ns; }

    std::vector<std::string> written;

private:
    struct Piece {
        Bytes bytes;
        os::Duration after;
    };
    os::FakeClock& clock_;
    std::deque<Piece> pieces_;
    std::deque<std::string> answers_;
    std::optional<Piece> babble_;
};

struct LinkTest : testing::Test {
    os::FakeClock clock;
    PiecesLine line{clock};
    std::unique_ptr<Link> serial = make_serial_link(line, clock, {});
    std::unique_ptr<Link> stream = make_stream_link(line, {});

    std::string next(Link& link, os::Duration wait = 60s) {
        const auto apdu = link.receive(clock.now() + wait);
        return apdu ? to_hex(*apdu) : std::string(base::name_of(apdu.error().code));
    }
};

TEST_F(LinkTest, StreamJoinsPiecesAndSplitsWhatCameTogether) {
    line.say("80").say("00", 1s).say("00 06 0F 00 04 0F 02 27").say("00");
    EXPECT_EQ(next(*stream), "80 00 00");
    EXPECT_EQ(next(*stream), "06 0F 00");
    EXPECT_EQ(next(*stream), "04 0F 02 27 00");
    EXPECT_EQ(next(*stream), "deadline_passed");
}

TEST_F(LinkTest, StreamTakesALongMessageInReads) {
    Bytes apdu = *base::from_hex("06 D3 FF B8 0B");
    apdu.resize(5 + 3000, std::byte{0x20});
    for (std::size_t at = 0; at < apdu.size(); at += 1024) {
        line.say(to_hex(
            base::ByteView(apdu).subspan(at, std::min<std::size_t>(1024, apdu.size() - at))));
    }
    EXPECT_EQ(next(*stream), to_hex(apdu));
}

TEST_F(LinkTest, SerialConfirmsEachFrameBeforeItIsLookedAt) {
    line.say(to_hex(vector_of("serial.txt", "S11")));
    EXPECT_EQ(next(*serial), "06 0F 0B F0 F0 F7 32 2E 31 34 2E 31 35 00");
    EXPECT_EQ(line.written, std::vector<std::string>{"06"});
}

TEST_F(LinkTest, SerialRefusesADamagedFrameAndTakesItsRepeat) {
    line.say("10 02 80 00 00 10 03 F5 1E").say("10 02 80 00 00 10 03 F5 1F");
    EXPECT_EQ(next(*serial), "80 00 00");
    EXPECT_EQ(line.written, (std::vector<std::string>{"15", "06"}));
}

TEST_F(LinkTest, SerialDropsAHalfFrameAfterT1) {
    line.say("10 02 80 00").say("10 02 80 00 00 10 03 F5 1F", 201ms);
    EXPECT_EQ(next(*serial), "80 00 00");
    EXPECT_EQ(line.written, (std::vector<std::string>{"15", "06"}));
}

TEST_F(LinkTest, SerialSendsOnceWhereItIsConfirmed) {
    line.answer("06");
    EXPECT_TRUE(serial->send(*base::from_hex("06 70 00"), clock.now() + 60s));
    EXPECT_EQ(line.written, std::vector<std::string>{"10 02 06 70 00 10 03 D9 F9"});
}

TEST_F(LinkTest, SerialRepeatsTheSameFrameOnNakAndOnSilence) {
    line.answer("15").answer("").answer("06");
    const auto begin = clock.now();
    EXPECT_TRUE(serial->send(*base::from_hex("06 70 00"), clock.now() + 60s));
    EXPECT_EQ(line.written.size(), 3U);
    EXPECT_EQ(line.written[0], line.written[2]);
    EXPECT_EQ(clock.now() - begin, 5s);
}

TEST_F(LinkTest, SerialGivesUpAfterThreeSends) {
    const auto sent = serial->send(*base::from_hex("06 70 00"), clock.now() + 60s);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::no_answer);
    EXPECT_EQ(sent.error().effect, base::Effect::unknown);
    EXPECT_EQ(line.written.size(), 3U);
}

TEST_F(LinkTest, SerialKeepsAFrameThatCrossesItsOwn) {
    line.answer("10 02 80 00 00 10 03 F5 1F 06");
    EXPECT_TRUE(serial->send(*base::from_hex("06 70 00"), clock.now() + 60s));
    EXPECT_EQ(next(*serial), "80 00 00");
    EXPECT_EQ(line.written[1], "06");
}

TEST_F(LinkTest, SerialSendsNothingAgainThatWasAnsweredThoughItsConfirmationIsLost) {
    line.answer("10 02 80 00 00 10 03 F5 1F");
    EXPECT_TRUE(serial->send(*base::from_hex("06 70 00"), clock.now() + 60s));
    EXPECT_EQ(line.written, (std::vector<std::string>{"10 02 06 70 00 10 03 D9 F9", "06"}));
    EXPECT_EQ(next(*serial), "80 00 00");
}

TEST_F(LinkTest, SerialTakesALateRepeatOnceThoughSomethingOfOursWasConfirmed) {
    const std::string block = to_hex(encode_serial_frame(*base::from_hex("06 D3 01 00")));
    line.say(block);
    EXPECT_EQ(next(*serial), "06 D3 01 00");
    line.answer("06");  // but the confirmation of the block was lost
    EXPECT_TRUE(serial->send(*base::from_hex("80 00 00"), clock.now() + 60s));
    line.say(block, 5s).say(block);  // and came twice at that
    EXPECT_EQ(next(*serial, 10s), "deadline_passed");
    EXPECT_EQ(line.written.back(), "06");
}

TEST_F(LinkTest, AMessageIsSupersededByAnotherOneAndNotByAnAnswer) {
    line.say("04 FF 01 0A 04 FF 01 0E 80 00 00");
    EXPECT_EQ(next(*stream), "04 FF 01 0A");
    EXPECT_TRUE(stream->is_superseded());
    EXPECT_EQ(next(*stream), "04 FF 01 0E");
    EXPECT_FALSE(stream->is_superseded());
    const auto frame = [](const char* apdu) {
        return to_hex(encode_serial_frame(*base::from_hex(apdu)));
    };
    line.answer("06 " + frame("04 FF 01 0A") + " " + frame("04 FF 01 0E"));
    EXPECT_TRUE(serial->send(*base::from_hex("80 00 00"), clock.now() + 60s));
    EXPECT_EQ(next(*serial), "04 FF 01 0A");
    EXPECT_TRUE(serial->is_superseded());
    EXPECT_EQ(next(*serial), "04 FF 01 0E");
    EXPECT_FALSE(serial->is_superseded());
}

TEST_F(LinkTest, SerialBabbleEnds) {
    const std::string noise = to_hex(Bytes(1024, std::byte{0x55}));
    line.babble(noise);
    EXPECT_EQ(next(*serial), "frame_damaged") << "no frame begins";
    line.say("10 02").babble(noise);
    EXPECT_EQ(next(*serial), "frame_damaged") << "a frame does not end";
    const os::Instant begun = clock.now();
    line.say("00").babble("06", 10ms);
    EXPECT_EQ(next(*serial), "deadline_passed") << "confirmations of nothing";
    line.babble("10 02 80 00 00 10 03 F5 1E", 10ms);
    EXPECT_EQ(next(*serial), "deadline_passed") << "damaged frames";
    EXPECT_LE(clock.now() - begun, 121s);
}

TEST_F(LinkTest, SerialSendingEndsThoughTheTerminalTalksOn) {
    line.babble("10 02 06 D1 01 40 10 03 7A F1", 10ms);
    const os::Instant begun = clock.now();
    const auto sent = serial->send(*base::from_hex("06 70 00"), clock.now() + 60s);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::no_answer);
    EXPECT_LE(clock.now() - begun, 16s);
}

TEST_F(LinkTest, SerialTakesARepeatOnceAndConfirmsItTwice) {
    const std::string frame = "10 02 80 00 00 10 03 F5 1F";
    line.say(frame).say(frame, 5s);
    EXPECT_EQ(next(*serial), "80 00 00");
    EXPECT_EQ(next(*serial, 10s), "deadline_passed");
    EXPECT_EQ(line.written, (std::vector<std::string>{"06", "06"}));
}

TEST_F(LinkTest, SerialTakesEqualLinesTwiceWhereTheFirstWasAnswered) {
    const std::string empty_line = to_hex(encode_serial_frame(*base::from_hex("06 D1 01 40")));
    line.say(empty_line);
    EXPECT_EQ(next(*serial), "06 D1 01 40");
    line.answer("06");
    EXPECT_TRUE(serial->send(*base::from_hex("80 00 00"), clock.now() + 60s));
    line.say(empty_line);
    EXPECT_EQ(next(*serial), "06 D1 01 40");
}

}  // namespace
}  // namespace tillhost::drivers::zvt
