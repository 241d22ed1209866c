// Claim: a search packet is read only if it is whole, fits its query and is signed by its key.
// Shown on packets changed in one byte each, and cut at each length.
#include "licd/wire/discovery.h"

#include <gtest/gtest.h>

#include <string>

namespace tillhost::licd::wire {
namespace {

class Discovery : public ::testing::Test {
protected:
    DiscoveryAnswer answer() const {
        DiscoveryAnswer made{.nonce = query_.nonce,
                             .tcp_port = 15'200,
                             .load = 250,
                             .server_key = key_.public_key(),
                             .group = "shop",
                             .name = "Касса-1"};
        made.curve_key.fill(base::byte(0x5A));
        return made;
    }

    os::SigningKey key_ = os::SigningKey::make();
    DiscoveryQuery query_ = DiscoveryQuery::make("shop");
};

TEST_F(Discovery, AQueryIsPaddedSoThatItsAnswerIsNeverLonger) {
    const auto packet = query_.bytes().value();
    EXPECT_EQ(packet.size(), kDiscoveryQueryBytes);
    const auto read = DiscoveryQuery::read(packet).value();
    EXPECT_EQ(read.nonce, query_.nonce);
    EXPECT_EQ(read.group, "shop");
    DiscoveryAnswer longest = answer();
    longest.group = std::string(kDiscoveryGroupBytesMax, 'g');
    longest.name = std::string(kDiscoveryNameBytesMax, 'n');
    EXPECT_LE(longest.bytes(key_)->size(), packet.size());
}

TEST_F(Discovery, QueriesDifferByTheirNonce) {
    EXPECT_NE(DiscoveryQuery::make("").nonce, DiscoveryQuery::make("").nonce);
}

TEST_F(Discovery, AnAnswerIsReadAsItWasWritten) {
    const auto read = DiscoveryAnswer::read(answer().bytes(key_).value(), query_.nonce).value();
    EXPECT_EQ(read.tcp_port, 15'200);
    EXPECT_EQ(read.load, 250);
    EXPECT_EQ(read.curve_key, answer().curve_key);
    EXPECT_EQ(read.server_key, key_.public_key());
    EXPECT_EQ(read.group, "shop");
    EXPECT_EQ(read.name, "Касса-1");
}

TEST_F(Discovery, NoByteOfAnAnswerCanBeChanged) {
    const auto packet = answer().bytes(key_).value();
    for (std::size_t i = 0; i < packet.size(); ++i) {
        auto changed = packet;
        changed[i] ^= base::byte(0x10);
        EXPECT_FALSE(DiscoveryAnswer::read(changed, query_.nonce).has_value()) << i;
        EXPECT_FALSE(DiscoveryAnswer::read(base::ByteView(packet).first(i), query_.nonce)) << i;
    }
    auto longer = packet;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(DiscoveryAnswer::read(longer, query_.nonce).has_value());
}

TEST_F(Discovery, AnAnswerToAnotherQueryIsRefused) {
    const auto packet = answer().bytes(key_).value();
    const auto read = DiscoveryAnswer::read(packet, DiscoveryQuery::make("shop").nonce);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().detail.substr(0, 5), "nonce");
}

TEST_F(Discovery, WhatDoesNotFitIsNotWritten) {
    DiscoveryAnswer wrong = answer();
    wrong.name = "";
    EXPECT_FALSE(wrong.bytes(key_).has_value());
    wrong = answer();
    wrong.load = kDiscoveryLoadMax + 1;
    EXPECT_FALSE(wrong.bytes(key_).has_value());
    wrong = answer();
    wrong.tcp_port = 0;
    EXPECT_FALSE(wrong.bytes(key_).has_value());
    EXPECT_FALSE(answer().bytes(os::SigningKey::make()).has_value());
    EXPECT_FALSE(DiscoveryQuery::make(std::string(33, 'g')).bytes().has_value());
    EXPECT_FALSE(DiscoveryQuery::make("two\nlines").bytes().has_value());
}

TEST_F(Discovery, OnlyAQueryIsAQuery) {
    auto packet = query_.bytes().value();
    EXPECT_FALSE(DiscoveryQuery::read(base::ByteView(packet).first(511)).has_value());
    packet[24] = base::byte(255);  // a group beyond its bound
    EXPECT_FALSE(DiscoveryQuery::read(packet).has_value());
    packet[0] = base::byte('x');
    EXPECT_FALSE(DiscoveryQuery::read(packet).has_value());
}

}  // namespace
}  // namespace tillhost::licd::wire
