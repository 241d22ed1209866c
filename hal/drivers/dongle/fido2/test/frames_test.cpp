// Claim: messages are cut into packets and put together as CTAPHID says, others' packets do not
// matter, and what is missing or too long is never a message. Shown by published packets, by every
// length at the bounds, and by packets that are lost, doubled and foreign.
#include "hal/drivers/dongle/fido2/frames.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "hal/drivers/dongle/fido2/descriptor.h"
#include "hal/drivers/dongle/fido2/test/vectors.h"

namespace tillhost::drivers::fido2 {
namespace {

constexpr std::uint32_t kChannel = 0x0022'0002;

Packet packet_in(std::string_view hex) {
    const base::Bytes bytes = bytes_in(hex);
    Packet packet{};
    std::copy(bytes.begin(), bytes.end(), packet.begin());
    return packet;
}
base::Bytes some(std::size_t count) {
    base::Bytes bytes;
    for (std::size_t i = 0; i < count; ++i) {
        bytes.push_back(base::byte(i * 7 & 0xFFU));
    }
    return bytes;
}
std::string hex_of(const Packet& packet) { return base::to_hex(packet); }

std::optional<Message> feed(Assembler& assembler, const Packet& packet) {
    auto message = assembler.take(packet);
    EXPECT_TRUE(message);
    return message ? std::move(*message) : std::nullopt;
}

TEST(Packets, AreThoseOfTheProtocol) {
    const auto init = packets_of(kBroadcast, Command::init, bytes_in("11 80 43 56 40 B1 4E D9"));
    ASSERT_EQ(init.size(), 1U);
    EXPECT_EQ(init[0], packet_in("FF FF FF FF 86 00 08 11 80 43 56 40 B1 4E D9"));
    EXPECT_EQ(packets_of(kChannel, Command::cbor, bytes_in("04"))[0],
              packet_in("00 22 00 02 90 00 01 04"));
    EXPECT_EQ(packets_of(kChannel, Command::cancel, {})[0], packet_in("00 22 00 02 91 00 00"));
    const auto sign = packets_of(kChannel, Command::cbor, bytes_in(assertion_request()));
    ASSERT_EQ(sign.size(), 3U);
    EXPECT_TRUE(hex_of(sign[0]).starts_with("00 22 00 02 90 00 94 02 A4"));
    EXPECT_TRUE(hex_of(sign[1]).starts_with("00 22 00 02 00 62 69 64"));
    EXPECT_TRUE(hex_of(sign[2]).starts_with("00 22 00 02 01 42 03 2B"));
}

TEST(Packets, OfEveryLengthAtTheBoundsComeTogetherAgain) {
    for (const std::size_t length : {0, 1, 56, 57, 58, 115, 116, 117, 1200, 7608, 7609}) {
        const base::Bytes payload = some(length);
        Assembler assembler(kChannel);
        std::optional<Message> whole;
        for (const Packet& packet : packets_of(kChannel, Command::cbor, payload)) {
            EXPECT_FALSE(whole) << length;
            whole = feed(assembler, packet);
        }
        ASSERT_TRUE(whole) << length;
        EXPECT_EQ(whole->payload, payload);
        EXPECT_EQ(whole->command, Command::cbor);
    }
}

TEST(Assembler, PublishedPacketsAreOneMessage) {
    Assembler assembler(kChannel);
    EXPECT_FALSE(feed(assembler, packet_in(kTwoPackets[0])));
    const auto message = feed(assembler, packet_in(kTwoPackets[1]));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->payload.size(), 0x51U);
    EXPECT_EQ(base::to_hex(base::ByteView(message->payload).last(3)), "97 AA BD");
    const auto waits = feed(assembler, packet_in("00 22 00 02 BB 00 01 02"));
    ASSERT_TRUE(waits);
    EXPECT_EQ(waits->command, Command::keepalive);
    EXPECT_EQ(base::to_hex(waits->payload), "02");
}

TEST(Assembler, OthersPacketsAndLeftRestsArePassedOver) {
    Assembler assembler(kChannel);
    EXPECT_FALSE(feed(assembler, packet_in("00 22 00 02 05 AA")));
    EXPECT_FALSE(feed(assembler, packet_in(kTwoPackets[0])));
    EXPECT_FALSE(feed(assembler, packet_in("00 92 00 0E 90 00 01 00")));
    EXPECT_FALSE(feed(assembler, packet_in("00 92 00 0E 00 AA")));
    EXPECT_TRUE(feed(assembler, packet_in(kTwoPackets[1])));
}

TEST(Assembler, WhatIsMissingDoubledOrTooLongIsNoMessage) {
    const auto packets = packets_of(kChannel, Command::cbor, some(200));
    Assembler assembler(kChannel);
    EXPECT_FALSE(feed(assembler, packets[0]));
    EXPECT_FALSE(assembler.take(packets[2])) << "one is missing";
    EXPECT_FALSE(feed(assembler, packets[3])) << "the rest is passed over";
    EXPECT_FALSE(feed(assembler, packets[0]));
    EXPECT_FALSE(feed(assembler, packets[1]));
    EXPECT_FALSE(assembler.take(packets[1])) << "one came twice";
    EXPECT_FALSE(feed(assembler, packets[0]));
    EXPECT_FALSE(assembler.take(packets[0])) << "another begins within it";
    EXPECT_FALSE(assembler.take(packet_in("00 22 00 02 90 1D BA"))) << "7610 bytes";
    EXPECT_TRUE(feed(assembler, packet_in("00 22 00 02 BF 00 01 06")));
}

TEST(Assembler, AnErrorEndsTheMessageThatItInterrupts) {
    Assembler assembler(kChannel);
    EXPECT_FALSE(feed(assembler, packet_in(kTwoPackets[0])));
    const auto error = feed(assembler, packet_in("00 22 00 02 BF 00 01 05"));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->command, Command::error);
}

