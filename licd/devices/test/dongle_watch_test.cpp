// Claim: which device is the dongle of which key, and when a key counts as lost, follows from what
// dongles sign and devd tells, whatever the order. Shown by single cases on a fake clock, and by
// random runs against a second, simpler ledger.
#include "licd/devices/dongle_watch.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "hal/os/fake/fake_clock.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::devices {
namespace {

using base::ErrorCode;
using keys::test::spoken;
using keys::test::test_dongle;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const os::PublicKey& server() {
    static const os::PublicKey key = keys::test::test_key(50).public_key();
    return key;
}

WantedDongle wanted(const std::string& serial, unsigned seed) {
    WantedDongle dongle;
    dongle.serial = serial;
    dongle.dongle = *keys::test::dongle_key().token;
    dongle.dongle.key = test_dongle(seed).public_key();
    dongle.dongle.credential = base::Bytes(16, base::byte(seed));
    return dongle;
}

contract::DongleProof proof_of(const Challenge& challenge, unsigned seed, unsigned counter) {
    const auto word = spoken(test_dongle(seed), challenge.question, "licence.example", counter);
    return {.authenticator_data = word.data, .signature = word.signature};
}

/// A watch on a clock, and dongles by the name of their device: seeds of the keys they hold.
class Rig {
public:
    Rig() : watch(server(), clock, [this](std::size_t count) { return random(count); }) {}

    base::Bytes random(std::size_t count) {
        base::Bytes bytes(count);
        for (std::byte& byte : bytes) {
            byte = base::byte(static_cast<unsigned>(generator() & 0xFFU));
        }
        return bytes;
    }
    /// The answer of what is plugged in at that device.
    base::Result<contract::DongleProof> answer(const Challenge& challenge) {
        const auto there = dongles.find(challenge.device);
        if (there == dongles.end()) {
            return base::make_error(ErrorCode::device_not_ready, "");
        }
        const unsigned seed = base::to_unsigned(challenge.query.credential.front());
        if (!there->second.contains(seed)) {
            return base::make_error(ErrorCode::credential_unknown, "");
        }
        if (mute) {
            return base::make_error(ErrorCode::deadline_passed, "");
        }
        return proof_of(challenge, forged ? seed + 100 : seed, ++counter);
    }
    /// Does what is due until nothing is; how many questions that were.
    int settle() {
        int asked = 0;
        watch.on_time();
        while (const auto challenge = watch.next()) {
            ++asked;
            watch.on_answer(*challenge, answer(*challenge));
        }
        return asked;
    }
    int pass(os::Duration time) {
        const os::Instant end = clock.now() + time;
        int asked = settle();
        for (auto next = watch.next_time(); next && *next <= end; next = watch.next_time()) {
            clock.advance_to(*next);
            asked += settle();
        }
        clock.advance_to(end);
        return asked + settle();
    }
    void plug(const std::string& device, std::set<unsigned> seeds) {
        unplug(device);
        dongles[device] = std::move(seeds);
        watch.on_device(device, true);
    }
    void unplug(const std::string& device) {
        dongles.erase(device);
        watch.on_device(device, false);
    }
    DongleState state(const std::string& serial) const { return watch.states().at(serial); }
    DonglePresence presence(const std::string& serial) const { return state(serial).presence; }

    std::minstd_rand generator{7};
    os::FakeClock clock;
    std::map<std::string, std::set<unsigned>> dongles;
    unsigned counter = 0;
    bool mute = false;
    bool forged = false;
    DongleWatch watch;
};

TEST(DongleWatch, FindsTheDongleOfEachKeyAmongSeveral) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1), wanted("KEY-2", 2), wanted("KEY-3", 3)});
    rig.dongles = {{"a", {2}}, {"b", {1, 3}}, {"c", {}}};
    rig.watch.on_devices({"a", "b", "c"});
    rig.settle();
    EXPECT_EQ(rig.state("KEY-1").device, "b");
    EXPECT_EQ(rig.state("KEY-2").device, "a");
    EXPECT_EQ(rig.state("KEY-3").device, "b");
    EXPECT_FALSE(rig.state("KEY-1").word.empty());
}

TEST(DongleWatch, ItsWordIsOnThisServer) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.settle();
    const auto word = MUST(keys::read_dongle_word(rig.state("KEY-1").word));
    EXPECT_EQ(word.server, server());
    EXPECT_EQ(word.at_s, rig.clock.unix_ms() / 1000);
    EXPECT_TRUE(keys::check_dongle_word(wanted("KEY-1", 1).dongle, "KEY-1", word));
}

