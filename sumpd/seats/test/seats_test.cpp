// Claim: a session has a seat of licd or is refused in words, keeps it by beats, over a restart of
// either side and for the grace that licd promised, and gives it back. Shown: against a played licd
// on a real socket, on a clock that the test moves on.
#include "sumpd/seats/seats.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

#include "hal/os/fake/kept_log.h"
#include "licd/client/test/fake_licd.h"
#include "licd/client/test/stepped_clock.h"
#include "sumpd/seats/refusals.h"

namespace tillhost::sumpd::seats {
namespace {

using apps::SeatWish;
using exchange::FaultCode;
using licd::client::test::FakeLicd;

constexpr int kTriesMax = 20'000;  // of a millisecond

class SeatsTest : public testing::Test {
protected:
    SeatsTest() {
        std::string name = testing::TempDir() + "seats.XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        licd_.emplace(folder_ + "/licd.sock");
        start();
    }
    ~SeatsTest() override {
        seats_.reset();
        licd_.reset();
        std::filesystem::remove_all(folder_);
    }

    SeatsOptions options() const {
        return {.address = "*LOCAL",
                .product = "till",
                .licence = "till.base",
                .vendor_root = os::certificate_to_pem(vendor_.root),
                .contact = "Firma Kasa, tel. 123",
                .server_name = "shop",
                .pins = folder_ + "/pins.toml",
                .local_endpoint = "ipc://" + folder_ + "/licd.sock"};
    }
    void start() {
        seats_.reset();
        auto started = Seats::start(options(), clock_, logger_);
        ASSERT_TRUE(started.has_value()) << base::to_text(started.error());
        seats_ = std::move(*started);
    }
    static SeatWish wish(const std::string& device, const std::string& session = "") {
        return {.session = session.empty() ? "session of " + device : session,
                .device_id = device,
                .device_name = "Phone",
                .user = "anna"};
    }
    FaultCode take(const SeatWish& wish) {
        const auto taken = seats_->take(wish);
        words_ = taken ? "" : taken.error().message;
        return taken ? FaultCode::unspecified : taken.error().code;
    }
    /// Looks until it is so; the thread works in real time.
    bool becomes(const std::function<bool()>& condition) {
        for (int i = 0; i < kTriesMax; ++i) {
            if (condition()) {
                return true;
            }
            seats_->resume({});  // wakes the thread
            ::poll(nullptr, 0, 1);
        }
        return false;
    }
    SeatStanding standing() { return seats_->state().seats.at(0).standing; }

    std::string folder_;
    licd::keys::test::Vendor vendor_;
    licd::client::test::SteppedClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::optional<FakeLicd> licd_;
    std::unique_ptr<Seats> seats_;
    std::string words_;
};

TEST_F(SeatsTest, WhereNoneIsNeededNobodyIsAsked) {
    seats_ = *Seats::start({}, clock_, logger_);
    EXPECT_EQ(take(wish("device-01")), FaultCode::unspecified);
    EXPECT_TRUE(seats_->holds("anything"));
    EXPECT_FALSE(seats_->state().needed);
    EXPECT_EQ(licd_->seen().hellos, 0);
}

TEST_F(SeatsTest, OneDeviceOneSeatAndTheNextIsToldWhomToAsk) {
    ASSERT_EQ(take(wish("device-01")), FaultCode::unspecified) << words_;
    ASSERT_EQ(take(wish("device-01", "second session")), FaultCode::unspecified);
    EXPECT_EQ(licd_->lent(), 1U);
    EXPECT_EQ(take(wish("device-02")), FaultCode::licence_denied);
    EXPECT_NE(words_.find("Firma Kasa, tel. 123"), std::string::npos) << words_;
    EXPECT_FALSE(seats_->holds("session of device-02"));
    seats_->give_back("session of device-01");
    EXPECT_TRUE(seats_->holds("second session"));
    EXPECT_EQ(licd_->lent(), 1U);
    seats_->give_back("second session");
    ASSERT_TRUE(becomes([&] { return licd_->lent() == 0; }));
    EXPECT_EQ(take(wish("device-02")), FaultCode::unspecified) << words_;
    EXPECT_EQ(licd_->seen().hello.user, "anna");
    EXPECT_EQ(licd_->seen().hello.computer, "device-02");
}

TEST_F(SeatsTest, IsKeptByBeats) {
    ASSERT_EQ(take(wish("device-01")), FaultCode::unspecified);
    for (int minute = 0; minute < 12; ++minute) {
        const int before = licd_->seen().beats;
        ASSERT_TRUE(becomes([&] {
            clock_.advance(std::chrono::milliseconds(200));
            return licd_->seen().beats > before;
        })) << minute;
    }
    EXPECT_TRUE(seats_->holds("session of device-01"));
    EXPECT_EQ(standing(), SeatStanding::held);
}

TEST_F(SeatsTest, WhatLicdTakesAwayEndsTheSession) {
    ASSERT_EQ(take(wish("device-01")), FaultCode::unspecified);
    licd_->with([](auto& ways) { ways.ends = contract::LicenceEnd::revoked; });
    clock_.advance(std::chrono::seconds(61));
    EXPECT_TRUE(becomes([&] { return !seats_->holds("session of device-01"); }));
    licd_->with([](auto& ways) { ways.ends.reset(); });
    EXPECT_TRUE(becomes([&] { return take(wish("device-01", "anew")) == FaultCode::unspecified; }));
}

TEST_F(SeatsTest, AwayAtLoginIsTooManyAndPasses) {
    licd_->stop();
    const auto refused = seats_->take(wish("device-01"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, FaultCode::too_many);
    EXPECT_EQ(refused.error().retry_after_ms, kRetryMs);
    licd_->start();
    EXPECT_EQ(take(wish("device-01")), FaultCode::too_many) << "nobody is asked for some seconds";
    EXPECT_EQ(licd_->seen().hellos, 0);
    clock_.advance(kAwayTime);
    EXPECT_EQ(take(wish("device-01")), FaultCode::unspecified) << words_;
}

TEST_F(SeatsTest, AwayLaterIsGraceThenTheEnd) {
    ASSERT_EQ(take(wish("device-01")), FaultCode::unspecified);
    licd_->stop();
    clock_.advance(std::chrono::seconds(700));
    EXPECT_TRUE(seats_->holds("session of device-01"));
    EXPECT_EQ(standing(), SeatStanding::grace);
    clock_.advance(std::chrono::seconds(900));
    EXPECT_FALSE(seats_->holds("session of device-01"));
}

TEST_F(SeatsTest, LicdComesBackInTheGrace) {
    ASSERT_EQ(take(wish("device-01")), FaultCode::unspecified);
    licd_->stop();
    clock_.advance(std::chrono::seconds(700));
    licd_->start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(std::chrono::milliseconds(50));
        return standing() == SeatStanding::held;
    }));
}

