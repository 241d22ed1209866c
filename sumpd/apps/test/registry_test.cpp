// Claim: devices, invitations, logins and sessions of apps hold what is said of them, over lost
// answers, restarts and a full disk. Shown: on a store that remembers or refuses, by a clock set.
#include "sumpd/apps/registry.h"

#include <filesystem>

#include "sumpd/apps/enrolment.h"
#include "sumpd/apps/invitations.h"
#include "sumpd/apps/test/registry_fixture.h"
#include "sumpd/apps/tokens.h"
#include "sumpd/people/permissions.h"

namespace tillhost::sumpd::apps {
namespace {

// Claimed: an invitation is good for one app; that app may ask again, since the answer may have
// been lost, and is the same device then; the key of the lost answer is good no more.
TEST_F(RegistryTest, InvitationIsForOneApp) {
    const std::string token = invited();
    const auto first = registry_->enroll(request(token));
    ASSERT_TRUE(first.has_value());
    const auto again = registry_->enroll(request(token));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->device_id, first->device_id);
    EXPECT_NE(again->device_key, first->device_key);
    EXPECT_EQ(code_of(registry_->device_of(first->device_key.text)), FaultCode::unauthorized);
    EXPECT_TRUE(registry_->device_of(again->device_key.text).has_value());
    EXPECT_EQ(code_of(registry_->enroll(request(token, "phone-2"))), FaultCode::unauthorized);
}

// Claimed: who enrols again is told behind which number it goes on, whether it was wiped or has
// lost the answer; who is new is told none.
TEST_F(RegistryTest, EnrolledAgainItGoesOnBehindItsLastNumber) {
    const auto first = registry_->enroll(request(invited()));
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->last_seq, std::nullopt);
    store_.last_seqs[first->device_id.text] = 7;
    const std::string token = invited();
    EXPECT_EQ(registry_->enroll(request(token))->last_seq, 7);
    EXPECT_EQ(registry_->enroll(request(token))->last_seq, 7);
    EXPECT_EQ(registry_->enroll(request(invited(), "phone-2"))->last_seq, std::nullopt);
}

// Claimed: an invitation that was left in the folder is good once, its file is gone then, and one
// that a kill has left behind does not make a used token good for another app.
TEST_F(RegistryTest, InvitationThatWasLeft) {
    const std::string folder = testing::TempDir() + "/invitations";
    std::filesystem::remove_all(folder);
    std::filesystem::create_directory(folder);
    Invitations invitations(folder, *registry_);
    const std::string token =
        leave_invitation(folder, {.name = "Касса 3", .store_id = "s1"}, clock_.unix_ms() / 1000)
            ->token;
    const std::string file = (*std::filesystem::directory_iterator(folder)).path().string();
    EXPECT_EQ(file.find(token), std::string::npos) << "the token itself is not kept";
    std::filesystem::copy_file(file, folder + "/kept");
    ASSERT_TRUE(invitations.take(token).has_value());
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_TRUE(registry_->enroll(request(token)).has_value());
    EXPECT_EQ(registry_->devices().front().row.name, "Касса 3");
    EXPECT_EQ(registry_->devices().front().row.store_id, "s1");
    std::filesystem::rename(folder + "/kept", file);
    ASSERT_TRUE(invitations.take(token).has_value());
    EXPECT_EQ(code_of(registry_->enroll(request(token, "phone-2"))), FaultCode::unauthorized);
    EXPECT_TRUE(invitations.take("../../etc/passwd").has_value());
}

// Claimed: an invitation is over after its time, and a made up one never was.
TEST_F(RegistryTest, InvitationIsOver) {
    const std::string token = invited();
    clock_.advance(std::chrono::seconds(kInvitationLifeS));
    EXPECT_EQ(code_of(registry_->enroll(request(token))), FaultCode::unauthorized);
    EXPECT_EQ(code_of(registry_->enroll(request(make_token(TokenKind::enrolment)))),
              FaultCode::unauthorized);
}

// Claimed: what the disk did not take does not hold: neither the device nor the use of the code.
TEST_F(RegistryTest, NothingHoldsThatIsNotWritten) {
    const std::string token = invited();
    store_.is_full = true;
    EXPECT_EQ(code_of(registry_->enroll(request(token))), FaultCode::disk_full);
    EXPECT_TRUE(registry_->devices().empty());
    store_.is_full = false;
    EXPECT_TRUE(registry_->enroll(request(token, "phone-2")).has_value());
}

