// Claim: times that are changed while licd runs hold for the leases given from then on, a lease
// that was promised for longer keeps its end, the promise is on disk before it is seen, and times
// for which programs beat too slowly wait for the next start. Shown: with the real desk and book on
// a fake store and clock, and the real store for the promise.
#include <filesystem>

#include "hal/os/fake/kept_log.h"
#include "licd/core/test/desk_rig.h"
#include "licd/runtime/live_times.h"

namespace tillhost::licd::runtime {
namespace {

using std::chrono::seconds;

Config with(std::int64_t lease_s, std::int64_t beat_s) {
    Config config;
    config.times.lease = seconds(lease_s);
    config.times.killed = std::max(config.times.killed, config.times.lease);
    config.beat = seconds(beat_s);
    return config;
}

class TimesTest : public testing::Test {
protected:
    TimesTest() : folder_(testing::TempDir() + "times_test") {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        store_ = MUST(LicenceStore::open(folder_, rig_.clock, logger_));
        promise_ = std::make_unique<Promise>(*store_, seconds(600), rig_.clock.now());
        times_ =
            std::make_unique<LiveTimes>(*rig_.desk, *promise_, *store_, rig_.clock, seconds(60));
    }
    std::string promised() const { return store_->value("promised_s"); }

    core::DeskRig rig_;
    std::string folder_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::unique_ptr<LicenceStore> store_;
    std::unique_ptr<Promise> promise_;
    std::unique_ptr<LiveTimes> times_;
};

TEST_F(TimesTest, WaitForTheNextStartIfProgramsBeatTooSlowly) {
    EXPECT_TRUE(times_->may_hold(with(120, 60)));
    EXPECT_FALSE(times_->may_hold(with(119, 30))) << "a program may still beat every 60 s";
    times_->hold(with(1200, 300));
    EXPECT_FALSE(times_->may_hold(with(599, 60))) << "a program may have been told 300 s";
    EXPECT_TRUE(times_->may_hold(with(600, 60)));
}

TEST_F(TimesTest, ALongerPromiseIsWrittenAtOnceAShorterWhenTheLongerIsOver) {
    EXPECT_EQ(promised(), "600");
    times_->hold(with(1200, 60));
    EXPECT_EQ(promised(), "1200");
    times_->hold(with(600, 60));
    promise_->look(rig_.clock.now());
    EXPECT_EQ(promised(), "1200") << "leases of 1200 s are out there";
    rig_.clock.advance(seconds(1199));
    promise_->look(rig_.clock.now());
    EXPECT_EQ(promised(), "1200");
    rig_.clock.advance(seconds(1));
    promise_->look(rig_.clock.now());
    EXPECT_EQ(promised(), "600");
}

TEST(DeskTimes, HoldForNewLeasesAndTakeNothingFromOldOnes) {
    core::DeskRig rig;
    const auto first = rig.program("instance-1");
    const auto old = rig.take(first, 1);
    EXPECT_EQ(old.time_ms, 600'000);
    core::LeaseTimes shorter;
    shorter.lease = shorter.killed = seconds(100);
    rig.desk->set_times(shorter, seconds(50), 0);
    const auto second = rig.program("instance-2");
    const auto fresh = rig.take(second, 2);
    EXPECT_EQ(fresh.time_ms, 100'000);
    rig.pass(seconds(150));
    EXPECT_EQ(rig.used(), 1U) << "the new one is over, the old one is promised for 600 s";
    EXPECT_FALSE(rig.beat(first, old).ended);
    rig.pass(seconds(449));
    EXPECT_EQ(rig.used(), 1U);
    rig.pass(seconds(2));
    EXPECT_EQ(rig.used(), 0U);
}

TEST(DeskTimes, ALongerLeaseIsSeenOnlyWhenItsPromiseIsOnDisk) {
    core::DeskRig rig;
    const auto program = rig.program("instance-1");
    const auto lease = rig.take(program, 1);
    rig.store.held = true;
    rig.store.write({});  // stands for the promise
    core::LeaseTimes longer;
    longer.lease = longer.killed = seconds(3600);
    rig.desk->set_times(longer, seconds(60), rig.store.changes.size());
    rig.pass(seconds(60));  // long before a third of either time is over
    contract::BeatLicencesRequest body;
    body.session = program.session;
    body.leases.push_back({lease.number, lease.generation, 1});
    EXPECT_FALSE(rig.ask(program, contract::RequestKind::beat_licences, contract::to_value(body)));
    rig.store.sync();
    rig.desk->on_durable();
    const auto reply = rig.reply_of(program.peer, rig.last_id);
    ASSERT_TRUE(reply);
    const auto answer = MUST(contract::from_value<contract::BeatLicencesReply>(
        std::get<contract::Value>(reply->outcome)));
    ASSERT_TRUE(answer.leases.at(0).renewed);
    EXPECT_EQ(answer.leases.at(0).renewed->time_ms, 3'600'000);
}

}  // namespace
}  // namespace tillhost::licd::runtime
