// Claim: an order that is given beside the server is carried out and answered, refusals too; where
// no server runs nothing is left behind. Shown: with both ends in one folder.
#include "sumpd/apps/orders.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/files.h"

namespace tillhost::sumpd::apps {
namespace {

using exchange::FaultCode;
using Words = std::vector<std::string>;

/// Whoever waits on it lets the server look.
class LookingClock final : public os::Clock {
public:
    explicit LookingClock(Orders* orders) : orders_(orders) {}
    os::Instant now() const override { return now_; }
    std::int64_t unix_ms() const override { return 0; }
    void sleep_until(os::Instant when) override {
        now_ = when;
        if (orders_ != nullptr) {
            orders_->look();
        }
    }

private:
    Orders* orders_;
    os::Instant now_{};
};

class OrdersTest : public testing::Test {
protected:
    OrdersTest() {
        std::string name = testing::TempDir() + "orders.XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    ~OrdersTest() override { std::filesystem::remove_all(folder_); }
    bool is_empty() const { return std::filesystem::is_empty(folder_); }

    std::string folder_;
};

TEST_F(OrdersTest, IsCarriedOutAndAnswered) {
    Words seen;
    Orders orders(folder_, [&](const Words& words) -> exchange::Outcome<std::string> {
        seen = words;
        return "line one\nline two\n";
    });
    LookingClock clock(&orders);
    const auto answer = give_order(folder_, {"rename", "d1", "Касса 3"}, clock);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*answer, "line one\nline two\n");
    EXPECT_EQ(seen, (Words{"rename", "d1", "Касса 3"}));
    EXPECT_TRUE(is_empty());
}

TEST_F(OrdersTest, IsRefusedInTheServersWords) {
    Orders orders(folder_, [](const Words&) -> exchange::Outcome<std::string> {
        return exchange::refuse(FaultCode::not_found, "there is no such device");
    });
    LookingClock clock(&orders);
    const auto answer = give_order(folder_, {"revoke", "d1"}, clock);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, base::ErrorCode::wrong_state);
    EXPECT_EQ(answer.error().detail, "there is no such device");
}

TEST_F(OrdersTest, NobodyIsThere) {
    LookingClock clock(nullptr);
    const auto answer = give_order(folder_, {"apps"}, clock);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, base::ErrorCode::no_daemon);
    EXPECT_TRUE(is_empty()) << "it must not be carried out when nobody expects it any more";
}

TEST_F(OrdersTest, AKillDoesNotDoubleIt) {
    struct Killed {};
    int times = 0;
    Orders first(folder_, [&](const Words&) -> exchange::Outcome<std::string> {
        ++times;
        throw Killed{};
    });
    ASSERT_TRUE(os::write_atomically(folder_ + "/x.order", base::bytes_of("tell\n"), 0600));
    EXPECT_THROW(first.look(), Killed);
    Orders second(folder_, [&](const Words&) -> exchange::Outcome<std::string> {
        ++times;
        return std::string();
    });
    second.look();
    EXPECT_EQ(times, 1);
    EXPECT_TRUE(is_empty());
}

TEST_F(OrdersTest, WordsThatCannotBe) {
    LookingClock clock(nullptr);
    EXPECT_EQ(give_order(folder_, {"rename", "a\nb"}, clock).error().code,
              base::ErrorCode::bad_field);
    EXPECT_EQ(give_order(folder_, {"rename", std::string(kOrderBytesMax, 'a')}, clock).error().code,
              base::ErrorCode::bad_field);
    EXPECT_TRUE(is_empty());
}

}  // namespace
}  // namespace tillhost::sumpd::apps