TEST(DongleWatch, WithoutADongleAKeyIsMissingAfterAPatience) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.watch.on_devices({});
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::unknown);
    rig.pass(kRestartPatience);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::missing);
    EXPECT_EQ(rig.state("KEY-1").why, "it is not plugged in");
    EXPECT_FALSE(rig.watch.next_time());  // nothing ticks while nothing is there
    rig.watch.on_link_lost();
    EXPECT_EQ(rig.state("KEY-1").why, "devd cannot be reached");
}

TEST(DongleWatch, PluggedInAgainItIsThereAtOnce) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.settle();
    rig.pass(minutes(1));
    rig.unplug("a");
    rig.pass(kResetPatience - milliseconds(1));
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
    rig.pass(milliseconds(1));
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::missing);
    EXPECT_EQ(rig.state("KEY-1").device, "");
    rig.plug("b", {1});  // at another port
    EXPECT_EQ(rig.settle(), 1);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
    EXPECT_EQ(rig.state("KEY-1").device, "b");
}

TEST(DongleWatch, AStormOfResetsNeitherLosesItNorAsksItWithoutEnd) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.settle();
    int asked = 0;
    for (int i = 0; i < 50; ++i) {
        rig.unplug("a");
        asked += rig.pass(milliseconds(100));
        rig.plug("a", {1});
        asked += rig.pass(milliseconds(100));
        EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
    }
    EXPECT_LE(asked, 6);  // ten seconds
    rig.pass(kResetPatience);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
}

TEST(DongleWatch, AnotherDongleAtTheSameDeviceIsNotIt) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.settle();
    rig.unplug("a");
    rig.plug("a", {2});  // quicker than the patience
    rig.pass(kResetPatience + 2 * kAskAgain);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::missing);
    EXPECT_EQ(rig.pass(minutes(10)), 0);  // it is not asked again
    EXPECT_NE(rig.state("KEY-1").why.find("another one"), std::string::npos);
}

TEST(DongleWatch, TwoAnswersThatAreNoneLoseIt) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.watch.in_use("KEY-1", rig.clock.now() + minutes(60));
    rig.plug("a", {1});
    rig.settle();
    rig.mute = true;
    const os::Instant due = rig.watch.next_time().value();
    rig.clock.advance_to(due);
    EXPECT_EQ(rig.settle(), 1);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
    EXPECT_EQ(rig.pass(kAskAgain), 1);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::refuses);
    EXPECT_NE(rig.state("KEY-1").why.find("device a"), std::string::npos);
    rig.mute = false;
    rig.pass(kAskRefusing);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
}

TEST(DongleWatch, AForgedSignatureIsNoProof) {
    Rig rig;
    rig.forged = true;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.pass(kAskAgain);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::refuses);
    EXPECT_TRUE(rig.state("KEY-1").word.empty());
    rig.unplug("a");
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::missing);
}

TEST(DongleWatch, AnAnswerToAnotherQuestionIsNoProof) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    const Challenge first = rig.watch.next().value();
    const contract::DongleProof proof = proof_of(first, 1, 9);
    rig.watch.on_answer(first, proof);
    ASSERT_EQ(rig.presence("KEY-1"), DonglePresence::there);
    for (int i = 0; i < kFailuresMax; ++i) {
        rig.clock.advance_to(rig.watch.next_time().value());
        const Challenge next = rig.watch.next().value();
        EXPECT_NE(next.question.nonce, first.question.nonce);
        rig.watch.on_answer(next, proof);  // played again
    }
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::refuses);
}

TEST(DongleWatch, AKeyInUseIsAskedWithinAMinuteAndOthersSeldom) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.settle();
    EXPECT_LE(rig.pass(minutes(60)), 12);
    rig.watch.in_use("KEY-1", rig.clock.now() + minutes(60));
    os::Instant last = rig.clock.now();
    std::set<std::int64_t> gaps;
    while (rig.clock.now() < os::Instant{} + minutes(110)) {
        rig.clock.advance_to(rig.watch.next_time().value());
        EXPECT_EQ(rig.settle(), 1);
        EXPECT_LE(rig.clock.now() - last, kAskInUseMax);
        gaps.insert((rig.clock.now() - last).count());
        last = rig.clock.now();
    }
    EXPECT_GT(gaps.size(), 20U);  // nobody can tell when the next one comes
}

TEST(DongleWatch, DevdMayBeAwayForAMoment) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.settle();
    rig.watch.on_link_lost();
    rig.pass(kRestartPatience - milliseconds(1));
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
    rig.watch.on_devices({"a"});
    EXPECT_EQ(rig.settle(), 1);  // what it was is asked anew
    rig.watch.on_link_lost();
    rig.pass(kRestartPatience);
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::missing);
}

