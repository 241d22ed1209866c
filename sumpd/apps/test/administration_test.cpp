// Claim: what an administrator does with devices holds at once and over a restart, and is in the
// audit; what devices say of themselves is kept, and never costs a write on its way. Shown: on a
// store that remembers, by a clock set, with seats that are counted.
#include "sumpd/apps/test/registry_fixture.h"
#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::apps {
namespace {

using exchange::CommandKind;

class AdministrationTest : public RegistryTest {
protected:
    std::string only_id() { return registry_->devices().front().row.id; }
    DeviceCard card() { return registry_->devices().front(); }
    exchange::Heartbeat heartbeat(std::vector<std::int64_t> taken = {}) {
        return {.queue_length = 3,
                .last_seq = 17,
                .app_version = "1.2",
                .free_bytes = 1000,
                .clock_at = {clock_.unix_ms() + 5000, 0},
                .taken = std::move(taken)};
    }
    std::string login_to(const std::string& key) {
        const auto answer = registry_->login(login(key, "right password"), "10.0.0.2");
        EXPECT_TRUE(answer.has_value()) << answer.error().message;
        return answer ? answer->session.text : "";
    }
};

// Claimed: what an invitation is bound to holds: the other kind of app, a user of another role and
// another store are refused, and a store that is not asked for is the device's.
TEST_F(AdministrationTest, BoundInvitation) {
    const std::string token = invited({.by = kAdmin,
                                       .life_s = 3600,
                                       .name = "Terminal 1",
                                       .kind = AppKind::data_terminal,
                                       .store_id = "s1"});
    auto other = request(token);
    other.kind = AppKind::cashier;
    EXPECT_EQ(code_of(registry_->enroll(other)), FaultCode::forbidden);
    clock_.advance(std::chrono::seconds(kInvitationLifeS + 1));
    const auto enrolled = registry_->enroll(request(token));
    ASSERT_TRUE(enrolled.has_value()) << "it was given an hour";
    EXPECT_EQ(card().row.name, "Terminal 1");
    EXPECT_EQ(card().row.kind, AppKind::data_terminal);
    const std::string key = enrolled->device_key.text;
    const auto session = registry_->session_of(login_to(key));
    ASSERT_TRUE(session.has_value());
    EXPECT_EQ(session->store_id, "s1");
    exchange::Login elsewhere = login(key, "right password");
    elsewhere.store_id = "s2";
    EXPECT_EQ(code_of(registry_->login(elsewhere, "a")), FaultCode::role_denied);
    ASSERT_TRUE(registry_->change_device(only_id(), {.role_id = "courier"}, kAdmin));
    EXPECT_EQ(code_of(registry_->login(login(key, "right password"), "a")), FaultCode::role_denied);
    EXPECT_EQ(code_of(registry_->invite({.by = kAdmin, .life_s = kInvitationLifeSMax + 1})),
              FaultCode::schema_invalid);
}

// Claimed: name and packet size are kept over a restart and a new enrolment; the packet is the
// least of the three sizes.
TEST_F(AdministrationTest, NameAndPacketSize) {
    const std::string key = enroll();
    EXPECT_EQ(registry_->packet_bytes_for(only_id(), 100'000), 65536);
    EXPECT_EQ(registry_->packet_bytes_for(only_id(), 5000), 5000);
    ASSERT_TRUE(
        registry_->change_device(only_id(), {.name = "Till 3", .packet_bytes = 8192}, kAdmin));
    start();
    enroll();
    EXPECT_EQ(card().row.name, "Till 3");
    EXPECT_EQ(registry_->packet_bytes_for(only_id(), 100'000), 8192);
    const auto wrong = registry_->change_device(only_id(), {.packet_bytes = 1}, kAdmin);
    EXPECT_EQ(wrong.error().field, "packetBytes");
    const auto nameless = registry_->change_device(only_id(), {.name = ""}, kAdmin);
    EXPECT_EQ(nameless.error().field, "name");
    EXPECT_EQ(code_of(registry_->change_device("x", {}, kAdmin)), FaultCode::not_found);
}

// Claimed: a command is told at each heartbeat until one says that it was taken, over a restart
// too; of a kind there is one, but of messages; a revoked device is told nothing.
TEST_F(AdministrationTest, Commands) {
    enroll();
    ASSERT_TRUE(registry_->command(only_id(), CommandKind::resync, "", kAdmin));
    ASSERT_TRUE(registry_->command(only_id(), CommandKind::resync, "", kAdmin));
    ASSERT_TRUE(registry_->command(only_id(), CommandKind::message, "hello", kAdmin));
    EXPECT_EQ(registry_->on_heartbeat(only_id(), heartbeat()).size(), 2U);
    start();
    const auto told = registry_->on_heartbeat(only_id(), heartbeat());
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].kind, CommandKind::resync);
    EXPECT_EQ(told[1].text, "hello");
    const auto left = registry_->on_heartbeat(only_id(), heartbeat({told[0].number}));
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].kind, CommandKind::message);
    start();
    EXPECT_EQ(card().commands.size(), 1U);
    EXPECT_TRUE(registry_->forget_command(left[0].number, kAdmin));
    EXPECT_EQ(code_of(registry_->forget_command(left[0].number, kAdmin)), FaultCode::not_found);
    EXPECT_EQ(code_of(registry_->command(only_id(), CommandKind::message, "", kAdmin)),
              FaultCode::schema_invalid);
    for (std::size_t i = 0; i < kCommandsPerDeviceMax; ++i) {
        ASSERT_TRUE(registry_->command(only_id(), CommandKind::message, "again", kAdmin));
    }
    EXPECT_EQ(code_of(registry_->command(only_id(), CommandKind::message, "one more", kAdmin)),
              FaultCode::too_many);
    ASSERT_TRUE(registry_->revoke_device(only_id(), kAdmin));
    EXPECT_TRUE(card().commands.empty());
    EXPECT_EQ(code_of(registry_->command(only_id(), CommandKind::wipe, "", kAdmin)),
              FaultCode::forbidden);
}

// Claimed: what is seen of a device is not written when it is seen, and is there after a restart
// once it was kept: when it tried, whether it was admitted, what its heartbeat said, how far it is.
TEST_F(AdministrationTest, SightsOutliveARestart) {
    const std::string key = enroll();
    const std::string session = login_to(key);
    const int before = store_.writes;
    ASSERT_TRUE(registry_->session_of(session, "10.0.0.7").has_value());
    static_cast<void>(registry_->on_heartbeat(only_id(), heartbeat()));
    registry_->saw_cursor(only_id(), "cursor");
    EXPECT_EQ(store_.writes, before);
    registry_->keep();
    EXPECT_EQ(store_.writes, before + 1);
    registry_->keep();
    EXPECT_EQ(store_.writes, before + 1) << "nothing is new";
    start();
    const DeviceSight sight = card().sight;
    EXPECT_EQ(sight.address, "10.0.0.7");
    EXPECT_EQ(sight.last_ok_ms, clock_.unix_ms());
    EXPECT_EQ(sight.skew_ms, 5000);
    EXPECT_EQ(sight.cursor, "cursor");
    ASSERT_TRUE(sight.heartbeat.has_value());
    EXPECT_EQ(sight.heartbeat->queue_length, 3);
    ASSERT_TRUE(registry_->revoke_device(only_id(), kAdmin));
    clock_.advance(std::chrono::seconds(5));
    EXPECT_EQ(code_of(registry_->device_of(key, "10.0.0.9")), FaultCode::device_revoked);
    EXPECT_EQ(card().sight.last_try_ms, clock_.unix_ms());
    EXPECT_EQ(card().sight.last_ok_ms, clock_.unix_ms() - 5000);
}

// Claimed: what the disk does not take is written the next time.
TEST_F(AdministrationTest, SightsWaitForTheDisk) {
    enroll();
    registry_->saw_cursor(only_id(), "cursor");
    store_.is_full = true;
    registry_->keep();
    EXPECT_TRUE(store_.sights.empty());
    store_.is_full = false;
    registry_->keep();
    EXPECT_EQ(store_.sights.size(), 1U);
}

// Claimed: a rescue is for a revoked device, of its key, for its time; a new enrolment ends it.
TEST_F(AdministrationTest, Rescue) {
    const std::string key = enroll();
    EXPECT_EQ(code_of(registry_->open_rescue(only_id(), 3600, kAdmin)), FaultCode::forbidden);
    ASSERT_TRUE(registry_->revoke_device(only_id(), kAdmin));
    EXPECT_FALSE(registry_->rescued_of(key).has_value());
    EXPECT_EQ(code_of(registry_->open_rescue(only_id(), 1, kAdmin)), FaultCode::schema_invalid);
    ASSERT_TRUE(registry_->open_rescue(only_id(), 3600, kAdmin));
    start();
    EXPECT_TRUE(registry_->rescued_of(key).has_value());
    EXPECT_FALSE(registry_->rescued_of("td-another").has_value());
    EXPECT_EQ(code_of(registry_->device_of(key)), FaultCode::device_revoked);
    clock_.advance(std::chrono::seconds(3600));
    EXPECT_FALSE(registry_->rescued_of(key).has_value());
    ASSERT_TRUE(registry_->open_rescue(only_id(), 3600, kAdmin));
    ASSERT_TRUE(registry_->open_rescue(only_id(), 0, kAdmin));
    EXPECT_FALSE(registry_->rescued_of(key).has_value());
    ASSERT_TRUE(registry_->open_rescue(only_id(), 3600, kAdmin));
    enroll();
    EXPECT_FALSE(registry_->rescued_of(key).has_value());
    EXPECT_EQ(registry_->devices().size(), 1U) << "the same card";
}

// Claimed: whoever waits while the device is revoked is told so at the end of the wait.
TEST_F(AdministrationTest, RevokedInAWait) {
    enroll();
    EXPECT_TRUE(registry_->check_device(only_id()));
    ASSERT_TRUE(registry_->revoke_device(only_id(), kAdmin));
    EXPECT_EQ(code_of(registry_->check_device(only_id())), FaultCode::device_revoked);
}

// Claimed: a store that is taken from the user, or from the device, ends the session in it.
TEST_F(AdministrationTest, StoreIsTakenAway) {
    const std::string key = enroll();
    exchange::Login there = login(key, "right password");
    there.store_id = "s1";
    const auto first = registry_->login(there, "a");
    ASSERT_TRUE(first.has_value());
    auto changed = accounts();
    changed[0].stores = {"s2"};
    registry_->set_accounts(changed);
    EXPECT_EQ(code_of(registry_->session_of(first->session.text)), FaultCode::session_expired);
    registry_->set_accounts(accounts());
    const auto second = registry_->login(there, "a");
    ASSERT_TRUE(second.has_value());
    ASSERT_TRUE(registry_->change_device(only_id(), {.store_id = "s2"}, kAdmin));
    EXPECT_EQ(code_of(registry_->session_of(second->session.text)), FaultCode::session_expired);
}

// Claimed: no seat, no login, and nothing half done; a seat is given back by logout, by the next
// login of the phone, by revoking, by the end of the session, and by a login that is not written.
TEST_F(AdministrationTest, SeatsOfSessions) {
    seats_.seats = 1;
    const std::string key = enroll();
    const std::string other = enroll("phone-2");
    const std::string session = login_to(key);
    EXPECT_EQ(seats_.last.user, "anna");
    EXPECT_EQ(store_.sessions.begin()->second.lease_id, "lease of " + seats_.last.device_id);
    EXPECT_EQ(code_of(registry_->login(login(other, "right password"), "a")),
              FaultCode::licence_denied);
    EXPECT_EQ(store_.sessions.size(), 1U);
    EXPECT_TRUE(registry_->device_of(other).has_value()) << "its documents are taken";
    ASSERT_TRUE(registry_->logout(digest_of_token(session)));
    EXPECT_TRUE(seats_.holders.empty());

    seats_.seats = 2;
    login_to(key);
    login_to(key);
    EXPECT_EQ(seats_.holders.size(), 1U);
    store_.is_full = true;
    EXPECT_EQ(code_of(registry_->login(login(other, "right password"), "a")), FaultCode::disk_full);
    EXPECT_EQ(seats_.holders.size(), 1U);
    store_.is_full = false;
    clock_.advance(std::chrono::seconds(kSessionIdleS));
    registry_->keep();
    EXPECT_TRUE(seats_.holders.empty());
    EXPECT_TRUE(store_.sessions.empty());

    login_to(key);
    ASSERT_TRUE(registry_->revoke_device(registry_->device_of(key)->id, kAdmin));
    EXPECT_TRUE(seats_.holders.empty());
}

// Claimed: a session that loses its seat is over; what was open before a restart asks for its seat
// again, and is used by being used.
TEST_F(AdministrationTest, SeatIsLost) {
    const std::string key = enroll();
    const std::string session = login_to(key);
    start();
    EXPECT_EQ(seats_.holders.count(digest_of_token(session)), 1U);
    ASSERT_TRUE(registry_->session_of(session).has_value());
    EXPECT_EQ(seats_.uses, 1);
    seats_.holders.clear();
    const auto refused = registry_->session_of(session);
    EXPECT_EQ(code_of(refused), FaultCode::session_expired);
    EXPECT_NE(refused.error().message.find("licence"), std::string::npos);
}

// Claimed: before the users were read nobody's session is ended for the lack of them.
TEST_F(AdministrationTest, UsersAreNotKnownYet) {
    login_to(enroll());
    RegistryImage image = store_.image();
    Registry registry(RegistryParts{.store = store_,
                                    .clock = clock_,
                                    .passwords = *passwords_,
                                    .server_name = "Shop",
                                    .server_id = "i",
                                    .pin = "aa",
                                    .permissions = {},
                                    .policy = {},
                                    .seats = seats_},
                      std::move(image));
    registry.keep();
    EXPECT_EQ(store_.sessions.size(), 1U);
}

// Claimed: every act is told to the audit with who and what, and no token or key with it.
TEST_F(AdministrationTest, Acts) {
    const std::string key = enroll();
    ASSERT_TRUE(registry_->change_device(only_id(), {.name = "Till 3"}, kAdmin));
    ASSERT_TRUE(registry_->revoke_device(only_id(), kAdmin));
    ASSERT_TRUE(registry_->open_rescue(only_id(), 3600, kAdmin));
    std::vector<std::string> actions;
    for (const store::Act& act : store_.acts) {
        actions.push_back(act.action);
        EXPECT_EQ((act.before + act.after).find(key), std::string::npos);
    }
    EXPECT_EQ(actions, (std::vector<std::string>{"device.invite", "device.enrol", "device.change",
                                                 "device.revoke", "device.rescue"}));
    EXPECT_EQ(store_.acts.back().actor, "admin");
    EXPECT_EQ(store_.acts.back().address, "10.0.0.1");
}

}  // namespace
}  // namespace tillhost::sumpd::apps
