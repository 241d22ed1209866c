// What programs and administrators are answered: leases, places in the line, refusals.
// Shown with requests through the loopback, a disk that syncs when told, and a clock that is moved.
#include <gtest/gtest.h>

#include "licd/core/test/desk_rig.h"

namespace tillhost::licd::core {
namespace {

using contract::LicenceEnd;
using contract::LicenceLeaseState;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(LicenceDesk, LendsAsManyAsThereAre) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto b = rig.program("instance-b");
    const auto c = rig.program("instance-c");
    const auto d = rig.program("instance-d");
    EXPECT_EQ(rig.take(a, 1).seat, 1);
    EXPECT_EQ(rig.take(b, 2).seat, 2);
    EXPECT_EQ(rig.take(c, 3).seat, 3);
    EXPECT_EQ(rig.error(rig.acquire(d, 4)), "no_seat");
    EXPECT_EQ(rig.used(), 3U);
    EXPECT_EQ(rig.error(rig.acquire(d, 5, "other")), "licence_unknown");
    EXPECT_EQ(rig.take(d, 6, "free").seat, 0);
}

TEST(LicenceDesk, AnswersTheSameRequestAlikeAlsoAfterARestart) {
    DeskRig rig;
    auto a = rig.program("instance-a");
    const auto first = rig.take(a, 1);
    const auto again = rig.granted(rig.acquire(a, 1));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->repeated);
    EXPECT_EQ(again->lease.number, first.number);
    EXPECT_EQ(rig.used(), 1U);
    rig.start();
    a = rig.program("instance-a");
    const auto later = rig.granted(rig.acquire(a, 1));
    ASSERT_TRUE(later);
    EXPECT_EQ(later->lease.number, first.number);
    EXPECT_EQ(rig.error(rig.acquire(a, 1, "desk")), "conflict");
    EXPECT_TRUE(rig.release(a, first));
    EXPECT_EQ(rig.error(rig.acquire(a, 1)), "lease_gone");
    rig.start();
    a = rig.program("instance-a");
    EXPECT_EQ(rig.error(rig.acquire(a, 1)), "lease_gone");
    EXPECT_EQ(rig.used(), 0U);
}

TEST(LicenceDesk, AKeyWhoseDongleIsGoneGivesNothingNewAndKeepsWhatItGave) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto b = rig.program("instance-b");
    const auto lease = rig.take(a, 1);
    rig.keys.fading = {"K"};
    EXPECT_EQ(rig.error(rig.acquire(b, 2)), "dongle_missing");
    EXPECT_EQ(rig.error(rig.acquire(a, 3, "desk")), "dongle_missing");
    rig.pass(seconds(300));
    const auto answer = rig.beat(a, lease);
    EXPECT_FALSE(answer.ended);
    EXPECT_TRUE(answer.renewed);
    EXPECT_TRUE(rig.granted(rig.acquire(a, 1)));  // the answer to what was given is given again
    rig.keys.fading.clear();
    EXPECT_EQ(rig.take(b, 4).seat, 2);
    rig.keys.off = {"K"};  // the grace is over: what is promised runs to its end
    rig.pass(seconds(300));
    EXPECT_FALSE(rig.beat(a, lease).renewed);
    rig.pass(seconds(300));
    EXPECT_EQ(rig.beat(a, lease).ended, LicenceEnd::key);
}

TEST(LicenceDesk, TellsNothingThatIsNotOnDisk) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    rig.store.held = true;
    EXPECT_FALSE(rig.acquire(a, 1));
    rig.store.sync();
    rig.desk->on_durable();
    EXPECT_TRUE(rig.granted(rig.reply_of(a.peer, rig.last_id)));
}

TEST(LicenceDesk, AStationSharesASeat) {
    DeskRig rig;
    const auto a = rig.program("instance-a", 0, "anna");
    const auto b = rig.program("instance-b", 0, "anna");
    const auto c = rig.program("instance-c", 0, "piotr");
    const auto d = rig.program("instance-d", 0, "jan");
    const auto first = rig.take(a, 1, "desk");
    const auto second = rig.take(b, 2, "desk");
    EXPECT_EQ(first.seat, second.seat);
    EXPECT_EQ(first.generation, second.generation);
    EXPECT_NE(first.number, second.number);
    rig.take(c, 3, "desk");
    EXPECT_EQ(rig.error(rig.acquire(d, 4, "desk")), "no_seat");
    EXPECT_TRUE(rig.release(a, first));
    EXPECT_EQ(rig.error(rig.acquire(d, 5, "desk")), "no_seat");
    EXPECT_TRUE(rig.release(b, second));
    EXPECT_GT(rig.take(d, 6, "desk").generation, second.generation);
}