TEST(DongleWatch, ACounterThatDoesNotGrowIsTold) {
    Rig rig;
    WantedDongle known = wanted("KEY-1", 1);
    known.counter = 40;  // of before a restart
    rig.watch.want({known});
    rig.counter = 50;
    rig.plug("a", {1});
    rig.settle();
    EXPECT_FALSE(rig.state("KEY-1").went_back);
    rig.counter = 4;
    rig.pass(minutes(11));
    EXPECT_EQ(rig.state("KEY-1").went_back, (std::pair<std::uint32_t, std::uint32_t>(51, 5)));
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);  // no stop
}

TEST(DongleWatch, ADongleThatDoesNotCountIsNoAlarm) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    for (int i = 0; i < 3; ++i) {
        rig.clock.advance_to(rig.watch.next_time().value());
        const Challenge challenge = rig.watch.next().value();
        rig.watch.on_answer(challenge, proof_of(challenge, 1, 0));
    }
    EXPECT_FALSE(rig.state("KEY-1").went_back);
}

TEST(DongleWatch, ANewRevisionOfAKeyChangesNothingAndAnotherCredentialBeginsAnew) {
    Rig rig;
    rig.watch.want({wanted("KEY-1", 1)});
    rig.plug("a", {1});
    rig.settle();
    rig.watch.want({wanted("KEY-1", 1), wanted("KEY-2", 2)});
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::there);
    EXPECT_EQ(rig.presence("KEY-2"), DonglePresence::unknown);
    rig.watch.want({wanted("KEY-1", 3)});
    EXPECT_EQ(rig.presence("KEY-1"), DonglePresence::unknown);
    rig.settle();
    EXPECT_NE(rig.presence("KEY-1"), DonglePresence::there);
    EXPECT_EQ(rig.watch.states().size(), 1U);
}

/// What a person at the machine knows: since when a dongle was in or out without a break, with devd
/// running and the dongle willing.
class Ledger {
public:
    void note(os::Instant now, bool good) {
        if (good != good_) {
            good_ = good;
            since_ = now;
        }
    }
    /// Nothing: in between, either is right.
    std::optional<bool> is_there(os::Instant now) const {
        const os::Duration slack = kRestartPatience + kResetPatience + 2 * kAskRefusing;
        return now - since_ > slack ? std::optional(good_) : std::nullopt;
    }

private:
    bool good_ = false;
    os::Instant since_{};
};

TEST(DongleWatch, WhateverHappensItEndsUpWhereTheDonglesAre) {
    int compared = 0;
    int there = 0;
    for (unsigned run = 1; run <= 30; ++run) {
        Rig rig;
        rig.generator.seed(run);
        Ledger ledger;
        bool linked = true;
        rig.watch.want({wanted("KEY-1", 1)});
        rig.watch.on_devices({});
        for (int step = 0; step < 60; ++step) {
            const std::string device(1, "ab"[rig.generator() % 2]);
            const auto what = rig.generator() % 6;
            if (what == 0 && linked) {
                rig.plug(device, {rig.generator() % 3 == 0 ? 2U : 1U});
            } else if (what == 1 && linked) {
                rig.unplug(device);
            } else if (what == 2) {
                linked = !linked;
                std::vector<std::string> ready;
                for (const auto& [name, seeds] : rig.dongles) {
                    ready.push_back(name);
                }
                linked ? rig.watch.on_devices(ready) : rig.watch.on_link_lost();
            }
            // Two are never in at once: whose turn it is is another test's.
            if (rig.dongles.size() > 1) {
                rig.unplug(device == "a" ? "b" : "a");
            }
            const bool good =
                linked && rig.dongles.size() == 1 && rig.dongles.begin()->second.contains(1U);
            ledger.note(rig.clock.now(), good);
            constexpr std::int64_t kPausesMs[] = {0, 300, 1500, 4000, 40'000};
            rig.pass(milliseconds(kPausesMs[rig.generator() % 5]));
            const bool is_there = rig.presence("KEY-1") == DonglePresence::there;
            if (const auto right = ledger.is_there(rig.clock.now())) {
                ++compared;
                there += is_there ? 1 : 0;
                ASSERT_EQ(is_there, *right) << "run " << run << " step " << step;
            }
            ASSERT_EQ(is_there, !rig.state("KEY-1").device.empty());
        }
    }
    EXPECT_GT(compared, 300);
    EXPECT_GT(there, 50);
    EXPECT_LT(there, compared - 50);
}

}  // namespace
}  // namespace tillhost::licd::devices
