// Claim: which layer a device speaks is found without confusing it, and whichever it is, its kept
// answer is witnessed.
// Shown by dialogues written down byte by byte.
#include "hal/drivers/fiscal/shtrih/link_auto.h"

#include <gtest/gtest.h>

#include "hal/drivers/fiscal/shtrih/test/dialogue_line.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ErrorCode;
using namespace std::chrono_literals;

constexpr char kPing[] = "8F 00 00 0F 1D";
constexpr char kNumberedClose[] =
    "8F 12 00 25 00 FF 45 00 00 00 00 00 00 52 00 00 00 F2 BF 0B 3E 90 6B";
constexpr char kStandardClose[] = "02 10 FF 45 00 79 13 00 00 00 D2 04 00 00 B1 68 DE 3A 2B";

class AutoLinkTest : public testing::Test {
protected:
    std::unique_ptr<Link> make(LinkLayer before = LinkLayer::automatic,
                               LinkLayer layer = LinkLayer::automatic) {
        auto link = make_link(layer, before, line, clock, {});
        link->set_old_answer_witness([this](base::ByteView frame) -> base::Done {
            seen.push_back(base::to_hex(frame));
            return {};
        });
        return link;
    }
    void expect_silence(std::string_view said, int times) {
        for (int i = 0; i < times; ++i) {
            line.expect(said);
        }
    }

    os::FakeClock clock;
    DialogueLine line{clock};
    std::vector<std::string> seen;
};

TEST_F(AutoLinkTest, AnAnswerToTheEnquiryMeansTheStandardLayer) {
    line.expect("05", std::string("06 ") + kStandardClose).expect("06").expect("05", "15");
    const auto link = make();
    EXPECT_EQ(link->layer(), LinkLayer::automatic);
    ASSERT_TRUE(link->collect(clock.now() + 60s));
    EXPECT_EQ(link->layer(), LinkLayer::standard);
    EXPECT_EQ(seen, std::vector<std::string>{kStandardClose});
    EXPECT_EQ(*link->next_number(clock.now() + 1s), kNoFrameNumber);
    EXPECT_TRUE(line.finished());
}

TEST_F(AutoLinkTest, OnlySilenceIsPinged) {
    expect_silence("05", kTriesUnsure);
    line.expect(kPing, kNumberedClose);
    const auto link = make();
    const os::Instant before = clock.now();
    ASSERT_TRUE(link->collect(clock.now() + 60s));
    EXPECT_EQ(link->layer(), LinkLayer::numbered);
    EXPECT_GE(clock.now() - before, 3s) << "a deaf device is not taken for a numbered one";
    EXPECT_EQ(seen, std::vector<std::string>{kNumberedClose});
    EXPECT_EQ(*link->next_number(clock.now() + 1s), 0x26);
    EXPECT_TRUE(line.finished());
}

TEST_F(AutoLinkTest, WhatTheDeviceSpokeBeforeIsTriedFirst) {
    line.expect(kPing, kNumberedClose);
    const auto link = make(LinkLayer::numbered);
    ASSERT_TRUE(link->collect(clock.now() + 60s));
    EXPECT_EQ(link->layer(), LinkLayer::numbered);

    // A device of the standard layer refuses each byte of a ping.
    for (int i = 0; i < kTriesUnsure; ++i) {
        line.expect(kPing, "15 15 15 15 15");
    }
    line.expect("05", "15");
    const auto other = make(LinkLayer::numbered);
    ASSERT_TRUE(other->collect(clock.now() + 60s));
    EXPECT_EQ(other->layer(), LinkLayer::standard);
    EXPECT_TRUE(line.finished());
}

TEST_F(AutoLinkTest, SilenceOfBothIsSaidSo) {
    for (int round = 0; round < kFindRounds; ++round) {
        expect_silence("05", kTriesUnsure);
        expect_silence(kPing, kTriesUnsure);
    }
    const auto link = make();
    const auto collected = link->collect(clock.now() + 60s);
    ASSERT_FALSE(collected);
    EXPECT_EQ(collected.error().code, ErrorCode::no_answer);
    EXPECT_EQ(link->layer(), LinkLayer::automatic);
    EXPECT_FALSE(link->last_once());
    EXPECT_TRUE(line.finished());
}

TEST_F(AutoLinkTest, AStrangerIsNotTakenForSilence) {
    for (int round = 0; round < kFindRounds; ++round) {
        for (int i = 0; i < kTriesUnsure; ++i) {
            line.expect("05", "7E 41 7E");
        }
        expect_silence(kPing, kTriesUnsure);
    }
    const auto collected = make()->collect(clock.now() + 60s);
    ASSERT_FALSE(collected);
    EXPECT_EQ(collected.error().code, ErrorCode::frame_damaged);
    EXPECT_NE(collected.error().detail.find("7E 41 7E"), std::string::npos);
    EXPECT_TRUE(line.finished());
}

TEST_F(AutoLinkTest, ASetLayerIsNotLookedFor) {
    line.expect(kPing, kNumberedClose);
    EXPECT_TRUE(make({}, LinkLayer::numbered)->collect(clock.now() + 60s));
    expect_silence("05", 10);
    EXPECT_FALSE(make({}, LinkLayer::standard)->collect(clock.now() + 60s));
    EXPECT_TRUE(line.finished());
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
