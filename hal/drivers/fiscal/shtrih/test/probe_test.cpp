// Claim: a registrar is recognised by what cannot come by chance, nothing is carried out or
// acknowledged, and other bytes are no registrar.
// Shown by dialogues byte by byte.
#include "hal/drivers/fiscal/shtrih/probe.h"

#include <gtest/gtest.h>

#include "hal/drivers/fiscal/shtrih/test/dialogue_line.h"

namespace tillhost::drivers::shtrih {
namespace {

constexpr const char* kPing = "8F 00 00 0F 1D";

class ProbeTest : public testing::Test {
protected:
    void expect(bool registrar) {
        const auto answered = answers(line_, clock_);
        ASSERT_TRUE(answered) << base::to_text(answered.error());
        EXPECT_EQ(*answered, registrar);
        EXPECT_TRUE(line_.finished());
        EXPECT_LE(clock_.now() - os::Instant{}, std::chrono::seconds(5));
    }
    os::FakeClock clock_;
    DialogueLine line_{clock_};
};

TEST_F(ProbeTest, TwoConfirmationsAreARegistrarWithoutAnAnswer) {
    line_.expect("05", "15").expect("05", "FF 15");
    expect(true);
}

TEST_F(ProbeTest, AKeptAnswerIsReadAndNotAcknowledged) {
    line_.expect("05", "06 02 03 E0 00 1E FD");
    expect(true);
}

TEST_F(ProbeTest, ANumberedFrameAnswersThePing) {
    line_.expect("05").expect("05").expect(kPing, "8F 02 00 01 00 99 5A");
    expect(true);
}

TEST_F(ProbeTest, SilenceIsNoRegistrar) {
    line_.expect("05").expect("05").expect(kPing).expect(kPing);
    expect(false);
}

TEST_F(ProbeTest, WhatAWrongSpeedMakesOfAnAnswerIsNoRegistrar) {
    line_.expect("05", "15").expect("05", "E6").expect("05", "15 15").expect("05", "06 02 03 E0");
    line_.expect(kPing, "8F 02 00 01 00 99 5B").expect(kPing, kPing);
    expect(false);
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