TEST(LicenceDesk, ABeatNeverMakesALeaseNorBringsOneBack) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto b = rig.program("instance-b");
    const auto lease = rig.take(a, 1);
    EXPECT_EQ(rig.beat(b, lease).ended, LicenceEnd::unknown);
    auto older = lease;
    older.generation += 1;
    EXPECT_EQ(rig.beat(a, older).ended, LicenceEnd::unknown);
    EXPECT_FALSE(rig.beat(a, lease).ended);
    rig.release(a, lease);
    EXPECT_EQ(rig.beat(a, lease).ended, LicenceEnd::released);
    EXPECT_EQ(rig.used(), 0U);
}

TEST(LicenceDesk, ASilentProgramKeepsItsSeatWhileNobodyWaits) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    rig.pass(seconds(601));
    EXPECT_EQ(rig.desk->book().leases().begin()->second.state, LicenceLeaseState::late);
    EXPECT_FALSE(rig.beat(a, lease).ended);
    rig.pass(seconds(1799));
    EXPECT_EQ(rig.used(), 1U);
    rig.pass(seconds(2));
    EXPECT_EQ(rig.used(), 0U);
    EXPECT_EQ(rig.beat(a, lease).ended, LicenceEnd::expired);
}

TEST(LicenceDesk, WhoAsksGetsASeatWhoseTimeIsOverWithoutWaiting) {
    DeskRig rig;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        rig.take(rig.program("instance-" + std::to_string(i)), i);
    }
    const auto late = rig.program("instance-late");
    EXPECT_EQ(rig.error(rig.acquire(late, 9)), "no_seat");
    rig.pass(seconds(601));
    EXPECT_TRUE(rig.granted(rig.acquire(late, 10)));
}

