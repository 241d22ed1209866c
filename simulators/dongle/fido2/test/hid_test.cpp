// Claim: packets, channels, locks and errors are those of CTAPHID, with a host that writes 64 bytes
// a report or 65. Shown packet by packet against published and derived recordings, on virtual time.
#include "simulators/dongle/fido2/test/host.h"

namespace tillhost::simulators::fido2 {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kBroadcastInit = "FF FF FF FF 86 00 08 11 80 43 56 40 B1 4E D9";
constexpr std::string_view kSecondInit = "FF FF FF FF 86 00 08 01 02 03 04 05 06 07 08";

TEST(Fido2Hid, InitGivesEachProgramAChannelOfItsOwn) {
    Host host;
    host.say("FF FF FF FF 86 00 08 80 43 56 40 B1 4E D9 2D");
    // As libfido2 publishes one of firmware 5.2.1; what it can is the simulator's own.
    EXPECT_EQ(host.hear(),
              "FF FF FF FF 86 00 11 80 43 56 40 B1 4E D9 2D 00 22 00 03 02 05 02 01 0D");
    host.say("00 22 00 03 86 00 08 01 02 03 04 05 06 07 08");
    EXPECT_EQ(host.hear(),
              "00 22 00 03 86 00 11 01 02 03 04 05 06 07 08 00 22 00 03 02 05 02 01 0D");
    EXPECT_EQ(host.state().channels, 2U);
    host.say("FF FF FF FF 86 00 07 01 02 03 04 05 06 07");
    EXPECT_EQ(host.hear(), "FF FF FF FF BF 00 01 03");
}

TEST(Fido2Hid, AMessageOfAnyLengthComesBackAsItWas) {
    Host host;
    for (const std::size_t size : {0U, 1U, 57U, 58U, 116U, 117U, 1200U, 7609U}) {
        base::Bytes data(size);
        for (std::size_t i = 0; i < size; ++i) {
            data[i] = base::byte(static_cast<unsigned>(i * 7 % 251));
        }
        host.send(0x01, data);
        EXPECT_EQ(host.answer(), data) << size;
    }
    host.say("00 22 00 02 81 1D BA 00");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 03") << "7610 bytes";
}

TEST(Fido2Hid, WhatIsOutOfTurnIsRefused) {
    Host host;
    host.say("00 22 00 09 81 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 09 BF 00 01 0B") << "a channel that nobody has";
    host.say("FF FF FF FF 81 00 01 55");
    EXPECT_EQ(host.hear(), "FF FF FF FF BF 00 01 0B");
    host.say("00 22 00 02 83 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 01") << "U2F";
    host.say("00 22 00 02 90 00 00");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 03") << "no command";
    host.say("00 22 00 02 81 00 64 55");
    host.say("00 22 00 02 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 04") << "packet 1 before packet 0";
    host.say("00 22 00 02 81 00 64 55");
    host.say("00 22 00 02 81 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 04") << "a first packet for a further one";
    host.say("00 22 00 02 00 55");
    EXPECT_EQ(host.hear(), "") << "a packet of no message";
}

TEST(Fido2Hid, AMessageThatStopsTimesOut) {
    Host host;
    host.say("00 22 00 02 81 00 64 55");
    host.wait(milliseconds(499));
    EXPECT_EQ(host.hear(milliseconds(0)), "");
    host.wait(milliseconds(1));
    EXPECT_EQ(host.hear(milliseconds(0)), "00 22 00 02 BF 00 01 05");
    host.say("00 22 00 02 81 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 02 81 00 01 55");
}

TEST(Fido2Hid, OneProgramAtATime) {
    Host host;
    host.say(kSecondInit);
    EXPECT_EQ(host.hear().substr(0, 32), "FF FF FF FF 86 00 11 01 02 03 04");
    host.say("00 22 00 02 81 00 64 55");  // half a message
    host.say("00 22 00 03 81 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 03 BF 00 01 06");
    host.say("00 22 00 02 86 00 08 01 02 03 04 05 06 07 08");  // the program begins anew
    EXPECT_EQ(host.hear().substr(0, 20), "00 22 00 02 86 00 11");
    host.say("00 22 00 03 81 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 03 81 00 01 55");
}

TEST(Fido2Hid, ALockKeepsTheOthersOutUntilItEnds) {
    Host host;
    host.say(kSecondInit);
    host.hear();
    host.say("00 22 00 02 84 00 01 0A");
    EXPECT_EQ(host.hear(), "00 22 00 02 84");
    host.say("00 22 00 03 81 00 01 55");
    EXPECT_EQ(host.hear(milliseconds(0)), "00 22 00 03 BF 00 01 06");
    host.say("00 22 00 02 81 00 01 55");
    EXPECT_EQ(host.hear(milliseconds(0)), "00 22 00 02 81 00 01 55");
    host.wait(seconds(10));
    host.say("00 22 00 03 81 00 01 55");
    EXPECT_EQ(host.hear(milliseconds(0)), "00 22 00 03 81 00 01 55");
    host.say("00 22 00 02 84 00 01 0B");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 02");
    host.say("00 22 00 02 84 00 02 01 01");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 03");
}

TEST(Fido2Hid, TheOldestChannelGivesItsPlaceAway) {
    Host host;
    for (std::size_t i = 0; i < kChannelsMax; ++i) {
        host.say(kSecondInit);
        host.hear();
    }
    EXPECT_EQ(host.state().channels, kChannelsMax);
    host.say("00 22 00 02 81 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 02 BF 00 01 0B");
    host.say("00 22 00 03 81 00 01 55");
    EXPECT_EQ(host.hear(), "00 22 00 03 81 00 01 55");
}

/// A host whose writes pass with or without the number of the report.
base::Bytes written(std::string_view hex, bool numbered) {
    base::Bytes bytes = report(hex);
    if (numbered) {
        bytes.insert(bytes.begin(), std::byte{0});
    }
    return bytes;
}

TEST(Fido2Hid, TheReportNumberIsFoundOut) {
    for (const ReportNumber number : {ReportNumber::detect, ReportNumber::yes, ReportNumber::no}) {
        for (const bool numbered : {false, true}) {
            const auto token = MUST(make_fido2_token({.report_number = number}));
            const os::Instant now{};
            token->receive(written(kBroadcastInit, numbered), now);
            const base::Bytes first = token->take_output();
            const bool right =
                number == ReportNumber::detect || numbered == (number == ReportNumber::yes);
            ASSERT_EQ(first.size() == kReportBytes && first[4] == std::byte{0x86}, right);
            if (right) {
                token->receive(written("51 00 00 01 81 00 02 00 00", numbered), now);
                EXPECT_EQ(base::to_hex(token->take_output()).substr(0, 26),
                          "51 00 00 01 81 00 02 00 00");
            }
        }
    }
}

TEST(Fido2Hid, HalfAReportIsForgottenWhenTheLineIsQuiet) {
    const auto token = MUST(make_fido2_token({}));
    os::Instant now{};
    token->receive(*base::from_hex("FF FF FF FF 86 00"), now);
    now += milliseconds(101);
    token->receive(report(kBroadcastInit), now);
    EXPECT_EQ(token->take_output().size(), kReportBytes);
}

TEST(Fido2Hid, PacketsAreCutWhereTheProtocolSaysSo) {
    const std::vector<base::Bytes> packets =
        packets_of({.channel = 0x00220002, .command = 0x10, .data = base::Bytes(148)});
    ASSERT_EQ(packets.size(), 3U);
    EXPECT_EQ(base::to_hex(base::ByteView(packets[0]).first(7)), "00 22 00 02 90 00 94");
    EXPECT_EQ(base::to_hex(base::ByteView(packets[1]).first(5)), "00 22 00 02 00");
    EXPECT_EQ(base::to_hex(base::ByteView(packets[2]).first(5)), "00 22 00 02 01");
}

}  // namespace
}  // namespace tillhost::simulators::fido2
