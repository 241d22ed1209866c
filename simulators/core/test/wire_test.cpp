// Claim: each fault of the line does what its row says, in either direction, and nothing else.
// Shown with a device that answers every frame with the same frame, on virtual time.
#include <gtest/gtest.h>

#include "simulators/core/wire.h"

namespace tillhost::simulators {
namespace {

using base::Bytes;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Frames are three bytes that begin with 02; every other byte is a control byte.
class ThreeByteTracker final : public FrameTracker {
public:
    Step feed(std::byte byte) override {
        if (left_ > 0) {
            return {.begins = false, .ends = --left_ == 0, .frame = true};
        }
        const bool frame = byte == std::byte{2};
        left_ = frame ? 2 : 0;
        return {.begins = true, .ends = !frame, .frame = frame};
    }
    void reset() override { left_ = 0; }

private:
    int left_ = 0;
};

class Echo final : public LineDevice {
public:
    void receive(base::ByteView bytes, os::Instant now) override {
        if (powered_) {
            heard_.insert(heard_.end(), bytes.begin(), bytes.end());
            output_.insert(output_.end(), bytes.begin(), bytes.end());
            last_ = now;
        }
    }
    void advance(os::Instant) override {}
    std::optional<os::Instant> next_event() const override { return std::nullopt; }
    Bytes take_output() override { return std::exchange(output_, {}); }
    void power(bool on, os::Instant) override { powered_ = on; }
    bool powered() const override { return powered_; }
    std::size_t room() const override { return room_; }

    void set_room(std::size_t room) { room_ = room; }
    std::string heard() { return base::to_hex(std::exchange(heard_, {})); }
    os::Instant last() const { return last_; }

private:
    bool powered_ = true;
    std::size_t room_ = kLineBytesMax * 2;
    Bytes heard_;
    Bytes output_;
    os::Instant last_{};
};

class WireTest : public testing::Test {
protected:
    std::string say(std::string_view hex, os::Duration wait = milliseconds(0)) {
        wire_.receive(*base::from_hex(hex), now_);
        now_ += wait;
        wire_.advance(now_);
        return base::to_hex(wire_.take_output());
    }
    void fault(const Fault& fault) { ASSERT_TRUE(wire_.inject(fault, now_)); }

