// Claim: a driver of class dongle means what hal/device/dongle.h says: a proof that it tells is one
// for the challenge that was asked, or there is none and it says why; an enrolment is told only if
// the dongle made it, "not made" is true, and it never makes two.
// Shown for every driver over its simulator, with each fault of the line on each packet, with other
// programs at work, with a host that is killed and a wait that is cancelled at each step.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/conformance/dongle_world.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using base::Effect;
using base::ErrorCode;
using Keys = std::vector<std::pair<std::string, std::string>>;

constexpr int kStepsMax = 60;

class Dongle : public testing::TestWithParam<DongleSubject> {
protected:
    void SetUp() override {
        ASSERT_TRUE(world_.open());
        auto enrolled = world_.enrol();
        ASSERT_TRUE(enrolled) << base::to_text(enrolled.error());
        enrolled_ = *enrolled;
    }
    void expect_proof(DongleWorld& world, const contract::DongleEnrolment& enrolled) {
        const auto proof = world.prove(enrolled);
        ASSERT_TRUE(proof) << base::to_text(proof.error());
        EXPECT_EQ(world.fault_of(*proof, enrolled), "");
    }
    void expect_proof() { expect_proof(world_, enrolled_); }
    ErrorCode refusal() {
        const auto proof = world_.prove(enrolled_);
        EXPECT_FALSE(proof);
        return proof ? ErrorCode::unspecified : proof.error().code;
    }

    DongleWorld world_{GetParam()};
    contract::DongleEnrolment enrolled_;
};

TEST_P(Dongle, ProvesThatItIsThereAgainAndAgain) {
    for (int i = 0; i < 5; ++i) {
        expect_proof();
    }
    const auto status = world_.status();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->aaguid, world_.device->token_state().aaguid);
    EXPECT_FALSE(status->pin_set);
    EXPECT_FALSE(status->always_asks);
    ASSERT_TRUE(world_.open()) << "and after the line was opened anew";
    expect_proof();
    EXPECT_FALSE(world_.book.marker) << "nothing of it is money";
}

TEST_P(Dongle, AnEnrolmentBelongsToTheDongleAndItsAttestationIsHandedOn) {
    EXPECT_EQ(world_.credentials(), 1U);
    EXPECT_EQ(world_.device->token_state().credentials[0].id, enrolled_.credential);
    EXPECT_EQ(world_.device->token_state().credentials[0].rp, kRelyingParty);
    EXPECT_FALSE(enrolled_.certificates.empty());
    EXPECT_FALSE(enrolled_.signature.empty());
    EXPECT_EQ(world_.book.prompts.size(), 1U) << "the touch was asked for once";
    const auto second = world_.enrol("key 2");
    ASSERT_TRUE(second);
    EXPECT_EQ(world_.credentials(), 2U) << "it replaces none";
    expect_proof();
    expect_proof(world_, *second);
}

TEST_P(Dongle, AnotherDongleDoesNotHoldTheCredential) {
    DongleWorld other(GetParam(), "SIM2");
    ASSERT_TRUE(other.open());
    const auto proof = other.prove(enrolled_);
    ASSERT_FALSE(proof);
    EXPECT_EQ(proof.error().code, ErrorCode::credential_unknown);
    world_.fault("forget");
    EXPECT_EQ(refusal(), ErrorCode::credential_unknown) << "one that was reset neither";
}

TEST_P(Dongle, OthersAtWorkAreWaitedForAndTheirTrafficIsPassedOver) {
    world_.fault("channel_busy", {{"count", "2"}});
    expect_proof();
    world_.fault("foreign_traffic", {{"count", "10"}});
    expect_proof();
    ASSERT_TRUE(world_.open());
    expect_proof();
}

TEST_P(Dongle, ASlowOneIsWaitedForAndOneThatWantsATouchIsTold) {
    world_.fault("slow_command", {{"command", "2"}, {"ms", "2500"}, {"count", "1"}});
    expect_proof();
    world_.fault("touch_needed", {{"count", "1"}});
    EXPECT_EQ(refusal(), ErrorCode::not_supported);
    expect_proof();
    world_.fault("token", {{"always_uv", "1"}});
    const auto proof = world_.prove(enrolled_);
    EXPECT_FALSE(proof);
    const auto status = world_.status();
    ASSERT_TRUE(status);
    EXPECT_TRUE(status->always_asks);
}

TEST_P(Dongle, ATouchThatComesLateCountsAndOneThatNeverComesMakesNothing) {
    world_.fault("touch", {{"ms", "8000"}});
    EXPECT_TRUE(world_.enrol("late"));
    EXPECT_EQ(world_.credentials(), 2U);
    world_.fault("touch", {{"ms", "-1"}});
    const auto never = world_.enrol("never");
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().code, ErrorCode::deadline_passed);
    EXPECT_EQ(never.error().effect, Effect::none);
    world_.cable->run_for(60s);
    EXPECT_EQ(world_.credentials(), 2U);
    expect_proof();
    world_.fault("token", {{"pin", "1"}});
    const auto with_pin = world_.enrol("pin");
    ASSERT_FALSE(with_pin);
    EXPECT_EQ(with_pin.error().code, ErrorCode::device_refused);
    EXPECT_EQ(world_.credentials(), 2U);
    expect_proof();
}

