// Claim: PINs, badges and offline verifiers are good for whom they are, where and how long they are
// said to be. Shown: on a store that remembers over restarts, by a clock set.
#include "sumpd/apps/test/registry_fixture.h"

namespace tillhost::sumpd::apps {
namespace {

exchange::Login by_pin(const std::string& key, const std::string& pin) {
    return {.device_key = {key}, .login = "anna", .pin = exchange::Secret{pin}};
}

// Claimed: five wrong PINs lock the PIN, also for the right one and over a restart, while the
// password goes on; a login by password unlocks it.
TEST_F(RegistryTest, APinIsLockedUntilALoginByPassword) {
    const std::string key = enroll();
    for (int i = 0; i < people::kPinTriesMax; ++i) {
        EXPECT_EQ(code_of(registry_->login(by_pin(key, "0000"), "a")), FaultCode::unauthorized);
    }
    EXPECT_EQ(code_of(registry_->login(by_pin(key, "1234"), "a")), FaultCode::pin_locked);
    start();
    EXPECT_EQ(code_of(registry_->login(by_pin(key, "1234"), "a")), FaultCode::pin_locked);
    ASSERT_TRUE(registry_->login(login(key, "right password"), "a"));
    EXPECT_TRUE(registry_->login(by_pin(key, "1234"), "a"));
}

// Claimed: one phone does not go through the PINs of all users; right PINs between do not help.
TEST_F(RegistryTest, PinsAreCountedByDeviceToo) {
    const std::string key = enroll();
    for (std::size_t i = 0; i < http::LoginGuard::kFailuresMax; ++i) {
        exchange::Login nobody = by_pin(key, "0000");
        nobody.login = "nobody" + std::to_string(i);
        EXPECT_EQ(code_of(registry_->login(nobody, "a")), FaultCode::unauthorized);
    }
    EXPECT_EQ(code_of(registry_->login(by_pin(key, "1234"), "a")), FaultCode::too_many);
    EXPECT_TRUE(registry_->login(by_pin(enroll("phone-2"), "1234"), "a"));
}

// Claimed: a badge lets its user in without a name; with another one's name it does not.
TEST_F(RegistryTest, ABadgeIsALogin) {
    exchange::Login badge{.device_key = {enroll()}, .badge = exchange::Secret{"0012345678"}};
    const auto answer = registry_->login(badge, "a");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->user_id, "u1");
    badge.login = "vera";
    EXPECT_EQ(code_of(registry_->login(badge, "a")), FaultCode::unauthorized);
    badge.login.reset();
    badge.badge = exchange::Secret{"0012345679"};
    EXPECT_EQ(code_of(registry_->login(badge, "a")), FaultCode::unauthorized);
}

// Claimed: a login gives the policy of the role and whom the app may let in without the server:
// those of the store, for the hours of their role.
TEST_F(RegistryTest, OfflineUsersAreThoseOfTheStore) {
    const std::string key = enroll();
    auto all = accounts();
    all.push_back({.id = "u2", .login = "vera", .role_id = "cashier", .password = "x"});
    all.push_back(
        {.id = "u3", .login = "olga", .role_id = "cashier", .stores = {"s2"}, .password = "x"});
    all.push_back({.id = "u4", .login = "ivan", .role_id = "consultant", .password = "x"});
    all.push_back(
        {.id = "u5", .login = "oleg", .role_id = "cashier", .enabled = false, .password = "x"});
    all.push_back({.id = "u6",
                   .login = "emil",
                   .role_id = "cashier",
                   .valid_to_s = clock_.unix_ms() / 1000 + 60,
                   .password = "x"});
    registry_->set_accounts(all);
    exchange::Login request = login(key, "right password");
    request.store_id = "s1";
    const auto answer = registry_->login(request, "a");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->policy.offline_card_max,
              people::policy_of(people::effective("cashier", {})).offline_card_max);
    std::map<std::string, std::int64_t> hours;
    for (const exchange::OfflineUser& one : answer->offline_users) {
        hours[one.user_id] = (one.valid_until.unix_ms / 1000 - clock_.unix_ms() / 1000) / 60;
    }
    EXPECT_EQ(hours,
              (std::map<std::string, std::int64_t>{{"u1", 72 * 60}, {"u2", 72 * 60}, {"u6", 1}}));
}

// Claimed: who is moved to another store has no session in the former one any more.
TEST_F(RegistryTest, ASessionEndsWithItsStore) {
    const std::string key = enroll();
    exchange::Login request = login(key, "right password");
    request.store_id = "s1";
    const auto answer = registry_->login(request, "a");
    ASSERT_TRUE(answer);
    ASSERT_TRUE(registry_->session_of(answer->session.text));
    auto moved = accounts();
    moved.front().stores = {"s2"};
    registry_->set_accounts(moved);
    EXPECT_EQ(code_of(registry_->session_of(answer->session.text)), FaultCode::session_expired);
}

}  // namespace
}  // namespace tillhost::sumpd::apps
