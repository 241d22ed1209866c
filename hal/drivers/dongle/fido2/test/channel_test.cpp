// Claim: on a shared, slow and damaged line a question is answered truly or not at all, within its
// bounds, and nothing of a former question is taken for the answer to the next. Shown over a
// scripted token on virtual time.
#include "hal/drivers/dongle/fido2/channel.h"

#include "hal/drivers/dongle/fido2/test/scripted.h"

namespace tillhost::drivers::fido2 {
namespace {

using base::ErrorCode;
using Words = std::vector<ScriptedToken::Word>;

Words good_answer(os::Duration delay = {}) {
    return ScriptedToken::words(Command::cbor, "00 " + assertion_answer(), delay);
}

TEST_F(DongleTest, OthersTrafficIsPassedOver) {
    token.foreign = true;
    is_open();
    token.then_says(assertion_request(), good_answer());
    EXPECT_TRUE(prove());
}

TEST_F(DongleTest, KeepalivesArePassedOverAndTheLimitHolds) {
    is_open();
    Words say;
    for (int i = 1; i < 40; ++i) {
        say.push_back(ScriptedToken::words(Command::keepalive, "01", i * 100ms)[0]);
    }
    const Words late = good_answer(2900ms);
    say.insert(say.begin() + 29, late.begin(), late.end());
    token.then_says(assertion_request(), say);
    EXPECT_TRUE(prove());
}

TEST_F(DongleTest, AnotherProgramIsWaitedForInPausesAtRandom) {
    is_open();
    const os::Instant begin = token.clock.now();
    for (int i = 0; i < 3; ++i) {
        token.then_says(assertion_request(), ScriptedToken::words(Command::error, "06"));
    }
    token.then_says(assertion_request(), good_answer());
    EXPECT_TRUE(prove());
    EXPECT_GE(token.clock.now() - begin, 3 * kBusyPauseMin);
    EXPECT_LE(token.clock.now() - begin, 3 * kBusyPauseMax);
}

TEST_F(DongleTest, ForeverBusyIsAnErrorWithinItsBound) {
    is_open();
    const os::Instant begin = token.clock.now();
    for (int i = 0; i < 60; ++i) {
        token.then_says(assertion_request(), ScriptedToken::words(Command::error, "06"));
    }
    const auto proof = prove();
    ASSERT_FALSE(proof);
    EXPECT_EQ(proof.error().code, ErrorCode::device_not_ready);
    EXPECT_EQ(proof.error().device_code, 6U);
    EXPECT_LE(token.clock.now() - begin, kBusyTime);
    EXPECT_LE(token.script.size(), 60U - 8U);
    token.script.clear();
}

TEST_F(DongleTest, ALostAnswerIsAskedForOnceMoreOnAChannelThatWasSetBack) {
    is_open();
    const os::Instant begin = token.clock.now();
    token.then_is_silent(assertion_request()).then_says(assertion_request(), good_answer());
    EXPECT_TRUE(prove());
    EXPECT_EQ(token.inits, 1U);
    EXPECT_EQ(token.clock.now() - begin, kSignTime);
}

TEST_F(DongleTest, ALateAnswerIsNotTakenForTheNext) {
    is_open();
    token.then_says(assertion_request(),
                    ScriptedToken::words(Command::cbor, "2E", kSignTime + 1ms));
    token.then_says(assertion_request(), good_answer(10ms));
    const auto proof = prove();
    ASSERT_TRUE(proof) << base::to_text(proof.error());
}

TEST_F(DongleTest, SilenceIsToldAndTheNextQuestionBeginsAnew) {
    is_open();
    token.then_is_silent(assertion_request()).then_is_silent(assertion_request());
    EXPECT_EQ(prove().error().code, ErrorCode::no_answer);
    token.then_says(assertion_request(), good_answer());
    EXPECT_TRUE(prove());
    EXPECT_EQ(token.inits, 2U);
}

TEST_F(DongleTest, ADamagedAnswerIsAskedForOnceMore) {
    is_open();
    Words hole = good_answer();
    hole.erase(hole.begin() + 1);
    token.then_says(assertion_request(), hole).then_says(assertion_request(), good_answer());
    EXPECT_TRUE(prove());
    for (const std::string error : {"03", "04", "05", "0B"}) {
        token.then_says(assertion_request(), ScriptedToken::words(Command::error, error));
        token.then_says(assertion_request(), good_answer());
        EXPECT_TRUE(prove()) << error;
    }
}

TEST_F(DongleTest, AChannelThatTheTokenForgotIsTakenAnew) {
    is_open();
    token.silent_inits = 1;  // on the channel of before
    token.then_is_silent(assertion_request()).then_says(assertion_request(), good_answer());
    EXPECT_TRUE(prove());
    EXPECT_EQ(token.inits, 2U);
}

TEST_F(DongleTest, AFirstPacketThatASleepingPortLosesIsSaidAgain) {
    token.silent_inits = 1;
    token.tells_info();
    EXPECT_TRUE(open());
    EXPECT_EQ(token.inits, 2U);
    token.silent_inits = 2;
    EXPECT_EQ(open().error().code, ErrorCode::no_answer);
}

TEST_F(DongleTest, ABusyTokenIsWaitedForAtTheOpening) {
    token.busy_inits = 2;
    token.tells_info();
    EXPECT_TRUE(open());
    token.busy_inits = 100;
    EXPECT_EQ(open().error().code, ErrorCode::device_not_ready);
}

TEST_F(DongleTest, APulledTokenIsALostLineWhereverItStood) {
    for (std::size_t kept = 0; kept < good_answer().size(); ++kept) {
        is_open();
        Words cut = good_answer();
        cut.resize(kept);
        token.script.push_back({"90 " + assertion_request(), cut, true});
        const auto proof = prove();
        ASSERT_FALSE(proof);
        EXPECT_EQ(proof.error().code, ErrorCode::link_lost);
    }
}

TEST_F(DongleTest, AReportThatIsTooShortIsDamage) {
    is_open();
    token.then_says(assertion_request(), {{bytes_in("00 22 00 02 90 00 01")}});
    token.then_says(assertion_request(), good_answer());
    EXPECT_TRUE(prove());
}

}  // namespace
}  // namespace tillhost::drivers::fido2
