// Claim: a program has a licence exactly while a checked lease or its grace runs, whatever happens
// to connection, server and clocks. Shown against a fake server on real sockets, time moved by
// hand.
#include "licd/client/licence_client.h"

#include "licd/client/beat_thread.h"
#include "licd/client/test/fixture.h"

namespace tillhost::licd::client::test {
namespace {

using contract::LicenceEnd;
using std::chrono::seconds;

class LicenceClientTest : public ClientTest {
protected:
    LicenceClientTest() : licd_(socket()), client_(open(options())) {}

    Standing standing(LeaseId id) { return client_->status(id).standing; }
    void lose_an_answer() {
        licd_.with([](auto& ways) { ways.loses_answer = true; });
        clock_.before_sleeps([this] { licd_.wait_until_it_listens(); });
    }

    FakeLicd licd_;
    std::unique_ptr<LicenceClient> client_;
};

TEST_F(LicenceClientTest, TakesALicenceAndGivesItBack) {
    const auto lease = acquire(*client_);
    ASSERT_TRUE(lease.has_value()) << base::to_text(lease.error());
    const LeaseStatus status = client_->status(*lease);
    EXPECT_EQ(status.standing, Standing::held);
    EXPECT_EQ(status.licence, "till.base");
    EXPECT_EQ(status.key, "4410-0093-7721");
    EXPECT_GT(status.left, seconds(590));
    EXPECT_LE(status.left, seconds(600));
    EXPECT_EQ(licd_.seen().hello.program, "till");
    EXPECT_FALSE(licd_.seen().hello.computer.empty());
    ASSERT_TRUE(client_->release(*lease, soon()).has_value());
    EXPECT_EQ(licd_.lent(), 0U);
    EXPECT_EQ(standing(*lease), Standing::gone);
}

TEST_F(LicenceClientTest, ALicenceThatIsHeldIsNotTakenTwice) {
    const auto first = acquire(*client_).value();
    EXPECT_EQ(acquire(*client_).value(), first);
    EXPECT_EQ(licd_.lent(), 1U);
}

TEST_F(LicenceClientTest, GivesEverythingBackWhenItEnds) {
    ASSERT_EQ(outcome(acquire(*client_)), "ok");
    client_.reset();
    EXPECT_EQ(licd_.lent(), 0U);
}

TEST_F(LicenceClientTest, TellsWhyThereIsNone) {
    using enum base::ErrorCode;
    for (const auto code : {licence_unknown, licence_expired, key_off, clock_suspect}) {
        licd_.with([code](auto& ways) { ways.refuses_acquire = code; });
        EXPECT_EQ(outcome(acquire(*client_)), base::name_of(code));
    }
    EXPECT_EQ(licd_.seen().acquires, 4);  // none of them is asked again
}

TEST_F(LicenceClientTest, AsksAgainOfAServerThatIsBusy) {
    licd_.with([](auto& ways) {
        ways.refuses_acquire = base::ErrorCode::retry_later;
        ways.refusals = 3;
    });
    EXPECT_EQ(outcome(acquire(*client_)), "ok");
    EXPECT_EQ(licd_.seen().acquires, 4);
}

TEST_F(LicenceClientTest, StandsInLineUntilASeatIsFree) {
    licd_.occupy();
    std::vector<std::int64_t> places;
    Wanted wanted{.licence = "till.base", .wait = seconds(15)};
    wanted.watch = [&](const Place& place) {
        places.push_back(place.place);
        if (places.size() == 3) {
            licd_.vacate();
        }
        return true;
    };
    EXPECT_EQ(outcome(acquire(*client_, wanted)), "ok");
    EXPECT_EQ(places, (std::vector<std::int64_t>{1, 1, 1}));
}

TEST_F(LicenceClientTest, LeavesTheLineWhenItsPatienceIsOver) {
    licd_.occupy();
    EXPECT_EQ(outcome(acquire(*client_, {.licence = "till.base", .wait = seconds(3)})), "no_seat");
    ASSERT_EQ(licd_.seen().releases.size(), 1U);
    EXPECT_EQ(licd_.seen().releases.front().number, 0);
    // One that keeps its place goes on with the same request.
    EXPECT_EQ(outcome(acquire(*client_,
                              {.licence = "till.base", .wait = seconds(3), .keep_place = true})),
              "no_seat");
    EXPECT_EQ(licd_.seen().releases.size(), 1U);
    EXPECT_TRUE(client_->leave_line("till.base", soon()).has_value());
    EXPECT_EQ(licd_.seen().releases.size(), 2U);
}

TEST_F(LicenceClientTest, WithoutPatienceItIsToldAtOnce) {
    licd_.occupy();
    EXPECT_EQ(outcome(acquire(*client_)), "no_seat");
    EXPECT_EQ(licd_.seen().acquires, 1);
}

TEST_F(LicenceClientTest, ALostAnswerTakesNoSecondSeat) {
    lose_an_answer();
    const auto lease = acquire(*client_);
    ASSERT_TRUE(lease.has_value()) << base::to_text(lease.error());
    EXPECT_EQ(licd_.lent(), 1U);
    EXPECT_EQ(licd_.seen().acquires, 2);
    EXPECT_EQ(client_->status(*lease).number, 1);
}

TEST_F(LicenceClientTest, TheTimeOfARepeatedRequestCountsFromTheFirst) {
    lose_an_answer();
    const os::Instant first = clock_.now();
    const auto lease = acquire(*client_).value();
    // The second sending came after a pause by which the clock was moved.
    EXPECT_LE(client_->status(lease).left, first + seconds(601) - clock_.now());
    EXPECT_LT(client_->status(lease).left, seconds(600));
}

TEST_F(LicenceClientTest, ABeatRenewsAndCountsUse) {
    const auto lease = acquire(*client_).value();
    clock_.advance(seconds(300));
    client_->used();
    client_->used(lease);
    const auto next = client_->beat(soon());
    ASSERT_TRUE(next.has_value()) << base::to_text(next.error());
    EXPECT_EQ(*next, seconds(60));
    EXPECT_EQ(licd_.seen().used, 2);
    EXPECT_GT(client_->status(lease).left, seconds(590));
}

TEST_F(LicenceClientTest, ABeatOfNothingAsksNobody) {
    EXPECT_TRUE(client_->beat(soon()).has_value());
    EXPECT_EQ(licd_.seen().hellos, 0);
}

TEST_F(LicenceClientTest, TheServersWordEndsALease) {
    for (const LicenceEnd why : {LicenceEnd::died, LicenceEnd::unknown, LicenceEnd::expired}) {
        licd_.with([](auto& ways) { ways.ends.reset(); });
        const auto lease = acquire(*client_).value();
        licd_.with([why](auto& ways) { ways.ends = why; });
        ASSERT_TRUE(client_->beat(soon()).has_value());
        EXPECT_EQ(standing(lease), Standing::gone);
        EXPECT_EQ(client_->status(lease).why, why);
        licd_.with([](auto& ways) { ++ways.seats; });
    }
    EXPECT_TRUE(licd_.seen().releases.empty());  // it knows
}

TEST_F(LicenceClientTest, ThatALeaseWasTakenAwayIsConfirmed) {
    std::int64_t confirmed = 0;
    for (const LicenceEnd why : {LicenceEnd::revoked, LicenceEnd::idle, LicenceEnd::key}) {
        licd_.with([](auto& ways) { ways.ends.reset(); });
        const auto lease = acquire(*client_).value();
        licd_.with([why](auto& ways) { ways.ends = why; });
        ASSERT_TRUE(client_->beat(soon()).has_value());
        EXPECT_EQ(client_->status(lease).why, why);
        ++confirmed;
        ASSERT_EQ(licd_.seen().releases.size(), static_cast<std::size_t>(confirmed));
        EXPECT_EQ(licd_.seen().releases.back().number, confirmed);
        licd_.with([](auto& ways) { ++ways.seats; });
    }
}

TEST_F(LicenceClientTest, ARestartOfTheServerIsNotNoticed) {
    const auto lease = acquire(*client_).value();
    licd_.stop();
    licd_.start();
    clock_.advance(seconds(60));
    const auto next = client_->beat(soon());
    ASSERT_TRUE(next.has_value()) << base::to_text(next.error());
    EXPECT_EQ(standing(lease), Standing::held);
    EXPECT_EQ(licd_.seen().hellos, 2);
    EXPECT_EQ(licd_.seen().hello.instance, "till-3-b5e1");
    EXPECT_EQ(licd_.lent(), 1U);
}

TEST_F(LicenceClientTest, WithoutAServerTheGraceComesAndThenTheEnd) {
    const auto lease = acquire(*client_).value();
    licd_.stop();
    clock_.advance(seconds(590));
    EXPECT_EQ(outcome(client_->beat(soon())), "no_daemon");
    EXPECT_EQ(standing(lease), Standing::held);
    clock_.advance(seconds(11));
    EXPECT_EQ(standing(lease), Standing::grace);
    EXPECT_LE(client_->status(lease).left, seconds(900));
    clock_.advance(seconds(900));
    EXPECT_EQ(standing(lease), Standing::gone);
    EXPECT_EQ(client_->status(lease).why, LicenceEnd::expired);
    // A beat brings nothing back.
    licd_.start();
    EXPECT_EQ(outcome(client_->beat(soon())), "ok");
    EXPECT_EQ(standing(lease), Standing::gone);
    EXPECT_EQ(licd_.seen().beats, 0);
}

TEST_F(LicenceClientTest, AServerThatComesBackInTheGraceRenews) {
    const auto lease = acquire(*client_).value();
    licd_.stop();
    clock_.advance(seconds(700));
    EXPECT_EQ(standing(lease), Standing::grace);
    licd_.start();
    EXPECT_EQ(outcome(client_->beat(soon())), "ok");
    EXPECT_EQ(standing(lease), Standing::held);
}

TEST_F(LicenceClientTest, TheGraceIsNotForAServerThatDoesNotRenew) {
    const auto lease = acquire(*client_).value();
    licd_.with([](auto& ways) { ways.renews = false; });
    clock_.advance(seconds(300));
    EXPECT_EQ(outcome(client_->beat(soon())), "ok");
    EXPECT_EQ(standing(lease), Standing::held);
    EXPECT_LT(client_->status(lease).left, seconds(301));
    clock_.advance(seconds(301));
    EXPECT_EQ(standing(lease), Standing::grace);
    EXPECT_EQ(outcome(client_->beat(soon())), "ok");
    EXPECT_EQ(standing(lease), Standing::gone);
}

TEST_F(LicenceClientTest, StepsOfTheWallClockMatterNothing) {
    constexpr std::int64_t kTenYearsMs = 315'360'000'000;
    const auto lease = acquire(*client_).value();
    clock_.step_wall(kTenYearsMs);
    EXPECT_EQ(standing(lease), Standing::held);
    EXPECT_EQ(outcome(client_->beat(soon())), "ok");
    clock_.step_wall(-2 * kTenYearsMs);
    EXPECT_EQ(standing(lease), Standing::held);
    clock_.advance(seconds(601));
    EXPECT_EQ(standing(lease), Standing::grace);
    clock_.advance(seconds(900));
    EXPECT_EQ(standing(lease), Standing::gone);
}

TEST_F(LicenceClientTest, AGoodbyeThatWasNotSaidIsSaidLater) {
    const auto lease = acquire(*client_).value();
    licd_.stop();
    EXPECT_EQ(outcome(client_->release(lease, soon())), "no_daemon");
    EXPECT_EQ(standing(lease), Standing::gone);
    licd_.start();
    EXPECT_EQ(outcome(client_->beat(soon())), "ok");
    EXPECT_EQ(licd_.lent(), 0U);
}

TEST_F(LicenceClientTest, AnAccessCodeIsProvedAndNotSent) {
    licd_.with([](auto& ways) { ways.access_code = "2468"; });
    EXPECT_EQ(outcome(acquire(*client_)), "access_code_wrong");
    EXPECT_EQ(outcome(acquire(*client_, {.licence = "till.base", .access_code = "1357"})),
              "access_code_wrong");
    EXPECT_EQ(outcome(acquire(*client_, {.licence = "till.base", .access_code = "2468"})), "ok");
}

TEST_F(LicenceClientTest, AThreadCanBeatForTheProgram) {
    const auto lease = acquire(*client_).value();
    auto beats = BeatThread::start(*client_, clock_).value();
    ASSERT_TRUE(licd_.sees([](const auto& seen) { return seen.beats == 1; }));
    for (int count = 2; count <= 4; ++count) {
        client_->used();
        beats->hurry();
        ASSERT_TRUE(licd_.sees([count](const auto& seen) { return seen.beats == count; }));
    }
    beats.reset();
    EXPECT_EQ(standing(lease), Standing::held);
    EXPECT_EQ(licd_.seen().used, 3);
}

TEST_F(LicenceClientTest, WhatIsWrongWithTheOptionsIsSaid) {
    const auto field_of = [this](const std::function<void(ClientOptions&)>& change) {
        ClientOptions wrong = options();
        change(wrong);
        const auto opened = LicenceClient::open(wrong, clock_);
        return opened ? std::string("none")
                      : opened.error().detail.substr(0, opened.error().detail.find(':'));
    };
    EXPECT_EQ(field_of([](auto& wrong) { wrong.program = ""; }), "program");
    EXPECT_EQ(field_of([](auto& wrong) { wrong.instance = "short"; }), "instance");
    EXPECT_EQ(field_of([](auto& wrong) { wrong.product = ""; }), "product");
    EXPECT_EQ(field_of([](auto& wrong) { wrong.vendor_root = "no root"; }), "vendor_root");
    EXPECT_EQ(field_of([](auto& wrong) { wrong.servers = "a b"; }), "servers");
    EXPECT_EQ(field_of([](auto& wrong) { wrong.servers = "*AUTO"; }), "none");
}

}  // namespace
}  // namespace tillhost::licd::client::test
