// Claim: who was paired is known for good and who was revoked is not; a code lets one workstation
// in, within its time and tries. Shown on the registry's file and on a clock that moves when told.
#include "devd/runtime/workstations.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "devd/runtime/network.h"
#include "devd/runtime/pairing_door.h"
#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "ipc/curve_keys.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using contract::Role;
using contract::WorkstationState;
using Verdict = ipc::Admission::Verdict;

std::string some_key() { return MUST(ipc::KeyPair::make()).public_key; }

class WorkstationsTest : public ::testing::Test {
protected:
    WorkstationsTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tillhostXXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        open();
    }
    ~WorkstationsTest() override { std::filesystem::remove_all(folder_); }

    std::string path() const { return folder_ + "/workstations.toml"; }
    void open() {
        workstations_ = MUST(Workstations::open(
            path(), {.role = Role::cashier, .users = {{7, Role::observer}}, .own_uid = 500},
            clock_));
    }
    void pair(const std::string& name, const std::string& key) {
        MUST(workstations_->add(
            {.name = name, .role = Role::cashier, .devices = {"kassa", "terminal"}, .key = key}));
    }
    std::optional<core::Rights> rights_of(const std::string& key) const {
        return workstations_->rights_of({.key = key});
    }

    os::FakeClock clock_;
    std::string folder_;
    std::unique_ptr<Workstations> workstations_;
    const std::string key_ = some_key();
};

TEST_F(WorkstationsTest, KeepsWhoWasPairedInAFileOfItsOwn) {
    pair("till2", key_);
    struct stat status {};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    open();
    const auto rights = rights_of(key_);
    ASSERT_TRUE(rights.has_value());
    EXPECT_EQ(rights->role, Role::cashier);
    EXPECT_EQ(rights->workstation, "till2");
    EXPECT_EQ(rights->devices, (std::vector<std::string>{"kassa", "terminal"}));
    EXPECT_EQ(workstations_->all().at("till2").paired_at_ms, clock_.unix_ms());
    EXPECT_EQ(workstations_->admits(key_, ""), Verdict::admitted);
    EXPECT_EQ(workstations_->admits(some_key(), ""), Verdict::unknown);
    EXPECT_FALSE(rights_of(some_key()).has_value());
}

TEST_F(WorkstationsTest, LetsStrangersAsFarAsTheDoorWhileItIsOpen) {
    bool open = true;
    workstations_->set_door([&open] { return open; });
    EXPECT_EQ(workstations_->admits(key_, ""), Verdict::admitted);
    EXPECT_FALSE(rights_of(key_).has_value());
    open = false;
    EXPECT_EQ(workstations_->admits(key_, ""), Verdict::unknown);
}

TEST_F(WorkstationsTest, ARevokedOneIsRefusedForGoodAndItsNameIsFree) {
    pair("till2", key_);
    EXPECT_EQ(workstations_->may_add("till2").error().code, ErrorCode::conflict);
    MUST(workstations_->revoke("till2"));
    MUST(workstations_->revoke("till2"));
    open();
    EXPECT_EQ(workstations_->admits(key_, ""), Verdict::unknown);
    EXPECT_FALSE(rights_of(key_).has_value());
    EXPECT_EQ(workstations_->change("till2", Role::cashier, {}).error().code, ErrorCode::bad_field);
    const std::string next = some_key();
    pair("till2", next);
    EXPECT_TRUE(rights_of(next).has_value());
    EXPECT_FALSE(rights_of(key_).has_value());
    EXPECT_EQ(workstations_->revoke("nobody").error().code, ErrorCode::bad_field);
}