    Echo echo_;
    Wire wire_{echo_, std::make_unique<ThreeByteTracker>(), std::make_unique<ThreeByteTracker>(),
               7};
    os::Instant now_{};
};

TEST_F(WireTest, PassesBytesInTheSameCallWithoutFaults) {
    EXPECT_EQ(say("05 02 41 42"), "05 02 41 42");
    EXPECT_FALSE(wire_.next_event());
}

TEST_F(WireTest, HasRoomForWhatTheDeviceTakesLessWhatIsOnTheWay) {
    EXPECT_EQ(wire_.room(), kLineBytesMax);
    fault({.kind = FaultKind::slow, .baud = 9600});
    say("02 41 42 43");
    EXPECT_EQ(wire_.room(), kLineBytesMax - 4);
    echo_.set_room(10);
    EXPECT_EQ(wire_.room(), 6U);
    echo_.set_room(3);
    EXPECT_EQ(wire_.room(), 0U);
}

TEST_F(WireTest, LosesTheNthFrameOfOneSideOnly) {
    fault({.kind = FaultKind::lose, .side = Side::host, .nth = 2});
    EXPECT_EQ(say("02 01 01 02 02 02 02 03 03"), "02 01 01 02 03 03");
    EXPECT_EQ(wire_.faults_fired(), 1U);
    fault({.kind = FaultKind::lose, .side = Side::device});
    EXPECT_EQ(say("02 04 04"), "");
    EXPECT_EQ(echo_.heard(), "02 01 01 02 03 03 02 04 04");
}

TEST_F(WireTest, LosesControlBytesWhereAskedTo) {
    fault({.kind = FaultKind::lose, .side = Side::device, .unit = Unit::control, .count = 2});
    EXPECT_EQ(say("05 02 41 42 05 05"), "02 41 42 05");
}

TEST_F(WireTest, LosesTheNthByte) {
    fault({.kind = FaultKind::lose, .side = Side::host, .unit = Unit::byte, .nth = 3});
    EXPECT_EQ(say("05 02 41 42 05"), "05 02 42 05");
}

TEST_F(WireTest, ALateFrameDelaysWhatStandsBehindIt) {
    fault({.kind = FaultKind::late, .side = Side::host, .ms = 500});
    EXPECT_EQ(say("02 41 42", milliseconds(100)), "");
    EXPECT_EQ(say("05", milliseconds(399)), "");
    EXPECT_EQ(say("", milliseconds(1)), "02 41 42 05");
    EXPECT_EQ(echo_.last().time_since_epoch(), milliseconds(500));
}

TEST_F(WireTest, DoublesCutsAndGarbles) {
    fault({.kind = FaultKind::twice, .side = Side::host});
    EXPECT_EQ(say("02 41 42"), "02 41 42 02 41 42");
    fault({.kind = FaultKind::cut, .side = Side::host, .at = 1});
    EXPECT_EQ(say("02 41 42"), "02");
    now_ += seconds(1);  // the echo's half frame is forgotten
    fault({.kind = FaultKind::garble, .side = Side::device, .at = 2, .mask = 0x0F});
    EXPECT_EQ(say("02 41 42"), "02 41 4D");
}

TEST_F(WireTest, PowerFailsWhenTheByteHasPassedAndComesBack) {
    fault({.kind = FaultKind::power_cut, .side = Side::host, .at = 1, .off_ms = 50});
    EXPECT_EQ(say("02 41 42"), "02 41");
    EXPECT_EQ(echo_.heard(), "02 41");
    EXPECT_FALSE(wire_.powered());
    EXPECT_EQ(say("05", milliseconds(49)), "");
    EXPECT_EQ(say("", milliseconds(1)), "");
    EXPECT_TRUE(wire_.powered());
    EXPECT_EQ(say("05"), "05");
}

TEST_F(WireTest, PowerFailsAfterASentByte) {
    fault({.kind = FaultKind::power_cut, .side = Side::device, .at = 1});
    EXPECT_EQ(say("02 41 42"), "02 41");
    EXPECT_EQ(echo_.heard(), "02 41 42");
    EXPECT_FALSE(wire_.powered());
}

TEST_F(WireTest, PowerFailsLaterWhereAskedTo) {
    fault({.kind = FaultKind::power_cut, .side = Side::host, .at = 2, .ms = 20});
    EXPECT_EQ(say("02 41 42", milliseconds(19)), "02 41 42");
    EXPECT_TRUE(wire_.powered());
    say("", milliseconds(1));
    EXPECT_FALSE(wire_.powered());
}

TEST_F(WireTest, SilenceIsDeafAndDumbForItsTime) {
    fault({.kind = FaultKind::silence, .ms = 100});
    EXPECT_EQ(say("05", milliseconds(100)), "");
    EXPECT_EQ(say("05"), "05");
    EXPECT_EQ(echo_.heard(), "05");
}

TEST_F(WireTest, ASlowLineTakesTenBitsAByte) {
    fault({.kind = FaultKind::slow, .baud = 1000});  // 10 ms a byte
    EXPECT_EQ(say("02 41 42", milliseconds(39)), "02 41");
    EXPECT_EQ(say("", milliseconds(1)), "42");
}

TEST_F(WireTest, NothingAddsUpOnASlowLineHoweverLateItIsLookedAt) {
    constexpr std::int64_t kBaud = 115'200;
    constexpr std::int64_t kBytes = 4608;  // 0.4 seconds exactly
    fault({.kind = FaultKind::slow, .baud = kBaud});
    wire_.receive(Bytes(kBytes, std::byte{5}), now_);
    // The echo's last byte begins when the host's last one has passed; each direction rounds once.
    const os::Instant end =
        now_ + milliseconds(400) + nanoseconds(seconds(10)) / kBaud + nanoseconds(1);
    std::size_t heard = 0;
    for (; now_ < end; now_ += milliseconds(7)) {
        wire_.advance(now_);
        heard += wire_.take_output().size();
    }
    EXPECT_LT(heard, static_cast<std::size_t>(kBytes));
    wire_.advance(end);
    EXPECT_EQ(heard + wire_.take_output().size(), static_cast<std::size_t>(kBytes));
    EXPECT_EQ(echo_.last().time_since_epoch(), milliseconds(400));
}

TEST_F(WireTest, MetersBothDirectionsAndWhatTheLineWaitsForItsHost) {
    fault({.kind = FaultKind::slow, .baud = 1000});            // 10 ms a byte
    EXPECT_EQ(say("02 41 42", milliseconds(45)), "02 41 42");  // 40 ms: one byte behind the host
    EXPECT_EQ(say("05", milliseconds(20)), "05");              // 5 ms later
    const LineFigures figures = wire_.figures();
    EXPECT_EQ(figures.host_bytes, 4U);
    EXPECT_EQ(figures.device_bytes, 4U);
    EXPECT_EQ(figures.busy, milliseconds(60));
    EXPECT_EQ(figures.span, milliseconds(65));
    EXPECT_EQ(figures.turns.count, 1U);
    EXPECT_EQ(figures.turns.p50, milliseconds(5));
    wire_.meter_anew(now_);
    EXPECT_EQ(wire_.figures().host_bytes, 0U);
}

TEST_F(WireTest, ProbabilityComesFromTheSeed) {
    const auto run = [] {
        Echo echo;
        Wire wire(echo, std::make_unique<ThreeByteTracker>(), std::make_unique<ThreeByteTracker>(),
                  42);
        EXPECT_TRUE(wire.inject({.kind = FaultKind::lose,
                                 .side = Side::host,
                                 .unit = Unit::control,
                                 .per_mille = 300,
                                 .count = 0},
                                {}));
        wire.receive(Bytes(1000, std::byte{5}), {});
        return wire.take_output().size();
    };
    EXPECT_EQ(run(), run());
    EXPECT_GT(run(), 600U);
    EXPECT_LT(run(), 800U);
}

TEST_F(WireTest, ClearTakesEverythingBack) {
    fault({.kind = FaultKind::lose, .count = 0});
    fault({.kind = FaultKind::silence});
    fault({.kind = FaultKind::slow, .baud = 10});
    fault({.kind = FaultKind::clear});
    EXPECT_EQ(say("02 41 42"), "02 41 42");
}

TEST_F(WireTest, NoiseComesUnasked) {
    fault({.kind = FaultKind::noise, .count = 3});
    EXPECT_EQ(say(""), "FF FF FF");
}

TEST_F(WireTest, RefusesMoreFaultsThanItsBound) {
    for (std::size_t i = 0; i < kArmedFaultsMax; ++i) {
        fault({.kind = FaultKind::lose, .nth = 1000});
    }
    EXPECT_EQ(wire_.inject({.kind = FaultKind::lose}, now_).error().code,
              base::ErrorCode::retry_later);
}

}  // namespace
}  // namespace tillhost::simulators
