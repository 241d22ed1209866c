// Claim: a key of a dongle gives while its dongle is there, goes on for its grace when it is gone
// and gives nothing after it, whatever is restarted; devd's facts stand in for what licd cannot
// read. Shown with a dongle that the test plugs in, on a fake clock and a real database.
#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "licd/keys/base64.h"
#include "licd/keys/test/vendor.h"
#include "licd/runtime/config.h"
#include "licd/runtime/identity.h"
#include "licd/runtime/key_keeper.h"

namespace tillhost::licd::runtime {
namespace {

using base::ErrorCode;
using devices::DonglePresence;
using devices::DongleState;
using keys::test::code_of;
using keys::test::dongle_key;
using std::chrono::seconds;
using Reason = contract::LicenceKeyReason;
using State = contract::LicenceKeyState;

/// A dongle, as the test says.
class FakeDongles final : public devices::DonglePort {
public:
    DongleState of(const std::string& serial) const override {
        return serial == dongle_key().serial ? state : DongleState{};
    }
    void want(std::vector<devices::WantedDongle> dongles) override { wanted = std::move(dongles); }
    void in_use(const std::string& serial, os::Instant until) override { uses[serial] = until; }
    std::vector<contract::MachineFact> facts() const override { return told; }

    DongleState state;
    std::vector<devices::WantedDongle> wanted;
    std::map<std::string, os::Instant> uses;
    std::vector<contract::MachineFact> told;
};

class DongleKeysTest : public testing::Test {
protected:
    DongleKeysTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "keeperXXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        start();
    }
    ~DongleKeysTest() override {
        keeper_.reset();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }

    /// A life of licd; the dongle is not asked yet.
    void start() {
        keeper_.reset();
        store_.reset();
        const os::Logger logger(log_, os::Severity::debug);
        store_ = keys::test::taken(LicenceStore::open(folder_, clock_, logger));
        dongles_.state = {};
        keeper_ = keys::test::taken(KeyKeeper::open({.folder = folder_,
                                                     .roots = {{"root", vendor_.root}},
                                                     .clock = clock_,
                                                     .logger = logger,
                                                     .store = *store_,
                                                     .identity = keys::test::test_key(50),
                                                     .code_salt = base::Bytes(16),
                                                     .traits = [this] { return traits_; },
                                                     .dongles = dongles_,
                                                     .random = random_bytes,
                                                     .software = "licd-0"}));
    }
    void plug() {
        dongles_.state.presence = DonglePresence::there;
        dongles_.state.device = "token";
        dongles_.state.why.clear();
        dongles_.state.word = keys::write_dongle_word(keys::test::spoken(
            keys::test::test_dongle(), keys::test::question_at(clock_.unix_ms() / 1000)));
        ++dongles_.state.counter;
        keeper_->on_devices();
    }
    void unplug(DonglePresence presence = DonglePresence::missing) {
        dongles_.state.presence = presence;
        dongles_.state.device.clear();
        dongles_.state.why = "it is not plugged in";
        keeper_->on_devices();
    }
    /// Time passes and what is due is done, as the service does it.
    void pass(os::Duration time) {
        const os::Instant end = clock_.now() + time;
        for (auto next = keeper_->next_time(); next && *next <= end; next = keeper_->next_time()) {
            clock_.advance_to(*next);
            keeper_->on_devices();
        }
        clock_.advance_to(end);
        keeper_->look();
    }
    keys::KeyContent content(std::int64_t grace_s = 600) const {
        keys::KeyContent made = dongle_key();
        made.terms.dongle_grace_s = grace_s;
        return made;
    }
    void load(const keys::KeyContent& made) {
        EXPECT_TRUE(keeper_->load(vendor_.write(made)).has_value());
    }
    contract::LicenceKey key() const {
        return keys::test::taken(keeper_->told(dongle_key().serial));
    }
    const core::Terms& terms() const { return *keeper_->find(dongle_key().serial, "till.base"); }
    ErrorCode gives() const { return code_of(keeper_->gives(terms(), "3.1")); }
    ErrorCode renews() const { return code_of(keeper_->renews(terms(), "3.1")); }

