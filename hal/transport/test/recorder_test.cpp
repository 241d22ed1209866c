// Claim: a recording holds every call of a line and nothing that is hidden, and plays it again.
// Shown by recording a scripted line, reading the file, and playing it to the same calls and
// others.
#include "hal/transport/recorder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/files.h"
#include "hal/transport/replayer.h"

namespace tillhost::transport {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

/// Answers each byte with its double 3 ms later; silence to 00; hangs up on FF.
class Doubler final : public Transport {
public:
    explicit Doubler(os::FakeClock& clock) : clock_(clock) {}
    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        if (said_ == 0) {
            clock_.advance_to(deadline);
            return base::make_error(ErrorCode::deadline_passed, "silent");
        }
        clock_.advance(3ms);
        buffer[0] = base::byte(2 * said_);
        said_ = 0;
        return std::size_t{1};
    }
    base::Done write(base::ByteView bytes, os::Deadline) override {
        clock_.advance(1ms);
        said_ = base::to_unsigned(bytes.back());
        if (said_ == 0xFF) {
            return base::make_error(ErrorCode::link_lost, "gone", base::Effect::unknown);
        }
        return {};
    }
    base::Done flush() override { return {}; }
    os::Duration late_bytes_max() const override { return 50ms; }

private:
    os::FakeClock& clock_;
    unsigned said_ = 0;
};

class DoublerPort final : public Connector {
public:
    explicit DoublerPort(os::FakeClock& clock) : clock_(clock) {}
    base::Result<std::unique_ptr<Transport>> connect(os::Deadline) override {
        if (!there) {
            return base::make_error(ErrorCode::port_missing, "no cable");
        }
        return std::unique_ptr<Transport>(std::make_unique<Doubler>(clock_));
    }
    bool there = true;

private:
    os::FakeClock& clock_;
};

/// Hides the byte behind each 77h; a 77h at the end waits for it.
class HidesBehind77 final : public Redactor {
public:
    std::size_t settle(Way, std::span<std::byte> bytes, bool complete) override {
        std::size_t i = 0;
        while (i < bytes.size()) {
            if (bytes[i] == base::byte(0x77) && i + 1 == bytes.size() && !complete) {
                return i;
            }
            i += 1;
            if (bytes[i - 1] == base::byte(0x77) && i < bytes.size()) {
                bytes[i++] = kHidden;
            }
        }
        return i;
    }
};

base::Bytes hex(std::string_view text) { return MUST(base::from_hex(text)); }

class RecorderTest : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "recorder-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override {
        for (const auto& name : MUST(os::list_files(folder_, ""))) {
            EXPECT_TRUE(os::remove_file(folder_ + "/" + name));
        }
        EXPECT_EQ(::rmdir(folder_.c_str()), 0);
    }
    std::string path() const { return folder_ + "/line"; }
    std::string text() const {
        return base::string_of(MUST(os::read_file(path(), kRecordingBytesMax)));
    }
    base::Done start(IfThere if_there = IfThere::refuse) {
        return recorder_.start(path(), if_there, "test/doubler", std::make_unique<HidesBehind77>());
    }
    std::unique_ptr<Connector> port() {
        return recorder_.wrap(std::make_unique<DoublerPort>(clock_));
    }
    /// The calls of a driver on any line; what they gave, in words.
    static std::string converse(Connector& port, const os::Clock& clock, std::string_view second) {
        auto connected = port.connect(clock.now() + 1s);
        if (!connected) {
            return std::string(base::name_of(connected.error().code));
        }
        Transport& line = **connected;
        std::string words;
        const auto say = [&](std::string_view bytes) {
            const auto done = line.write(hex(bytes), clock.now() + 100ms);
            words += done ? "" : " " + std::string(base::name_of(done.error().code));
        };
        const auto hear = [&] {
            std::array<std::byte, 8> buffer{};
            const auto count = line.read(buffer, clock.now() + 200ms);
            words += ' ';
            words += count ? base::to_hex(base::ByteView(buffer).first(*count))
                           : std::string(base::name_of(count.error().code));
        };
        say("05");
        hear();
        say(second);
        say("00");
        hear();
        static_cast<void>(line.flush());
        say("FF");
        return words;
    }

    std::string folder_;
    os::FakeClock clock_;
    Recorder recorder_{clock_};
};