// Claimed: a login by password or PIN gives a session with the role's permissions; the session
// outlives a restart, and a second login on the same phone ends the first.
TEST_F(RegistryTest, LoginAndSession) {
    const std::string key = enroll();
    const auto answer = registry_->login(login(key, "right password"), "10.0.0.2");
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->user_id, "u1");
    EXPECT_EQ(answer->permissions.size(), people::leaves().size());
    ASSERT_TRUE(answer->offline_verifier.has_value());
    EXPECT_TRUE(os::password_matches(answer->offline_verifier->text, "right password"));
    start();
    EXPECT_TRUE(registry_->session_of(answer->session.text).has_value());
    exchange::Login pin = login(key, "");
    pin.password.reset();
    pin.pin = exchange::Secret{"1234"};
    const auto second = registry_->login(pin, "10.0.0.2");
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(code_of(registry_->session_of(answer->session.text)), FaultCode::session_expired);
    EXPECT_TRUE(registry_->logout(digest_of_token(second->session.text)).has_value());
    EXPECT_EQ(code_of(registry_->session_of(second->session.text)), FaultCode::session_expired);
}

// Claimed: guessing is stopped after five tries, also for the right password, until the window is
// over; a wrong name is answered like a wrong password.
TEST_F(RegistryTest, GuessingIsStopped) {
    const std::string key = enroll();
    for (std::size_t i = 0; i < http::LoginGuard::kFailuresMax; ++i) {
        EXPECT_EQ(code_of(registry_->login(login(key, "wrong"), "a")), FaultCode::unauthorized);
    }
    const auto refused = registry_->login(login(key, "right password"), "a");
    EXPECT_EQ(code_of(refused), FaultCode::too_many);
    EXPECT_GT(refused.error().retry_after_ms.value_or(0), 0);
    clock_.advance(http::LoginGuard::kWindow);
    EXPECT_TRUE(registry_->login(login(key, "right password"), "a").has_value());
    exchange::Login nobody = login(key, "right password");
    nobody.login = "nobody";
    EXPECT_EQ(registry_->login(nobody, "a").error(),
              registry_->login(login(key, "x"), "a").error());
}

// Claimed: a store that is not the user's is refused by name of the field, and so are both or
// neither of password and PIN.
TEST_F(RegistryTest, LoginThatCannotBe) {
    const std::string key = enroll();
    exchange::Login other = login(key, "right password");
    other.store_id = "s2";
    const auto refused = registry_->login(other, "a");
    EXPECT_EQ(code_of(refused), FaultCode::role_denied);
    EXPECT_EQ(refused.error().field, "storeId");
    other.pin = exchange::Secret{"1234"};
    EXPECT_EQ(code_of(registry_->login(other, "a")), FaultCode::schema_invalid);
}

// Claimed: a session ends by idleness and by age, and use does not move the second limit.
TEST_F(RegistryTest, SessionEnds) {
    const auto answer = registry_->login(login(enroll(), "right password"), "a");
    ASSERT_TRUE(answer.has_value());
    for (std::int64_t s = 0; s + kSessionIdleS / 2 < kSessionLifeS; s += kSessionIdleS / 2) {
        EXPECT_TRUE(registry_->session_of(answer->session.text).has_value()) << s;
        clock_.advance(std::chrono::seconds(kSessionIdleS / 2));
    }
    clock_.advance(std::chrono::seconds(kSessionIdleS / 2));
    EXPECT_EQ(code_of(registry_->session_of(answer->session.text)), FaultCode::session_expired);
    const auto idle = registry_->login(login(enroll("phone-2"), "right password"), "a");
    clock_.advance(std::chrono::seconds(kSessionIdleS));
    EXPECT_EQ(code_of(registry_->session_of(idle->session.text)), FaultCode::session_expired);
}

// Claimed: a session is found at once until its use has to be written, which is the other lookup's;
// that of a revoked device is not found at all.
TEST_F(RegistryTest, SessionAtOnce) {
    const auto answer = registry_->login(login(enroll(), "right password"), "a");
    ASSERT_TRUE(answer.has_value());
    const std::string token = answer->session.text;
    const std::size_t writes = store_.writes;
    EXPECT_EQ(registry_->session_at_once(token, "a")->user_id, answer->user_id);
    clock_.advance(std::chrono::seconds(kSeenWrittenEveryS));
    EXPECT_FALSE(registry_->session_at_once(token, "a"));
    EXPECT_EQ(store_.writes, writes);
    EXPECT_TRUE(registry_->session_of(token).has_value());
    EXPECT_TRUE(registry_->session_at_once(token, "a"));
    EXPECT_FALSE(registry_->session_at_once("no token", "a"));
    const std::string id = registry_->devices().front().row.id;
    EXPECT_TRUE(registry_->revoke_device(id, kAdmin).has_value());
    EXPECT_FALSE(registry_->session_at_once(token, "a"));
}