TEST_F(WorkstationsTest, TheOldKeyHoldsUntilTheNextIsUsed) {
    pair("till2", key_);
    const std::string next = some_key();
    EXPECT_EQ(MUST(workstations_->roll(key_, next)).state, WorkstationState::rolling);
    open();
    EXPECT_TRUE(rights_of(key_) && rights_of(next));
    EXPECT_EQ(MUST(workstations_->seen({.key = key_})), "");
    EXPECT_EQ(MUST(workstations_->seen({.key = next, .address = "10.0.0.7"})), key_);
    EXPECT_FALSE(rights_of(key_).has_value());
    EXPECT_EQ(workstations_->all().at("till2").address, "10.0.0.7");
    open();
    EXPECT_TRUE(rights_of(next).has_value());
    EXPECT_FALSE(rights_of(key_).has_value());
    EXPECT_EQ(workstations_->roll(key_, some_key()).error().code, ErrorCode::not_paired);
    EXPECT_EQ(workstations_->roll(next, "short").error().code, ErrorCode::bad_field);
    pair("till3", key_);
    EXPECT_EQ(workstations_->roll(next, key_).error().code, ErrorCode::conflict);
}

TEST_F(WorkstationsTest, LocalUsersHaveTheirRoles) {
    EXPECT_EQ(workstations_->rights_of({.uid = 0})->role, Role::administrator);
    EXPECT_EQ(workstations_->rights_of({.uid = 500})->role, Role::administrator);
    EXPECT_EQ(workstations_->rights_of({.uid = 7})->role, Role::observer);
    EXPECT_EQ(workstations_->rights_of({.uid = 8})->role, Role::cashier);
    EXPECT_EQ(workstations_->rights_of({})->role, Role::cashier);
}

TEST_F(WorkstationsTest, ADamagedFileIsRefusedByItsLine) {
    pair("till2", key_);
    std::ifstream in(path());
    const std::string good{std::istreambuf_iterator<char>(in), {}};
    for (const char* key : {"name", "role", "state", "key", "paired_at_ms", "format", "devices"}) {
        std::string bad = good;
        const std::size_t at = bad.find(std::string("\n") + key + " = ");
        ASSERT_NE(at, std::string::npos) << key;
        bad.insert(bad.find('"', at) + 1, "?");
        std::ofstream(path()) << bad;
        const auto read = Workstations::open(path(), {}, clock_);
        ASSERT_FALSE(read.has_value()) << key;
        EXPECT_EQ(read.error().code, ErrorCode::config_invalid) << key;
    }
    std::ofstream(path()) << good << good.substr(good.find("[[") - 1);
    EXPECT_FALSE(Workstations::open(path(), {}, clock_).has_value());
}

TEST_F(WorkstationsTest, ANameIsPlainAndTheirNumberBounded) {
    for (const char* wrong : {"", "Till", "till 2", "a/b", "till2-till2-till2-till2-till2-till2"}) {
        EXPECT_EQ(workstations_->may_add(wrong).error().code, ErrorCode::bad_field) << wrong;
    }
}

class PairingDoorTest : public ::testing::Test {
protected:
    PairingDoorTest() { door_.open({.name = "till2"}, "SECRET"); }
    os::FakeClock clock_;
    PairingDoor door_{clock_};
};

using Answer = PairingDoor::Answer;

TEST_F(PairingDoorTest, LetsOneInAndAnswersHimOnceMore) {
    ASSERT_TRUE(door_.is_open());
    ASSERT_EQ(door_.try_code("a", "SECRET"), Answer::right);
    door_.let_in("a");
    EXPECT_FALSE(door_.is_open());
    EXPECT_EQ(door_.try_code("a", "SECRET"), Answer::again);
    EXPECT_EQ(door_.try_code("a", "SECRE7"), Answer::shut);
    EXPECT_EQ(door_.try_code("b", "SECRET"), Answer::shut);  // a replay by somebody else
    clock_.advance(kPairingTimeMax);
    EXPECT_EQ(door_.try_code("a", "SECRET"), Answer::shut);
}

