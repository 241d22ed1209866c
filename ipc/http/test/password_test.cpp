// Claim: a password matches its user only, and who guesses is held up by account and by address.
// Shown at the least cost of argon2id, on a clock that the test moves.
#include "ipc/http/password.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/thread.h"

namespace tillhost::http {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr os::Argon2Cost kLeast{1, 8192};

TEST(Passwords, MatchTheirUserOnly) {
    const auto passwords = Passwords::create(kLeast).value();
    const std::string kept = passwords->hash("right").value();
    EXPECT_TRUE(passwords->matches(kept, "right"));
    EXPECT_FALSE(passwords->matches(kept, "wrong"));
    EXPECT_FALSE(passwords->matches(std::nullopt, "right"));
    EXPECT_FALSE(passwords->matches(std::nullopt, ""));
    EXPECT_FALSE(passwords->hash("").has_value());
}

TEST(Passwords, AreCheckedByManyThreads) {
    const auto passwords = Passwords::create(kLeast).value();
    const std::string kept = passwords->hash("right").value();
    std::atomic<int> right = 0;
    {
        std::vector<std::unique_ptr<os::Thread>> threads;
        for (int i = 0; i < 6; ++i) {
            threads.push_back(std::make_unique<os::Thread>(
                "guess", [&] { right += passwords->matches(kept, "right") ? 1 : 0; }));
        }
    }
    EXPECT_EQ(right, 6);
}

class LoginGuardTest : public testing::Test {
protected:
    void fail(std::string_view account, std::string_view address, std::size_t times) {
        for (std::size_t i = 0; i < times; ++i) {
            EXPECT_EQ(guard_.attempt(account, address), std::nullopt);
        }
    }
    os::FakeClock clock_;
    LoginGuard guard_{clock_};
};

TEST_F(LoginGuardTest, RefusesAnAccountFromAnywhere) {
    for (std::size_t i = 0; i < LoginGuard::kFailuresMax; ++i) {
        fail("ann", fmt::format("10.0.0.{}", i), 1);
        clock_.advance(minutes(1));
    }
    EXPECT_EQ(guard_.attempt("ann", "10.0.0.99"), minutes(10));
    EXPECT_EQ(guard_.attempt("bob", "10.0.0.99"), std::nullopt);
    clock_.advance(minutes(10) - seconds(1));
    EXPECT_EQ(guard_.attempt("ann", "10.0.0.98"), seconds(1));
    clock_.advance(seconds(1));
    fail("ann", "10.0.0.98", 1);  // the oldest is forgotten, the others are not
    EXPECT_EQ(guard_.attempt("ann", "10.0.0.98"), minutes(1));
}

TEST_F(LoginGuardTest, RefusesAnAddressForAnyAccount) {
    for (std::size_t i = 0; i < LoginGuard::kFailuresMax; ++i) {
        fail(fmt::format("user{}", i), "10.0.0.1", 1);
    }
    EXPECT_EQ(guard_.attempt("ann", "10.0.0.1"), minutes(15));
    EXPECT_EQ(guard_.attempt("ann", "10.0.0.2"), std::nullopt);
    const auto locks = guard_.locks();
    ASSERT_EQ(locks.size(), 1U);
    EXPECT_FALSE(locks.front().is_account);
    EXPECT_EQ(locks.front().left, minutes(15));
    clock_.advance(minutes(15));
    EXPECT_TRUE(guard_.locks().empty());
}

TEST_F(LoginGuardTest, ForgetsTheFailuresOfAnAccountThatIsLetIn) {
    fail("ann", "10.0.0.1", LoginGuard::kFailuresMax);
    guard_.succeeded("ann", "10.0.0.1");  // the last one was right
    fail("ann", "10.0.0.1", 1);           // the address keeps four
    EXPECT_NE(guard_.attempt("ann", "10.0.0.1"), std::nullopt);
    fail("ann", "10.0.0.2", LoginGuard::kFailuresMax - 1);
}

TEST_F(LoginGuardTest, IsNotHeldUpByManyNames) {
    fail("ann", "10.0.0.1", LoginGuard::kFailuresMax);
    clock_.advance(seconds(1));
    for (std::size_t i = 0; i < LoginGuard::kRemembered / 2; ++i) {
        fail(fmt::format("user{}", i), fmt::format("addr{}", i), 1);
    }
    // Two of too many were forgotten, and those were the oldest.
    EXPECT_EQ(guard_.attempt("ann", "10.0.0.1"), std::nullopt);
}

}  // namespace
}  // namespace tillhost::http