TEST_F(RecorderTest, WritesEveryCallWithItsTimesAndHidesWhatIsToBeHidden) {
    clock_.advance(5s);
    ASSERT_TRUE(start());
    EXPECT_EQ(converse(*port(), clock_, "77 31 77"), " 0A deadline_passed link_lost");
    ASSERT_TRUE(recorder_.stop());
    EXPECT_EQ(text(),
              "tillhost-recording 1\n"
              "driver test/doubler\n"
              "started 1780000005000\n"
              "0.000000000 +0.000000000 by 1.000000000 connect late 0.050000000\n"
              "0.000000000 +0.001000000 by 0.100000000 write 05\n"
              "0.001000000 +0.003000000 by 0.201000000 read 0A\n"
              "0.004000000 +0.001000000 by 0.104000000 write 77 ** 77\n"
              "0.005000000 +0.001000000 by 0.105000000 write **\n"
              "0.006000000 +0.200000000 by 0.206000000 read ! deadline_passed\n"
              "0.206000000 +0.000000000 flush\n"
              "0.206000000 +0.001000000 by 0.306000000 write FF ! link_lost unknown\n"
              "0.207000000 +0.000000000 close\n");
    EXPECT_EQ(recorder_.size(), text().size());
    struct stat found {};
    ASSERT_EQ(::stat(path().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(RecorderTest, ARecordingPlaysAgainWithItsTimes) {
    ASSERT_TRUE(start());
    converse(*port(), clock_, "77 31 77");
    ASSERT_TRUE(recorder_.stop());
    auto all = parse_recordings(text());
    ASSERT_TRUE(all) << base::to_text(all.error());
    ASSERT_EQ(all->size(), 1U);
    Replay replay(all->front(), std::make_unique<HidesBehind77>());
    // Another secret is the same conversation.
    EXPECT_EQ(converse(*replay.connector(), replay.clock(), "77 39 77"),
              " 0A deadline_passed link_lost");
    EXPECT_TRUE(replay.finish()) << base::to_text(replay.finish().error());
    EXPECT_EQ(replay.clock().now(), os::Instant(207ms));
}

TEST_F(RecorderTest, AReplayNamesTheEventFromWhichTheDriverDiffers) {
    ASSERT_TRUE(start());
    converse(*port(), clock_, "77 31 77");
    ASSERT_TRUE(recorder_.stop());
    const Recording recording = MUST(parse_recordings(text())).front();
    Replay other(recording, std::make_unique<HidesBehind77>());
    converse(*other.connector(), other.clock(), "76 31 77");
    ASSERT_TRUE(other.divergence());
    EXPECT_EQ(other.divergence()->code, ErrorCode::wrong_state);
    EXPECT_NE(other.divergence()->detail.find("event 4 (line 7: "), std::string::npos)
        << other.divergence()->detail;
    EXPECT_NE(other.divergence()->detail.find("the driver writes 76 31"), std::string::npos)
        << other.divergence()->detail;
    EXPECT_FALSE(other.finish());

    Replay longer(recording, std::make_unique<HidesBehind77>());
    converse(*longer.connector(), longer.clock(), "77 31");
    EXPECT_NE(longer.divergence()->detail.find("2 bytes instead of 3"), std::string::npos);

    Replay again(recording, std::make_unique<HidesBehind77>());
    auto line = again.connector()->connect(os::Deadline::max());
    ASSERT_TRUE(line);
    std::array<std::byte, 8> buffer{};
    EXPECT_FALSE((*line)->read(buffer, os::Deadline::max()));
    EXPECT_NE(again.divergence()->detail.find("event 2 (line 5: "), std::string::npos);
    EXPECT_FALSE((*line)->write(hex("05"), os::Deadline::max())) << "it does not come back";

    Replay unfinished(recording, std::make_unique<HidesBehind77>());
    EXPECT_NE(unfinished.finish().error().detail.find("event 1 "), std::string::npos);
}

TEST_F(RecorderTest, AFailedConnectionIsAnEvent) {
    auto port = std::make_unique<DoublerPort>(clock_);
    port->there = false;
    ASSERT_TRUE(start());
    EXPECT_EQ(converse(*recorder_.wrap(std::move(port)), clock_, "01"), "port_missing");
    ASSERT_TRUE(recorder_.stop());
    Replay replay(MUST(parse_recordings(text())).front(), std::make_unique<NothingToHide>());
    EXPECT_EQ(converse(*replay.connector(), replay.clock(), "01"), "port_missing");
    EXPECT_TRUE(replay.finish());
}

TEST_F(RecorderTest, AnotherRecordingStandsBehindTheFirstAndAHalfLineIsPassedOver) {
    ASSERT_TRUE(os::write_atomically(
        path(), base::bytes_of(heading_text("test/doubler", 1) + "0.000000000 +0.0000")));
    EXPECT_EQ(start(IfThere::refuse).error().code, ErrorCode::bad_field);
    ASSERT_TRUE(start(IfThere::append));
    converse(*port(), clock_, "01");
    ASSERT_TRUE(start(IfThere::append));
    ASSERT_TRUE(recorder_.stop());
    const auto all = parse_recordings(text());
    ASSERT_TRUE(all) << base::to_text(all.error());
    ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ((*all)[0].events.size(), 0U);
    EXPECT_EQ((*all)[1].events.size(), 9U);
    EXPECT_EQ((*all)[2].events.size(), 0U);
}

TEST_F(RecorderTest, StopsAtItsLimitAndTheLineGoesOn) {
    const std::string most(kRecordingBytesMax - 400, '#');
    ASSERT_TRUE(os::write_atomically(path(), base::bytes_of(most + "\n")));
    ASSERT_TRUE(start(IfThere::append));
    EXPECT_EQ(converse(*port(), clock_, "01"), " 0A deadline_passed link_lost");
    EXPECT_FALSE(recorder_.on());
    EXPECT_TRUE(recorder_.stop());
    EXPECT_LE(text().size(), kRecordingBytesMax);
    const auto all = parse_recordings(text());
    ASSERT_TRUE(all) << base::to_text(all.error());
    EXPECT_TRUE(all->front().full);
    EXPECT_LT(all->front().events.size(), 9U);
}

TEST_F(RecorderTest, RefusesAPathAndADriverThatHidesNothing) {
    EXPECT_EQ(recorder_.start("line", IfThere::append, "d", std::make_unique<NothingToHide>())
                  .error()
                  .code,
              ErrorCode::bad_field);
    EXPECT_EQ(recorder_.start(path(), IfThere::append, "d", nullptr).error().code,
              ErrorCode::not_supported);
    EXPECT_EQ(recorder_.start("/dev/null", IfThere::append, "d", std::make_unique<NothingToHide>())
                  .error()
                  .code,
              ErrorCode::bad_field);
    EXPECT_FALSE(recorder_.on());
    EXPECT_EQ(converse(*port(), clock_, "01"), " 0A deadline_passed link_lost");
}

TEST_F(RecorderTest, ARecordingThatCannotBeginLeavesTheOneThatIsOn) {
    ASSERT_TRUE(start());
    const auto again = start();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::bad_field);
    EXPECT_TRUE(again.error().detail.starts_with("path: "));
    EXPECT_FALSE(
        recorder_.start("/dev/null", IfThere::append, "d", std::make_unique<NothingToHide>()));
    EXPECT_EQ(recorder_.path(), path());
    converse(*port(), clock_, "01");
    ASSERT_TRUE(recorder_.stop());
    EXPECT_NE(text().find(" write 05\n"), std::string::npos);
}

TEST(Recording, NamesTheLineThatIsWrong) {
    const std::string head = heading_text("d/d", 1);
    for (const std::string line :
         {"x", "0.000000000", "0.000000000 +1", "0.000000000 +0.000000000 dance",
          "0.000000000 +0.000000000 read 0", "0.000000000 +0.000000000 read 010",
          "0.000000000 +0.000000000 read ! nonsense", "0.000000000 +0.000000000 flush 01",
          "0.00000000 +0.000000000 flush", "99999999999.000000000 +0.000000000 flush"}) {
        const auto all = parse_recordings(head + line + "\n");
        ASSERT_FALSE(all) << line;
        EXPECT_EQ(all.error().code, ErrorCode::bad_field);
        EXPECT_TRUE(all.error().detail.starts_with("line 4")) << all.error().detail;
    }
    EXPECT_EQ(parse_recordings("").error().code, ErrorCode::bad_field);
    EXPECT_EQ(parse_recordings("tillhost-recording 2\n").error().code, ErrorCode::bad_field);
    EXPECT_EQ(parse_recordings(head + "full\n0.000000000 +0.000000000 flush\n").error().code,
              ErrorCode::bad_field);
}

TEST(Recording, ReadsWhatItWrites) {
    const Event event{EventKind::read,
                      1500ms,
                      2ns,
                      -3ms,
                      hex("00 FF 2A"),
                      {},
                      EventError{ErrorCode::cancelled, base::Effect::unknown}};
    EXPECT_EQ(to_text(event),
              "1.500000000 +0.000000002 by -0.003000000 read 00 FF ** ! cancelled unknown\n");
    auto all = MUST(parse_recordings(heading_text("d/d", 1) + "# a remark\n\n" + to_text(event)));
    ASSERT_EQ(all.front().events.size(), 1U);
    EXPECT_EQ(all.front().events.front().line, 6U);
    all.front().events.front().line = 0;
    EXPECT_EQ(all.front().events.front(), event);
}

}  // namespace
}  // namespace tillhost::transport
