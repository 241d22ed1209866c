// Claim: acts are kept over a restart, newest first and page by page, the oldest beyond the bound
// go, a key's new state is noted once, and no secret is among them.
// Shown: with the real store in a folder of the test's own, and on the texts.
#include "licd/runtime/act_log.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"

namespace tillhost::licd::runtime {
namespace {

using contract::RequestKind;

class ActLogTest : public testing::Test {
protected:
    ActLogTest() : folder_(testing::TempDir() + "act_log_test") {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        start();
    }
    void start() {
        store_.reset();
        store_ = MUST(LicenceStore::open(folder_, clock_, logger_));
        acts_ = std::make_unique<ActLog>(*store_, clock_);
    }
    /// What is on disk: the store is closed and opened anew.
    std::vector<ActRow> kept(std::int64_t before = 0, std::size_t limit = 500) {
        start();
        return MUST(store_->acts(before, limit));
    }

    std::string folder_;
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::unique_ptr<LicenceStore> store_;
    std::unique_ptr<ActLog> acts_;
};

TEST_F(ActLogTest, KeepsActsNewestFirst) {
    EXPECT_TRUE(kept().empty());
    acts_->note("root", "load_licence_file", "loaded");
    clock_.advance(std::chrono::seconds(1));
    acts_->note("panel:ann", "set_licence_key", std::string(600, 'x') + "ż");
    const auto acts = kept();
    ASSERT_EQ(acts.size(), 2U);
    EXPECT_EQ(acts[0].number, 2);
    EXPECT_EQ(acts[0].who, "panel:ann");
    EXPECT_EQ(acts[0].what, std::string(500, 'x'));
    EXPECT_EQ(acts[1].act, "load_licence_file");
    EXPECT_EQ(acts[0].at_ms - acts[1].at_ms, 1000);
    acts_->note("root", "third", "");
    EXPECT_EQ(kept().front().number, 3) << "numbers go on after a restart";
    ASSERT_EQ(kept(3, 1).size(), 1U);
    EXPECT_EQ(kept(3, 1)[0].number, 2);
}

TEST_F(ActLogTest, ForgetsTheOldestBeyondItsBound) {
    constexpr std::int64_t kMore = 7;
    for (std::int64_t i = 0; i < kActsKeptMax + kMore; ++i) {
        // The writer's queue takes half of all at once at most.
        while (!store_->has_room()) {
            store_->hand_over();
            store_->moved().clear();
        }
        acts_->note("root", "free_licences", "");
    }
    const auto oldest = kept(kMore + 2, 10);
    ASSERT_EQ(oldest.size(), 1U);
    EXPECT_EQ(oldest[0].number, kMore + 1);
    EXPECT_EQ(kept(0, 1)[0].number, kActsKeptMax + kMore);
}

TEST_F(ActLogTest, NotesAKeysNewStateOnceOverRestartsToo) {
    contract::LicenceKey key;
    key.serial = "4410-0093-7721";
    key.state = contract::LicenceKeyState::active;
    acts_->look_at_keys({key});
    acts_->look_at_keys({key});
    ASSERT_EQ(kept().size(), 1U);
    EXPECT_EQ(kept()[0].what, "4410-0093-7721: active");
    EXPECT_EQ(kept()[0].who, "licd");
    key.state = contract::LicenceKeyState::grace;
    key.reason = contract::LicenceKeyReason::machine_changed;
    acts_->look_at_keys({key});
    ASSERT_EQ(kept().size(), 2U);
    acts_->look_at_keys({key});
    ASSERT_EQ(kept().size(), 2U);
    EXPECT_EQ(kept()[0].what, "4410-0093-7721: active -> grace (machine_changed)");
    EXPECT_EQ(kept()[0].act, "key_state");
}

contract::Request request(RequestKind kind, contract::Value body) {
    contract::Request made;
    made.kind = kind;
    made.body = std::move(body);
    return made;
}

TEST(ActTexts, SayWhatWasDoneWithoutSecrets) {
    contract::SetLicenceKeyRequest key{.serial = "4410", .enabled = false};
    key.access_code = "s3cret";
    const auto set = request(RequestKind::set_licence_key, contract::to_value(key));
    EXPECT_EQ(told_of(set), "4410, off, another access code");
    const base::Error refusal = base::bad_field("access_code", "not s3cret");
    EXPECT_EQ(outcome_of(set, refusal), "refused: bad_field");
    const auto activate =
        request(RequestKind::activate_licence,
                contract::to_value(contract::ActivateLicenceRequest{"4410", "K7Q2-M0F3"}));
    EXPECT_EQ(told_of(activate), "4410");
    EXPECT_EQ(outcome_of(activate, base::make_error(base::ErrorCode::pin_wrong, "K7Q2-M0F3")),
              "refused: pin_wrong");
    contract::SetLicenceSettingsRequest settings;
    settings.forget = {"web.port"};
    settings.changes = {{"times.lease_s", "700"}};
    const auto change = request(RequestKind::set_licence_settings, contract::to_value(settings));
    EXPECT_EQ(told_of(change), "web.port forgotten, times.lease_s = \"700\"");
    EXPECT_EQ(outcome_of(change, contract::Value()), "done");
    contract::FreeLicencesRequest free{.number = 17, .accept_double_use = true};
    EXPECT_EQ(told_of(request(RequestKind::free_licences, contract::to_value(free))),
              "licence 17, double use accepted");
    const auto load = request(RequestKind::load_licence_file,
                              contract::to_value(contract::LicenceKeyText{"-----LICD"}));
    EXPECT_EQ(told_of(load), "");
    contract::LicenceKey loaded;
    loaded.serial = "4410";
    loaded.kind = contract::LicenceKeyKind::software;
    loaded.state = contract::LicenceKeyState::unbound;
    EXPECT_EQ(outcome_of(load, contract::to_value(loaded)), "loaded: key 4410");
}

}  // namespace
}  // namespace tillhost::licd::runtime