TEST_F(SeatsTest, ARestartAsksAgainAndGoesOnMeanwhile) {
    licd_->stop();
    seats_->resume({wish("device-01"), wish("device-02")});
    EXPECT_TRUE(seats_->holds("session of device-01"));
    EXPECT_EQ(standing(), SeatStanding::resuming);
    licd_->with([](auto& ways) { ways.seats = 2; });
    licd_->start();
    EXPECT_TRUE(becomes([&] {
        clock_.advance(std::chrono::milliseconds(50));
        return licd_->lent() == 2;
    }));
    EXPECT_TRUE(seats_->holds("session of device-02"));
    clock_.advance(kResumeTime);
    EXPECT_TRUE(seats_->holds("session of device-01")) << "it has its seat";
}

TEST_F(SeatsTest, ARestartWithoutLicdEndsByTime) {
    licd_->stop();
    seats_->resume({wish("device-01")});
    clock_.advance(kResumeTime);
    EXPECT_FALSE(seats_->holds("session of device-01"));
}

TEST_F(SeatsTest, ARestartWithoutAFreeSeatEndsTheSession) {
    licd_->occupy();
    seats_->resume({wish("device-01")});
    EXPECT_TRUE(becomes([&] { return !seats_->holds("session of device-01"); }));
}

TEST_F(SeatsTest, TheEndGivesBack) {
    ASSERT_EQ(take(wish("device-01")), FaultCode::unspecified);
    seats_.reset();
    EXPECT_EQ(licd_->lent(), 0U);
}

TEST_F(SeatsTest, AnAnswerThatIsLostCostsNoSeat) {
    licd_->with([](auto& ways) { ways.loses_answer = true; });
    clock_.before_sleeps([this] { licd_->wait_until_it_listens(); });
    EXPECT_EQ(take(wish("device-01")), FaultCode::unspecified) << words_;
    EXPECT_EQ(licd_->lent(), 1U);
}

TEST_F(SeatsTest, TheAccessCodeIsProved) {
    licd_->with([](auto& ways) { ways.access_code = "open sesame"; });
    EXPECT_EQ(take(wish("device-01")), FaultCode::licence_denied);
    SeatsOptions with_code = options();
    with_code.access_code = "open sesame";
    seats_ = *Seats::start(with_code, clock_, logger_);
    EXPECT_EQ(take(wish("device-01")), FaultCode::unspecified) << words_;
}

TEST_F(SeatsTest, ATestTakesAndGivesBack) {
    const auto key = seats_->test();
    ASSERT_TRUE(key.has_value());
    EXPECT_FALSE(key->empty());
    EXPECT_TRUE(becomes([&] { return licd_->lent() == 0; }));
    licd_->occupy();
    EXPECT_EQ(seats_->test().error().code, FaultCode::licence_denied);
}

TEST_F(SeatsTest, WrongOptionsAreToldAtTheStart) {
    SeatsOptions wrong = options();
    wrong.vendor_root = "no certificate";
    EXPECT_EQ(Seats::start(wrong, clock_, logger_).error().code, base::ErrorCode::bad_field);
    wrong = options();
    wrong.address = "*WHERE";
    EXPECT_FALSE(Seats::start(wrong, clock_, logger_).has_value());
}

// Claimed: what passes is worth another try, what a person must settle is not; who looks after the
// server is named if nobody else is.
TEST(RefusalTest, Words) {
    using base::ErrorCode;
    const auto code = [](ErrorCode error) {
        return refusal_of(base::make_error(error, "words"), "").code;
    };
    EXPECT_EQ(code(ErrorCode::no_daemon), FaultCode::too_many);
    EXPECT_EQ(code(ErrorCode::deadline_passed), FaultCode::too_many);
    EXPECT_EQ(code(ErrorCode::retry_later), FaultCode::too_many);
    EXPECT_EQ(code(ErrorCode::licence_expired), FaultCode::licence_denied);
    EXPECT_EQ(code(ErrorCode::wrong_host_key), FaultCode::licence_denied);
    EXPECT_EQ(code(ErrorCode::system_failed), FaultCode::internal);
    EXPECT_NE(refusal_of(base::make_error(ErrorCode::no_seat, "all 3 are in use"), "")
                  .message.find("ask the administrator"),
              std::string::npos);
}

}  // namespace
}  // namespace tillhost::sumpd::seats