TEST(Introduction, APublishedOneIsRead) {
    Assembler assembler(kBroadcast);
    const auto message = feed(assembler, packet_in(kInitReply));
    ASSERT_TRUE(message);
    const Introduction told = MUST(read_introduction(message->payload));
    EXPECT_EQ(base::to_hex(told.nonce), "80 43 56 40 B1 4E D9 2D");
    EXPECT_EQ(told.channel, kChannel);
    EXPECT_EQ(told.protocol, 2);
    EXPECT_EQ(told.major, 5);
    EXPECT_EQ(told.minor, 2);
    EXPECT_EQ(told.build, 1);
    EXPECT_EQ(told.capabilities & kSpeaksCbor, kSpeaksCbor);
}

TEST(Introduction, ShortOnesAndChannelsThatAreNoneAreRefused) {
    EXPECT_FALSE(read_introduction(bytes_in("80 43 56 40 B1 4E D9 2D 00 22 00 02 02 05 02 01")));
    EXPECT_FALSE(read_introduction(bytes_in("80 43 56 40 B1 4E D9 2D FF FF FF FF 02 05 02 01 05")));
    EXPECT_FALSE(read_introduction(bytes_in("80 43 56 40 B1 4E D9 2D 00 00 00 00 02 05 02 01 05")));
}

TEST(Descriptor, TellsATokenFromOtherDevices) {
    EXPECT_TRUE(is_token(bytes_in(kTokenDescriptor)));
    const std::string_view others[] = {"",
                                       "06 D0 F1 09 01",
                                       "06 D0 F1 09 02 A1 01 C0",
                                       "06 D0 F2 09 01 A1 01 C0",
                                       "05 01 09 06 A1 01 05 07 19 E0 29 E7 75 01 95 08 81 02 C0",
                                       "06 D0",
                                       "FE 03 00 06 D0 F1"};
    for (const std::string_view other : others) {
        EXPECT_FALSE(is_token(bytes_in(other))) << other;
    }
    EXPECT_TRUE(is_token(bytes_in("05 01 09 06 A1 01 C0 06 D0 F1 09 01 A1 01 C0"))) << "both";
    EXPECT_TRUE(is_token(bytes_in("0B 01 00 D0 F1 A1 01 C0"))) << "a usage with its page";
}

}  // namespace
}  // namespace tillhost::drivers::fido2
