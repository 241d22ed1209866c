// Claim: each knob makes the token go wrong as its name says, as often as told, and "clear" ends
// it. Shown by what a host hears, on virtual time.
#include "simulators/dongle/fido2/test/host.h"

namespace tillhost::simulators::fido2 {
namespace {

using std::chrono::milliseconds;

class Fido2Faults : public testing::Test {
protected:
    Fido2Faults() {
        host_.cbor(make_request());
        EXPECT_EQ(host_.answer().at(0), std::byte{0});
        id_ = host_.state().credentials.at(0).id;
    }
    /// A proof: its status alone, or the counter that was told.
    std::string proof() {
        host_.cbor(assert_request(id_));
        const base::Bytes answer = host_.answer();
        return base::to_hex(base::ByteView(answer).first(std::min<std::size_t>(answer.size(), 1)));
    }
    std::uint32_t counter() const { return host_.state().counter; }

    Host host_;
    base::Bytes id_;
};

TEST_F(Fido2Faults, AnotherProgramUsesTheToken) {
    host_.fault("channel_busy", {{"count", "2"}});
    EXPECT_EQ(proof(), "");
    EXPECT_EQ(host_.error(), 6U);
    host_.say("FF FF FF FF 86 00 08 01 02 03 04 05 06 07 08");
    EXPECT_EQ(host_.hear().substr(0, 20), "FF FF FF FF 86 00 11") << "a channel is always given";
    EXPECT_EQ(proof(), "");
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(host_.state().faults_fired, 2U);
}

TEST_F(Fido2Faults, ItWantsATouchAlthoughNoneWasAskedFor) {
    host_.fault("touch_needed");
    EXPECT_EQ(proof(), "3B");
    EXPECT_EQ(proof(), "00");
    host_.fault("touch_needed", {{"code", "0x2B"}, {"count", "0"}});
    EXPECT_EQ(proof(), "2B");
    EXPECT_EQ(proof(), "2B");
    host_.fault("clear");
    EXPECT_EQ(proof(), "00");
}

TEST_F(Fido2Faults, ItIsSlow) {
    host_.fault("slow_command", {{"command", "2"}, {"ms", "1050"}});
    host_.cbor("04");
    EXPECT_EQ(host_.hear(milliseconds(0)).substr(0, 14), "00 22 00 02 90") << "other commands not";
    host_.hear(milliseconds(0));
    host_.hear(milliseconds(0));
    const unsigned before = host_.keepalives();
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(host_.keepalives() - before, 10U);
    EXPECT_EQ(host_.last_keepalive(), 1U);
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(host_.keepalives() - before, 10U);
}

TEST_F(Fido2Faults, ItsCounterGoesBackOrStaysAtZero) {
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(counter(), 2U);
    host_.fault("counter", {{"number", "1"}});
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(counter(), 2U);
    host_.fault("counter", {{"number", "0"}});
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(counter(), 0U);
    EXPECT_EQ(host_.state().credentials.at(0).counter, 0U);
    host_.fault("counter", {{"number", "500"}});
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(counter(), 501U);
}

TEST_F(Fido2Faults, OtherProgramsAreHeardBetween) {
    host_.fault("foreign_traffic");
    EXPECT_EQ(proof(), "00");
    EXPECT_EQ(host_.foreign(), 5U) << "a foreign INIT, and one packet before each of four";
    host_.fault("foreign_traffic");
    host_.say("FF FF FF FF 86 00 08 01 02 03 04 05 06 07 08");
    EXPECT_EQ(host_.hear().substr(0, 32), "FF FF FF FF 86 00 11 A5 A5 A5 A5") << "not our nonce";
    EXPECT_EQ(host_.hear().substr(0, 11), "7E 57 F0 0D");
    EXPECT_EQ(host_.hear().substr(0, 32), "FF FF FF FF 86 00 11 01 02 03 04");
}

TEST_F(Fido2Faults, AnAnswerStopsInTheMiddle) {
    host_.fault("cut_answer", {{"after", "2"}});
    host_.cbor(assert_request(id_));
    EXPECT_EQ(host_.hear().substr(0, 14), "00 22 00 02 90");
    EXPECT_EQ(host_.hear().substr(0, 14), "00 22 00 02 00");
    EXPECT_EQ(host_.hear(), "");
    EXPECT_EQ(counter(), 2U) << "it has signed nevertheless";
    EXPECT_EQ(proof(), "00");
}

TEST_F(Fido2Faults, TheLineDamagesAPacket) {
    host_.fault("garble", {{"nth", "2"}, {"at", "4"}, {"mask", "1"}});
    EXPECT_EQ(proof(), "") << "another number of the second packet";
    while (!host_.hear().empty()) {
    }
    host_.fault("lose", {{"nth", "2"}});
    EXPECT_EQ(proof(), "") << "packet 0 is missing";
    while (!host_.hear().empty()) {
    }
    host_.fault("lose", {{"side", "host"}});
    host_.cbor(assert_request(id_));
    EXPECT_EQ(host_.hear(), "") << "its first packet did not arrive: the others are of nothing";
    EXPECT_EQ(proof(), "00");
}

TEST_F(Fido2Faults, ItIsPulledOutWhileItSpeaks) {
    host_.fault("power_cut", {{"nth", "2"}, {"at", "10"}, {"off_ms", "500"}});
    host_.cbor(assert_request(id_));
    EXPECT_EQ(host_.hear_report().size(), kReportBytes);
    EXPECT_EQ(host_.hear_report(milliseconds(0)).size(), 11U);
    EXPECT_FALSE(host_.state().powered);
    EXPECT_EQ(proof(), "") << "nobody there";
    host_.wait(milliseconds(500));
    EXPECT_TRUE(host_.state().powered);
    EXPECT_EQ(proof(), "");
    EXPECT_EQ(host_.error(), 0x0BU) << "the channel went with the power";
}

TEST_F(Fido2Faults, ItForgets) {
    host_.fault("forget");
    EXPECT_EQ(proof(), "2E");
    EXPECT_TRUE(host_.state().credentials.empty());
}

TEST_F(Fido2Faults, WhatATokenDoesNotHaveIsSaid) {
    const auto done = host_.token().inject({.kind = FaultKind::paper_out}, os::Instant{});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::ErrorCode::not_supported);
}

}  // namespace
}  // namespace tillhost::simulators::fido2