// Claimed: a revoked device is refused at once, with its sessions, also after a restart; enrolled
// again it is the same card.
TEST_F(RegistryTest, RevokedDevice) {
    const std::string key = enroll();
    const auto answer = registry_->login(login(key, "right password"), "a");
    ASSERT_TRUE(answer.has_value());
    const std::string id = registry_->devices().front().row.id;
    EXPECT_EQ(code_of(registry_->revoke_device("nobody", kAdmin)), FaultCode::not_found);
    EXPECT_TRUE(registry_->revoke_device(id, kAdmin).has_value());
    start();
    EXPECT_EQ(code_of(registry_->device_of(key)), FaultCode::device_revoked);
    EXPECT_EQ(code_of(registry_->session_of(answer->session.text)), FaultCode::session_expired);
    EXPECT_TRUE(registry_->device_of(enroll()).has_value());
    ASSERT_EQ(registry_->devices().size(), 1U);
    EXPECT_EQ(registry_->devices().front().row.id, id);
}

// Claimed: after a roll both keys are good until the new one is used (its answer may have been
// lost, and the roll is asked again), or an hour is over.
TEST_F(RegistryTest, RolledKey) {
    const std::string first = enroll();
    const auto lost = registry_->roll({.device_key = {first}});
    const auto second = registry_->roll({.device_key = {first}});
    ASSERT_TRUE(lost && second);
    EXPECT_EQ(code_of(registry_->device_of(lost->device_key.text)), FaultCode::unauthorized);
    EXPECT_TRUE(registry_->device_of(first).has_value());
    EXPECT_TRUE(registry_->device_of(second->device_key.text).has_value());
    EXPECT_EQ(code_of(registry_->device_of(first)), FaultCode::unauthorized);
    const auto third = registry_->roll({.device_key = second->device_key});
    clock_.advance(std::chrono::seconds(kFormerKeyLifeS));
    EXPECT_EQ(code_of(registry_->device_of(second->device_key.text)), FaultCode::unauthorized);
    EXPECT_TRUE(registry_->device_of(third->device_key.text).has_value());
}

// Claimed: whoever the accounting system disables or takes away has no session any more.
TEST_F(RegistryTest, DisabledAccount) {
    const auto answer = registry_->login(login(enroll(), "right password"), "a");
    ASSERT_TRUE(answer.has_value());
    auto changed = accounts();
    changed[0].enabled = false;
    registry_->set_accounts(changed);
    EXPECT_EQ(code_of(registry_->session_of(answer->session.text)), FaultCode::session_expired);
    registry_->set_accounts({});
    EXPECT_EQ(code_of(registry_->session_of(answer->session.text)), FaultCode::session_expired);
}

// Claimed: a token tells what it is for, has its length and its letters, and no two are alike.
TEST(TokenTest, Form) {
    const std::string token = make_token(TokenKind::device);
    EXPECT_EQ(token_kind(token), TokenKind::device);
    EXPECT_EQ(token_kind(make_token(TokenKind::session)), TokenKind::session);
    EXPECT_EQ(token_kind("a password"), std::nullopt);
    EXPECT_EQ(token.size(), 3U + 52U);
    EXPECT_EQ(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567", 3), std::string::npos);
    EXPECT_NE(token, make_token(TokenKind::device));
}

// Claimed: an invitation's text is percent-encoded, and its code is a square that the terminal
// shows with a quiet zone; more than a code holds is refused.
TEST(EnrolmentTest, QrCode) {
    const std::string text = text_of({.url = "https://shop:8443",
                                      .token = "te-x",
                                      .pin = "ab",
                                      .server = "Наш магазин",
                                      .expires_s = 7});
    EXPECT_TRUE(
        text.starts_with("sump://enroll?v=1&u=https%3A%2F%2Fshop%3A8443&t=te-x&p=ab&n=%D0"));
    const auto code = make_qr_code(text);
    ASSERT_TRUE(code.has_value());
    EXPECT_EQ(code->is_dark.size(), code->width * code->width);
    EXPECT_TRUE(code->is_dark.front());  // the corner of a finder pattern
    EXPECT_NE(qr_as_svg(*code).find("<path d=\"M16 16h4v4h-4z"), std::string::npos);
    EXPECT_EQ(qr_for_terminal(*code).find("\033[30;107m "), 0U);
    EXPECT_FALSE(make_qr_code(std::string(2332, 'a')).has_value());
}

}  // namespace
}  // namespace tillhost::sumpd::apps