    static constexpr ErrorCode kGood = ErrorCode::unspecified;
    keys::test::Vendor vendor_;
    os::FakeClock clock_;
    os::KeptLog log_;
    std::string folder_;
    keys::Traits traits_;
    FakeDongles dongles_;
    std::unique_ptr<LicenceStore> store_;
    std::unique_ptr<KeyKeeper> keeper_;
};

TEST_F(DongleKeysTest, AKeyGivesWhenItsDongleIsThere) {
    load(content());
    ASSERT_EQ(dongles_.wanted.size(), 1U);
    EXPECT_EQ(dongles_.wanted[0].dongle, *dongle_key().token);
    EXPECT_EQ(key().state, State::blocked);
    EXPECT_EQ(key().reason, Reason::dongle_missing);
    EXPECT_EQ(gives(), ErrorCode::dongle_missing);
    plug();
    EXPECT_EQ(key().state, State::active);
    EXPECT_EQ(key().device, "token");
    EXPECT_EQ(key().reason, Reason::none);
    EXPECT_EQ(gives(), kGood);
    EXPECT_EQ(renews(), kGood);
}

TEST_F(DongleKeysTest, AProgramBelievesWhatItGives) {
    load(content());
    plug();
    const contract::LicenceProof proof = keeper_->proof(terms());
    const keys::Proof parts{.chain = {keys::to_base64(proof.issuers.at(0))},
                            .file_id = proof.file_id,
                            .serial = dongle_key().serial,
                            .seal = proof.seal,
                            .licence = proof.line};
    const auto proven = keys::test::taken(keys::check_proof(vendor_.root, parts, "till"));
    EXPECT_EQ(proven.server, keys::test::test_key(50).public_key());
    EXPECT_EQ(proven.word_at_s, clock_.unix_ms() / 1000);
}

TEST_F(DongleKeysTest, WithoutItWhatWasGivenGoesOnForTheGrace) {
    load(content(600));
    plug();
    unplug();
    EXPECT_EQ(key().state, State::grace);
    EXPECT_EQ(key().reason, Reason::dongle_missing);
    EXPECT_EQ(key().left_s, 600);
    EXPECT_EQ(key().device, "");
    EXPECT_EQ(gives(), ErrorCode::dongle_missing);
    EXPECT_EQ(renews(), kGood);
    pass(seconds(599));
    EXPECT_EQ(renews(), kGood);
    EXPECT_LE(key().left_s, 60);
    pass(seconds(1));
    EXPECT_EQ(key().state, State::blocked);
    EXPECT_EQ(renews(), ErrorCode::dongle_missing);
    plug();
    EXPECT_EQ(key().state, State::active);
    EXPECT_EQ(gives(), kGood);
    unplug();
    EXPECT_EQ(key().left_s, 600);  // a whole one again
}

TEST_F(DongleKeysTest, ADongleThatRefusesIsAsGoodAsNone) {
    load(content());
    plug();
    unplug(DonglePresence::refuses);
    EXPECT_EQ(key().state, State::grace);
    EXPECT_EQ(key().reason, Reason::dongle_refuses);
    EXPECT_EQ(gives(), ErrorCode::dongle_missing);
    EXPECT_EQ(renews(), kGood);
}

TEST_F(DongleKeysTest, NoRestartStretchesTheGrace) {
    load(content(600));
    plug();
    unplug();
    for (int life = 0; life < 5; ++life) {
        pass(seconds(120));
        start();
        unplug();
    }
    EXPECT_EQ(key().state, State::blocked);
    EXPECT_EQ(renews(), ErrorCode::dongle_missing);
}

TEST_F(DongleKeysTest, AfterARestartItIsLookedForBeforeItIsMissed) {
    load(content(0));
    plug();
    start();
    EXPECT_EQ(key().state, State::grace);
    EXPECT_EQ(renews(), kGood);
    EXPECT_EQ(gives(), ErrorCode::dongle_missing);
    plug();
    EXPECT_EQ(gives(), kGood);
    start();
    unplug();
    EXPECT_EQ(renews(), ErrorCode::dongle_missing);  // it was looked for, and has no grace
    start();
    EXPECT_EQ(renews(), ErrorCode::dongle_missing);  // nor has it now
}

TEST_F(DongleKeysTest, ANewRevisionIsTakenWhileItsDongleIsThere) {
    load(content());
    plug();
    keys::KeyContent more = content();
    more.revision = 2;
    more.id = "00112233445566778899aabbccddee00";
    more.lines[0].count = 40;
    load(more);
    EXPECT_EQ(key().revision, 2);
    EXPECT_EQ(key().state, State::active);
    EXPECT_EQ(terms().count, 40);
    EXPECT_EQ(gives(), kGood);
    EXPECT_EQ(code_of(keeper_->load(vendor_.write(content()))), ErrorCode::key_foreign);
}

TEST_F(DongleKeysTest, ItNeedsNoActivation) {
    load(content());
    EXPECT_EQ(code_of(keeper_->activate({dongle_key().serial, "0000-0000-0000-0000"})),
              ErrorCode::wrong_state);
}

TEST_F(DongleKeysTest, ACounterThatWentBackIsToldAndStopsNothing) {
    load(content());
    dongles_.state.counter = 50;
    plug();
    dongles_.state.went_back = {51, 5};
    dongles_.state.counter = 4;
    plug();
    EXPECT_EQ(key().state, State::active);
    EXPECT_NE(key().text.find("from 51 to 5"), std::string::npos);
    EXPECT_EQ(gives(), kGood);
    int warned = 0;
    for (const std::string& line : log_.lines()) {
        warned += line.find("may have been copied") != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(warned, 1);
    start();
    EXPECT_EQ(dongles_.wanted.at(0).counter, 5U);  // the next life goes on from there
}

TEST_F(DongleKeysTest, ADongleIsAskedOftenWhileItsKeyIsInUseOrShown) {
    load(content());
    plug();
    core::LeaseFacts facts;
    facts.key = dongle_key().serial;
    facts.time_ms = 600'000;
    static_cast<void>(keeper_->sign(facts));
    EXPECT_EQ(dongles_.uses.at(dongle_key().serial), clock_.now() + seconds(600));
    dongles_.uses.clear();
    static_cast<void>(keeper_->all());
    EXPECT_EQ(dongles_.uses.at(dongle_key().serial), clock_.now() + kShown);
}

TEST_F(DongleKeysTest, WhatDevdReadsStandsInForWhatLicdCannot) {
    const auto board = [](const std::string& value) {
        return keys::make_trait(keys::TraitKind::board, {value}, "not readable");
    };
    traits_ = {keys::make_trait(keys::TraitKind::board, {}, "not readable"),
               keys::make_trait(keys::TraitKind::disk, {"DISK-1"}, ""),
               keys::make_trait(keys::TraitKind::host, {"till-1"}, "")};
    dongles_.told = {{"board", "BOARD-1"}, {"disk", "DISK-2"}, {"host", "other"}, {"odd", "x"}};
    keeper_->on_devices();
    const contract::LicenceTraitsReply told = keeper_->traits();
    EXPECT_EQ(told.strength, 30 + 25 + 10);
    EXPECT_EQ(told.traits.at(0).values,
              keys::digests_of("traits", {board("BOARD-1")}).at(keys::TraitKind::board));
    EXPECT_EQ(told.traits.at(1).values.size(), 2U);
    // What licd reads itself is not replaced.
    EXPECT_EQ(told.traits.at(2).values,
              keys::digests_of("traits", {traits_[2]}).at(keys::TraitKind::host));
}

TEST(Config, NamesDevicesOnThisMachine) {
    EXPECT_TRUE(keys::test::taken(make_config({})).devices);
    const auto off = keys::test::taken(
        make_config({{"devices.on", "no"}, {"devices.endpoint", "ipc:///run/other.sock"}}));
    EXPECT_FALSE(off.devices);
    EXPECT_EQ(off.devices_endpoint, "ipc:///run/other.sock");
    EXPECT_TRUE(keys::test::refused(make_config({{"devices.endpoint", "tcp://host:1"}}),
                                    ErrorCode::bad_field, "devices.endpoint"));
}

}  // namespace
}  // namespace tillhost::licd::runtime
