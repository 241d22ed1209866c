// Claim: a session lasts as long as it may and no longer, is known by its token alone, and there
// are never more than its bound. Shown on a clock that the test moves.
#include "ipc/http/session.h"

#include <gtest/gtest.h>

#include "hal/os/fake/fake_clock.h"
#include "ipc/http/test/visitor.h"

namespace tillhost::http {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class SessionsTest : public testing::Test {
protected:
    std::string log_in(std::string_view user, std::string_view cookie = {}) {
        return kept_cookie(sessions_.open(request_of(Method::post, "/login", cookie), user,
                                          Role::user, Language::pl));
    }
    std::optional<Session> found(std::string_view cookie) {
        return sessions_.find(request_of(Method::get, "/", cookie));
    }
    os::FakeClock clock_;
    Sessions sessions_{clock_, {.cookie = "licd", .sessions_max = 3}};
};

TEST_F(SessionsTest, TheCookieIsForThisHostAndNoScript) {
    const std::string set = sessions_.open(request_of(Method::post, "/login"), "ann",
                                           Role::administrator, Language::en);
    EXPECT_TRUE(set.starts_with("__Host-licd="));
    EXPECT_TRUE(set.ends_with("; Path=/; Max-Age=43200; Secure; HttpOnly; SameSite=Strict")) << set;
    EXPECT_EQ(kept_cookie(set).size(), std::string_view("__Host-licd=").size() + 64);
}

TEST_F(SessionsTest, IsFoundByItsTokenOnly) {
    const std::string cookie = log_in("ann");
    const auto session = found("other=1; " + cookie);
    ASSERT_TRUE(session.has_value());
    EXPECT_EQ(session->user, "ann");
    EXPECT_EQ(session->language, Language::pl);
    EXPECT_FALSE(found("").has_value());
    EXPECT_FALSE(found("__Host-licd=").has_value());
    EXPECT_FALSE(found("licd" + cookie.substr(cookie.find('='))).has_value());
    EXPECT_FALSE(found("__Host-licd=" + std::string(64, '0')).has_value());
    EXPECT_FALSE(found(cookie.substr(0, cookie.size() - 1)).has_value());
}

TEST_F(SessionsTest, EndsWhenItIsIdle) {
    const std::string cookie = log_in("ann");
    clock_.advance(minutes(30) - seconds(1));
    EXPECT_TRUE(found(cookie).has_value());  // which counts as use
    clock_.advance(minutes(30) - seconds(1));
    EXPECT_TRUE(found(cookie).has_value());
    clock_.advance(minutes(30));
    EXPECT_FALSE(found(cookie).has_value());
    EXPECT_EQ(sessions_.count(), 0U);
}

TEST_F(SessionsTest, EndsInTheEndHoweverBusy) {
    const std::string cookie = log_in("ann");
    for (os::Duration gone{}; gone < hours(12) - minutes(20); gone += minutes(20)) {
        clock_.advance(minutes(20));
        EXPECT_TRUE(found(cookie).has_value());
    }
    clock_.advance(minutes(20));
    EXPECT_FALSE(found(cookie).has_value());
}

TEST_F(SessionsTest, ChangesItsTokenAtLogin) {
    const std::string before = log_in("ann");
    const std::string csrf = found(before)->csrf;
    const std::string after = log_in("ann", before);
    EXPECT_NE(before, after);
    EXPECT_FALSE(found(before).has_value());
    EXPECT_NE(found(after)->csrf, csrf);
    EXPECT_EQ(sessions_.count(), 1U);
}

TEST_F(SessionsTest, HasACsrfTokenOfItsOwn) {
    const std::string one = log_in("ann");
    const std::string two = log_in("ann");
    EXPECT_EQ(found(one)->csrf, found(one)->csrf);
    EXPECT_NE(found(one)->csrf, found(two)->csrf);
    EXPECT_EQ(found(one)->csrf.size(), 64U);
    EXPECT_EQ(one.find(found(one)->csrf), std::string::npos);
}

TEST_F(SessionsTest, EndsOneOrAllOfAUser) {
    const std::string first = log_in("ann");
    const std::string second = log_in("ann");
    const std::string other = log_in("bob");
    EXPECT_EQ(sessions_.end(request_of(Method::post, "/logout", first)),
              "__Host-licd=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    EXPECT_FALSE(found(first).has_value());
    EXPECT_TRUE(found(second).has_value());
    sessions_.end_all_of("ann");
    EXPECT_FALSE(found(second).has_value());
    EXPECT_TRUE(found(other).has_value());
}

TEST_F(SessionsTest, TheOneLongestIdleMakesRoom) {
    const std::string first = log_in("a");
    clock_.advance(seconds(1));
    const std::string second = log_in("b");
    clock_.advance(seconds(1));
    const std::string third = log_in("c");
    EXPECT_TRUE(found(first).has_value());
    const std::string fourth = log_in("d");
    EXPECT_EQ(sessions_.count(), 3U);
    EXPECT_TRUE(found(first).has_value());
    EXPECT_FALSE(found(second).has_value());
    EXPECT_TRUE(found(third).has_value());
    EXPECT_TRUE(found(fourth).has_value());
}

TEST_F(SessionsTest, RemembersTheLanguage) {
    const std::string cookie = log_in("ann");
    sessions_.set_language(request_of(Method::post, "/language", cookie), Language::ru);
    EXPECT_EQ(found(cookie)->language, Language::ru);
}

}  // namespace
}  // namespace tillhost::http