/// Each fault on each packet of one proof: a proof for the challenge, or an error; and the next
/// one, on a line that is opened anew, is whole.
TEST_P(Dongle, AFaultOfTheLineNeverMakesAWrongProof) {
    const std::pair<const char*, Keys> faults[] = {
        {"lose", {}},
        {"garble", {{"at", "4"}, {"mask", "1"}}},
        {"garble", {{"at", "20"}}},
        {"power_cut", {{"at", "10"}, {"off_ms", "500"}}}};
    for (const auto& [name, keys] : faults) {
        for (const char* side : {"host", "device"}) {
            bool fired = true;
            int nth = 1;
            for (; fired && nth < kStepsMax; ++nth) {
                const std::string where = fmt::format("{} of packet {} of the {}", name, nth, side);
                DongleWorld world(GetParam());
                ASSERT_TRUE(world.open());
                const auto enrolled = MUST(world.enrol());
                Keys armed = keys;
                armed.insert(armed.end(), {{"side", side}, {"nth", std::to_string(nth)}});
                world.fault(name, armed);
                const auto before = world.faults_fired();
                const auto proof = world.prove(enrolled);
                fired = world.faults_fired() > before;
                // A damaged signature is the asker's to find; any other damage is noticed.
                const bool content = keys.size() == 1 && std::string(name) == "garble";
                EXPECT_TRUE(!proof || content || world.fault_of(*proof, enrolled).empty()) << where;
                world.fault("clear");
                world.device->power(true, world.clock.now());
                ASSERT_TRUE(world.open_patiently()) << where;
                expect_proof(world, enrolled);
            }
            EXPECT_GT(nth, 2) << name << " of the " << side << " never happened";
        }
    }
}

/// The truth about an enrolment, whatever became of it: told means made once; "effect none" means
/// not made; and there is never more than one.
void expect_true(const base::Result<contract::DongleEnrolment>& told, DongleWorld& world,
                 const std::string& where) {
    world.cable->run_for(60s);
    EXPECT_LE(world.credentials(), 1U) << where;
    if (told) {
        EXPECT_EQ(world.credentials(), 1U) << where;
    } else if (told.error().effect == Effect::none) {
        EXPECT_EQ(world.credentials(), 0U) << where << ": " << base::to_text(told.error());
    }
}

TEST_P(Dongle, AFaultOfTheLineNeverMakesTwoCredentialsNorALie) {
    const std::pair<const char*, Keys> faults[] = {
        {"lose", {}},
        {"garble", {{"at", "4"}, {"mask", "1"}}},
        {"power_cut", {{"at", "10"}, {"off_ms", "500"}}}};
    for (const auto& [name, keys] : faults) {
        for (const char* side : {"host", "device"}) {
            bool fired = true;
            int nth = 1;
            for (; fired && nth < kStepsMax; ++nth) {
                DongleWorld world(GetParam());
                ASSERT_TRUE(world.open());
                Keys armed = keys;
                armed.insert(armed.end(), {{"side", side}, {"nth", std::to_string(nth)}});
                world.fault(name, armed);
                const auto before = world.faults_fired();
                const auto told = world.enrol();
                fired = world.faults_fired() > before;
                expect_true(told, world, fmt::format("{} of packet {} of the {}", name, nth, side));
            }
        }
    }
}

TEST_P(Dongle, AWaitThatIsCancelledAtAnyStepIsNoLie) {
    for (int nth = 1; nth < kStepsMax; ++nth) {
        DongleWorld world(GetParam());
        ASSERT_TRUE(world.open());
        world.cable->cancel_at(nth);
        const auto told = world.enrol();
        const bool reached = !world.cable->is_armed();
        world.cable->cancel_at(0);
        expect_true(told, world, fmt::format("cancelled at step {}", nth));
        if (!reached) {
            EXPECT_GT(nth, 1);
            return;
        }
    }
    FAIL() << "there is no end of steps";
}

TEST_P(Dongle, AHostThatIsKilledAtAnyStepLeavesADongleThatWorks) {
    for (int nth = 1; nth < kStepsMax; ++nth) {
        DongleWorld world(GetParam());
        ASSERT_TRUE(world.open());
        const auto enrolled = MUST(world.enrol());
        world.cable->kill_at(nth);
        bool killed = false;
        try {
            EXPECT_TRUE(world.prove(enrolled));
        } catch (const Killed&) {
            killed = true;
            world.bury();
        }
        world.cable->kill_at(0);
        ASSERT_TRUE(world.open_patiently()) << nth;
        expect_proof(world, enrolled);
        if (!killed) {
            EXPECT_GT(nth, 1);
            return;
        }
    }
    FAIL() << "there is no end of steps";
}

INSTANTIATE_TEST_SUITE_P(, Dongle, testing::ValuesIn(dongle_subjects()),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace tillhost::conformance