TEST(LicenceDesk, WhoWaitsGetsTheSeatOfASilentOneWhenItsTimeIsOver) {
    DeskRig rig;
    std::vector<contract::LicenceLease> leases;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        leases.push_back(rig.take(rig.program("instance-" + std::to_string(i)), i));
    }
    rig.pass(seconds(580));
    const auto late = rig.program("instance-late");
    EXPECT_FALSE(rig.acquire(late, 9, "till", 60'000));
    const std::int64_t id = rig.last_id;
    rig.pass(seconds(19));
    EXPECT_FALSE(rig.reply_of(late.peer, id));
    rig.pass(seconds(2));
    EXPECT_TRUE(rig.granted(rig.reply_of(late.peer, id)));
}

TEST(LicenceDesk, TheLineIsServedInItsOrder) {
    DeskRig rig;
    std::vector<std::pair<DeskRig::Program, contract::LicenceLease>> holders;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        const auto one = rig.program("instance-" + std::to_string(i));
        holders.emplace_back(one, rig.take(one, i));
    }
    const auto first = rig.program("instance-first");
    const auto second = rig.program("instance-second");
    EXPECT_FALSE(rig.acquire(first, 11, "till", 5'000));
    const std::int64_t first_id = rig.last_id;
    EXPECT_FALSE(rig.acquire(second, 12, "till", 60'000));
    const std::int64_t second_id = rig.last_id;
    rig.pass(seconds(5));
    const auto told = rig.reply_of(first.peer, first_id);
    ASSERT_TRUE(told);
    const auto place = std::get<contract::LicencePlace>(MUST(
        contract::from_value<contract::LicenceAcquired>(std::get<contract::Value>(told->outcome))));
    EXPECT_EQ(place.place, 1);
    EXPECT_EQ(place.seats, 3);
    // Between two requests it keeps its turn.
    rig.release(holders[0].first, holders[0].second);
    EXPECT_FALSE(rig.reply_of(second.peer, second_id));
    EXPECT_TRUE(rig.granted(rig.acquire(first, 11, "till", 5'000)));
    rig.release(holders[1].first, holders[1].second);
    EXPECT_TRUE(rig.granted(rig.reply_of(second.peer, second_id)));
}

TEST(LicenceDesk, APlaceThatNobodyAsksForIsGivenUp) {
    DeskRig rig;
    std::vector<std::pair<DeskRig::Program, contract::LicenceLease>> holders;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        const auto one = rig.program("instance-" + std::to_string(i));
        holders.emplace_back(one, rig.take(one, i));
    }
    const auto first = rig.program("instance-first");
    const auto second = rig.program("instance-second");
    EXPECT_FALSE(rig.acquire(first, 11, "till", 60'000));
    EXPECT_FALSE(rig.acquire(second, 12, "till", 60'000));
    const std::int64_t second_id = rig.last_id;
    rig.disconnect(first);
    rig.release(holders[0].first, holders[0].second);
    EXPECT_FALSE(rig.reply_of(second.peer, second_id));
    rig.pass(seconds(11));
    EXPECT_TRUE(rig.granted(rig.reply_of(second.peer, second_id)));
}

TEST(LicenceDesk, ALeaseThatIsTakenAwayIsNotLentBeforeItsHolderKnowsOrItsTimeIsOver) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    EXPECT_EQ(rig.free_licence(lease.number), 1);
    EXPECT_EQ(rig.used(), 1U);
    EXPECT_EQ(rig.beat(a, lease).ended, LicenceEnd::revoked);
    EXPECT_EQ(rig.used(), 1U);
    EXPECT_TRUE(rig.release(a, lease));
    EXPECT_EQ(rig.used(), 0U);

    const auto silent = rig.take(a, 2);
    EXPECT_EQ(rig.free_licence(silent.number), 1);
    rig.start();
    EXPECT_EQ(rig.used(), 1U);
    rig.pass(seconds(601));
    EXPECT_EQ(rig.used(), 0U);

    const auto b = rig.program("instance-b");
    const auto doubled = rig.take(b, 3);
    EXPECT_EQ(rig.free_licence(doubled.number, true), 1);
    EXPECT_EQ(rig.used(), 0U);
    EXPECT_EQ(rig.free_licence(doubled.number), -1);
}

TEST(LicenceDesk, AnIdleSeatGoesToWhoeverWaits) {
    DeskRig rig;
    rig.times.idle = minutes(10);
    rig.start();
    const auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    const auto b = rig.program("instance-b");
    const auto c = rig.program("instance-c");
    const auto of_b = rig.take(b, 2);
    const auto of_c = rig.take(c, 3);
    for (int minute = 0; minute < 11; ++minute) {
        rig.pass(minutes(1));
        EXPECT_FALSE(rig.beat(a, lease, 1).ended);
        EXPECT_FALSE(rig.beat(b, of_b, 2 + minute).ended);
        EXPECT_FALSE(rig.beat(c, of_c, 2 + minute).ended);
    }
    EXPECT_EQ(rig.desk->book().leases().begin()->second.state, LicenceLeaseState::idle);
    const auto d = rig.program("instance-d");
    EXPECT_FALSE(rig.acquire(d, 4, "till", 60'000));
    const std::int64_t id = rig.last_id;
    EXPECT_EQ(rig.beat(a, lease, 1).ended, LicenceEnd::idle);
    EXPECT_FALSE(rig.granted(rig.reply_of(d.peer, id)));
    rig.release(a, lease);
    EXPECT_TRUE(rig.granted(rig.reply_of(d.peer, id)));
}

TEST(LicenceDesk, TheDeathOfALocalProcessFreesItsSeatsAtOnce) {
    DeskRig rig;
    const auto a = rig.program("instance-a", 42);
    rig.take(a, 1);
    rig.take(a, 2, "desk");
    EXPECT_TRUE(rig.processes.watched.contains(42));
    rig.desk->on_process_ended(42);
    EXPECT_EQ(rig.used(), 0U);
    EXPECT_EQ(rig.used("desk"), 0U);
}

TEST(LicenceDesk, AnotherProcessOfTheSameInstanceGoesOn) {
    DeskRig rig;
    const auto a = rig.program("instance-a", 42);
    const auto lease = rig.take(a, 1);
    const auto b = rig.program("instance-a", 43);
    EXPECT_FALSE(rig.beat(b, lease).ended);
    rig.desk->on_process_ended(42);
    EXPECT_FALSE(rig.beat(b, lease).ended);
    // Who only says hello in another's name takes nothing away by going.
    rig.program("instance-a", 44);
    rig.desk->on_process_ended(44);
    EXPECT_FALSE(rig.beat(b, lease).ended);
}

TEST(LicenceDesk, ALostConnectionTakesNothingAway) {
    DeskRig rig;
    auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    rig.disconnect(a);
    EXPECT_EQ(rig.desk->book().leases().begin()->second.state, LicenceLeaseState::probed);
    a = rig.program("instance-a");
    EXPECT_FALSE(rig.beat(a, lease).ended);
    EXPECT_EQ(rig.desk->book().leases().begin()->second.state, LicenceLeaseState::held);
}

TEST(LicenceDesk, AKeyThatIsOffGivesNothingAndLetsLeasesRunToTheirEnd) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    rig.keys.off.insert("K");
    EXPECT_EQ(rig.error(rig.acquire(a, 2)), "key_off");
    EXPECT_FALSE(rig.beat(a, lease).ended);
    rig.pass(seconds(599));
    EXPECT_FALSE(rig.beat(a, lease).ended);
    rig.clock.advance(seconds(2));
    EXPECT_EQ(rig.beat(a, lease).ended, LicenceEnd::key);
}

TEST(LicenceDesk, ALeaseIsSignedAnewWhenAThirdOfItsTimeIsOver) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    rig.pass(seconds(199));
    EXPECT_FALSE(rig.beat(a, lease).renewed);
    rig.pass(seconds(1));
    const auto renewed = rig.beat(a, lease).renewed;
    ASSERT_TRUE(renewed);
    EXPECT_NE(renewed->signed_lease.text, lease.signed_lease.text);
    EXPECT_EQ(renewed->time_ms, 600'000);
    EXPECT_EQ(rig.store.changes.size(), 1U) << "a beat writes nothing";
}

TEST(LicenceDesk, AKeyWithACodeIsNotSeenWithoutIt) {
    DeskRig rig;
    rig.keys.all.at({"K", "till"}).has_code = true;
    const auto a = rig.program("instance-a");
    EXPECT_EQ(rig.error(rig.acquire(a, 1)), "licence_unknown");
    EXPECT_EQ(rig.error(rig.acquire(a, 2, "till", 0, "wrong")), "access_code_wrong");
    EXPECT_TRUE(rig.granted(rig.acquire(a, 3, "till", 0, "right")));
    for (std::uint64_t i = 4; i < 8; ++i) {
        EXPECT_EQ(rig.error(rig.acquire(a, i, "till", 0, "wrong")), "access_code_wrong");
    }
    EXPECT_EQ(rig.error(rig.acquire(a, 8, "till", 0, "right")), "retry_later");
    rig.pass(minutes(1));
    EXPECT_TRUE(rig.granted(rig.acquire(a, 9, "till", 0, "right")));
}

TEST(LicenceDesk, AStepOfTheWallClockEndsNothing) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    for (const std::int64_t unix_ms : {std::int64_t{0}, std::int64_t{4'000'000'000'000}}) {
        rig.clock.set_unix_ms_at_zero(unix_ms);
        rig.desk->on_time();
        EXPECT_FALSE(rig.beat(a, lease).ended);
    }
}

TEST(LicenceDesk, ALeaseThatWasSignedForLongerIsKeptSoLongAfterARestart) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    for (std::uint64_t i = 1; i <= 3; ++i) {
        rig.take(rig.program("instance-" + std::to_string(i)), i);
    }
    rig.times.lease = seconds(70);  // it was ten minutes
    rig.start();
    rig.pass(seconds(71));
    EXPECT_EQ(rig.error(rig.acquire(rig.program("instance-late"), 9)), "no_seat");
    rig.pass(seconds(530));
    EXPECT_TRUE(rig.granted(rig.acquire(rig.program("instance-late"), 10)));
}

TEST(LicenceDesk, TheFirstBeatAfterARestartGetsALeaseSigned) {
    DeskRig rig;
    auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    rig.start();
    a = rig.program("instance-a");
    EXPECT_TRUE(rig.beat(a, lease).renewed);
    EXPECT_FALSE(rig.beat(a, lease).renewed);
}

TEST(LicenceDesk, AKeyThatComesToGiveFewerSeatsLetsTheOthersRunOut) {
    DeskRig rig;
    std::vector<std::pair<DeskRig::Program, contract::LicenceLease>> holders;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        const auto one = rig.program("instance-" + std::to_string(i));
        holders.emplace_back(one, rig.take(one, i));
    }
    rig.keys.all.at({"K", "till"}).count = 2;
    rig.release(holders[0].first, holders[0].second);
    EXPECT_EQ(rig.error(rig.acquire(holders[0].first, 11)), "no_seat");
    rig.clock.advance(seconds(601));
    EXPECT_FALSE(rig.beat(holders[1].first, holders[1].second).ended);
    EXPECT_EQ(rig.beat(holders[2].first, holders[2].second).ended, LicenceEnd::key);
    EXPECT_TRUE(rig.granted(rig.acquire(holders[0].first, 12)));
}

TEST(LicenceDesk, ALateLeaseThatWasTakenUpAgainIsLookedAtInTime) {
    DeskRig rig;
    std::vector<std::pair<DeskRig::Program, contract::LicenceLease>> holders;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        const auto one = rig.program("instance-" + std::to_string(i));
        holders.emplace_back(one, rig.take(one, i));
    }
    rig.pass(seconds(601));
    for (const auto& [one, lease] : holders) {
        EXPECT_FALSE(rig.beat(one, lease).ended);
    }
    rig.pass(seconds(590));
    const auto waits = rig.program("instance-waits");
    EXPECT_FALSE(rig.acquire(waits, 9, "till", 60'000));
    const std::int64_t id = rig.last_id;
    rig.pass(seconds(11));
    EXPECT_TRUE(rig.granted(rig.reply_of(waits.peer, id)));
}

TEST(LicenceDesk, OneWhoWaitsForAnotherKeyStandsInNobodysWay) {
    DeskRig rig;
    rig.keys.add("L", "till", 1);
    rig.take(rig.program("instance-a"), 1);
    rig.take(rig.program("instance-b"), 2);
    rig.take(rig.program("instance-c"), 3);
    contract::AcquireLicenceRequest body;
    const auto d = rig.program("instance-d");
    body.session = d.session;
    body.request_id = DeskRig::request_id(4);
    body.licence = "till";
    body.key = "K";
    body.wait_ms = 60'000;
    EXPECT_FALSE(rig.ask(d, contract::RequestKind::acquire_licence, contract::to_value(body)));
    EXPECT_EQ(rig.take(rig.program("instance-e"), 5).key, "L");
}

TEST(LicenceDesk, TheSameRequestOnceMoreAnswersTheOneThatWaits) {
    DeskRig rig;
    for (std::uint64_t i = 1; i <= 3; ++i) {
        rig.take(rig.program("instance-" + std::to_string(i)), i);
    }
    const auto waits = rig.program("instance-waits");
    EXPECT_FALSE(rig.acquire(waits, 9, "till", 60'000));
    const std::int64_t first = rig.last_id;
    EXPECT_FALSE(rig.acquire(waits, 9, "till", 60'000));
    EXPECT_EQ(rig.error(rig.reply_of(waits.peer, first)), "retry_later");
}

TEST(LicenceDesk, RefusesNamesThatDoNotFitALeasesText) {
    DeskRig rig;
    for (const std::string& bad : {std::string("instance\n1"), std::string(65, 'x')}) {
        contract::LicenceHelloRequest hello;
        hello.instance = bad.substr(0, 64);
        hello.program = "till";
        hello.user = bad;
        const DeskRig::Program stranger{rig.endpoint->connect({}), 0, "", 0};
        EXPECT_EQ(rig.error(rig.ask(stranger, contract::RequestKind::licence_hello,
                                    contract::to_value(hello))),
                  "bad_field");
    }
}

TEST(LicenceDesk, AsksForHelloFirst) {
    DeskRig rig;
    const DeskRig::Program stranger{rig.endpoint->connect({}), 1, "instance-x", 0};
    EXPECT_EQ(rig.error(rig.acquire(stranger, 1)), "no_session");
    auto a = rig.program("instance-a");
    a.session += 1;
    EXPECT_EQ(rig.error(rig.acquire(a, 1)), "stale_session");
}

TEST(LicenceDesk, AFullDiskLendsNothingAndTakesBack) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    const auto lease = rig.take(a, 1);
    rig.store.room = false;
    EXPECT_EQ(rig.error(rig.acquire(a, 2, "desk")), "storage_full");
    EXPECT_TRUE(rig.release(a, lease));
}

TEST(LicenceDesk, OnlyTheLastEndedRequestsOfAnInstanceAreKept) {
    DeskRig rig;
    const auto a = rig.program("instance-a");
    for (std::uint64_t i = 1; i <= 40; ++i) {
        rig.release(a, rig.take(a, i), i);
    }
    EXPECT_EQ(rig.store.image().leases.size(), kEndedPerInstanceMax);
    rig.pass(minutes(11));
    EXPECT_EQ(rig.store.image().leases.size(), 0U);
    rig.start();
    EXPECT_EQ(rig.take(rig.program("instance-b"), 1).number, 41) << "a number is never given twice";
}

}  // namespace
}  // namespace tillhost::licd::core