TEST_F(PairingDoorTest, ClosesAfterFiveWrongCodesOfEverybodyTogether) {
    for (int i = 0; i < kPairingTries; ++i) {
        EXPECT_EQ(door_.try_code(std::to_string(i), i % 2 == 0 ? "SECREX" : "S"), Answer::wrong);
    }
    EXPECT_FALSE(door_.is_open());
    EXPECT_EQ(door_.try_code("a", "SECRET"), Answer::shut);
}

TEST_F(PairingDoorTest, ClosesAfterTenMinutesAndByHand) {
    clock_.advance(kPairingTimeMax - std::chrono::milliseconds(1));
    EXPECT_TRUE(door_.is_open());
    clock_.advance(std::chrono::milliseconds(1));
    EXPECT_FALSE(door_.is_open());
    EXPECT_EQ(door_.try_code("a", "SECRET"), Answer::shut);
    door_.open({.name = "till3"}, "OTHERS");
    EXPECT_EQ(door_.try_code("a", "SECRET"), Answer::wrong);
    door_.close();
    EXPECT_EQ(door_.try_code("a", "OTHERS"), Answer::shut);
    EXPECT_EQ(PairingDoor(clock_).try_code("a", ""), Answer::shut);
}

TEST(HandshakeLog, ShowsTenAMinuteAndSaysHowManyItLeftOut) {
    os::FakeClock clock;
    os::KeptLog kept;
    HandshakeLog log(clock, os::Logger(kept));
    for (int i = 0; i < kHandshakeLinesPerMinute + 7; ++i) {
        log.take({ipc::HandshakeFailure::unknown_key, "10.0.0.9"});
    }
    ASSERT_EQ(kept.lines().size(), static_cast<std::size_t>(kHandshakeLinesPerMinute));
    EXPECT_NE(kept.lines()[0].find("reason=unknown_key address=10.0.0.9"), std::string::npos);
    clock.advance(std::chrono::minutes(1));
    log.take({ipc::HandshakeFailure::not_zmq, ""});
    ASSERT_EQ(kept.lines().size(), static_cast<std::size_t>(kHandshakeLinesPerMinute) + 2);
    EXPECT_NE(kept.lines()[kHandshakeLinesPerMinute].find("left_out=7"), std::string::npos);
}

TEST(NetworkConfig, SaysWhatWouldBeRight) {
    const NetworkConfig config = MUST(network_from({{"listen", "tcp://10.0.0.1:99"}}));
    EXPECT_EQ(config.address(), "tcp://10.0.0.1:99");
    EXPECT_EQ(config.pairing_port, ipc::kPairingPort);
    EXPECT_FALSE(config.name.empty());
    const std::vector<ConfigTexts> wrong{{},
                                         {{"listen", "*:15210"}},
                                         {{"listen", "tcp://*"}},
                                         {{"listen", "tcp://shop:15210"}},
                                         {{"listen", "tcp://*:0"}},
                                         {{"listen", "tcp://*:70000"}},
                                         {{"listen", "tcp://*:15211"}},
                                         {{"listen", "tcp://*:15210"}, {"pairing_port", "x"}},
                                         {{"listen", "tcp://*:15210"}, {"name", "a b"}}};
    for (const ConfigTexts& texts : wrong) {
        const auto read = network_from(texts);
        ASSERT_FALSE(read.has_value());
        EXPECT_EQ(read.error().code, ErrorCode::bad_field);
    }
    EXPECT_EQ(role_of("local_role", "operator").value(), Role::operator_);
    EXPECT_EQ(role_of("local_role", "root").error().code, ErrorCode::bad_field);
    EXPECT_EQ(uid_of("root").value(), 0);
    EXPECT_EQ(uid_of("nobody-of-that-name").error().code, ErrorCode::bad_field);
    EXPECT_EQ(loopback_port("127.0.0.1:99"), 99);
    EXPECT_FALSE(loopback_port("0.0.0.0:99"));
}

}  // namespace
}  // namespace tillhost::devd::runtime
