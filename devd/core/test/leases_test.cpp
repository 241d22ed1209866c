// Claim: one program has a device for itself for a time; a holder whose time is over hands nothing
// over; the line moves in its order, only when what others had handed over is final; a lease ends
// with its connection. Shown on the core with a fake host and loopback connections.
#include "devd/core/leases.h"

#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::LeaseState;
using contract::RequestKind;

class LeasesTest : public testing::Test {
protected:
    struct Till {
        ipc::PeerId peer;
        std::int64_t session = 0;
    };

    LeasesTest() {
        rig_.open_device();
        one_ = connect("one");
        two_ = connect("two");
        three_ = connect("three");
    }

    Till connect(const std::string& name) {
        Till till;
        till.peer = rig_.endpoint.connect({});
        contract::HelloRequest hello;
        hello.client = name;
        hello.versions = {1};
        till.session = Rig::ok<contract::HelloReply>(
                           rig_.ask(till.peer, RequestKind::hello, contract::to_value(hello)))
                           .session;
        return till;
    }
    std::optional<contract::Reply> take(const Till& till, bool wait = false,
                                        std::int64_t time_ms = 60'000,
                                        std::int64_t deadline_ms = 0) {
        contract::TakeLeaseRequest request{till.session, "fr", time_ms, wait};
        return rig_.ask(till.peer, RequestKind::take_lease, contract::to_value(request),
                        deadline_ms);
    }
    contract::Lease held(const Till& till) {
        const auto lease = Rig::ok<contract::Lease>(take(till));
        EXPECT_EQ(lease.state, LeaseState::held);
        return lease;
    }
    contract::Lease look(const Till& till) {
        return Rig::ok<contract::Lease>(rig_.ask(
            till.peer, RequestKind::lease, contract::to_value(contract::DeviceRequest{"fr"})));
    }
    std::optional<contract::Reply> sell(const Till& till, std::int64_t token,
                                        base::OperationId id = {}) {
        contract::SubmitRequest request =
            rig_.sale(id.is_nil() ? rig_.new_id() : id, ++last_total_);
        request.session = till.session;
        request.lease = token;
        return rig_.ask(till.peer, RequestKind::submit, contract::to_value(request));
    }
    std::optional<contract::Reply> release(const Till& till) {
        contract::ReleaseLeaseRequest request{till.session, "fr"};
        return rig_.ask(till.peer, RequestKind::release_lease, contract::to_value(request));
    }

    Rig rig_;
    Till one_;
    Till two_;
    Till three_;
    std::int64_t last_total_ = 1000;
};

TEST_F(LeasesTest, WhileOneHasTheDeviceOthersAreToldWho) {
    const auto lease = held(one_);
    EXPECT_GT(lease.token, 0);
    EXPECT_EQ(lease.holder, "one");
    const contract::Error refused = Rig::error(sell(two_, 0));
    EXPECT_EQ(refused.code, "device_leased");
    EXPECT_NE(refused.text.find("held by one"), std::string::npos) << refused.text;
    EXPECT_EQ(Rig::error(take(two_)).code, "device_leased");
    EXPECT_EQ(rig_.device().leased_to, "one");
    Rig::ok<contract::Operation>(sell(one_, lease.token));
}

TEST_F(LeasesTest, TheHolderNamesItsTokenAndNoOther) {
    const auto lease = held(one_);
    EXPECT_EQ(Rig::error(sell(one_, 0)).code, "bad_field");
    EXPECT_EQ(Rig::error(sell(one_, lease.token - 1)).code, "stale_lease");
    EXPECT_EQ(Rig::error(sell(two_, lease.token)).code, "stale_lease") << "it is another's";
}

TEST_F(LeasesTest, AHolderWhoSleptThroughTheEndHandsNothingOver) {
    const auto lease = held(one_);
    rig_.wait(std::chrono::milliseconds(60'000));
    EXPECT_EQ(look(one_).state, LeaseState::free);
    EXPECT_EQ(Rig::error(sell(one_, lease.token)).code, "stale_lease");
    const auto next = held(two_);
    EXPECT_GT(next.token, lease.token);
    EXPECT_EQ(Rig::error(sell(one_, lease.token)).code, "stale_lease");
}

TEST_F(LeasesTest, ARepeatIsAnsweredBeforeItsTokenIsLookedAt) {
    const auto lease = held(one_);
    const base::OperationId id = rig_.new_id();
    contract::SubmitRequest request = rig_.sale(id, 500);
    request.session = one_.session;
    request.lease = lease.token;
    Rig::ok<contract::Operation>(
        rig_.ask(one_.peer, RequestKind::submit, contract::to_value(request)));
    rig_.wait(std::chrono::milliseconds(60'000));
    EXPECT_TRUE(Rig::ok<contract::Operation>(
                    rig_.ask(one_.peer, RequestKind::submit, contract::to_value(request)))
                    .repeat);
}

TEST_F(LeasesTest, TokensGrowOverARestart) {
    const auto lease = held(one_);
    Rig again(rig_.store.image());
    again.open_device();
    contract::TakeLeaseRequest request{again.session, "fr", 60'000, false};
    const auto next = Rig::ok<contract::Lease>(
        again.ask(again.peer, RequestKind::take_lease, contract::to_value(request)));
    EXPECT_GT(next.token, lease.token) << "the clock stands where it stood";
}

TEST_F(LeasesTest, ATokenIsNotToldBeforeItIsOnDisk) {
    rig_.store.held = true;
    EXPECT_FALSE(take(one_).has_value());
    rig_.sync();
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(one_.peer)).state, LeaseState::held);
}

TEST_F(LeasesTest, TheLineMovesInItsOrder) {
    held(one_);
    EXPECT_FALSE(take(two_, true).has_value());
    EXPECT_FALSE(take(three_, true, 60'000, 120'000).has_value());
    EXPECT_EQ(look(three_).place, 2);
    release(one_);
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(two_.peer)).state, LeaseState::held);
    EXPECT_EQ(look(three_).place, 1);
    rig_.wait(std::chrono::milliseconds(60'000));
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(three_.peer)).state, LeaseState::held);
}

TEST_F(LeasesTest, AtTheDeadlineThePlaceIsToldAndKept) {
    held(one_);
    EXPECT_FALSE(take(two_, true, 60'000, 5'000).has_value());
    rig_.wait(std::chrono::milliseconds(5'000));
    const auto told = Rig::ok<contract::Lease>(rig_.next_reply(two_.peer));
    EXPECT_EQ(told.state, LeaseState::waiting);
    EXPECT_EQ(told.place, 1);
    EXPECT_FALSE(take(three_, true).has_value());
    EXPECT_FALSE(take(two_, true).has_value());
    EXPECT_EQ(look(two_).place, 1);
    release(one_);
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(two_.peer)).state, LeaseState::held);
}

TEST_F(LeasesTest, TheNextOneWaitsUntilTheFormerHoldersWorkIsFinal) {
    const auto lease = held(one_);
    const base::OperationId id = rig_.new_id();
    Rig::ok<contract::Operation>(sell(one_, lease.token, id));
    rig_.say(contract::Persist{id, 1, Rig::marker()});
    EXPECT_FALSE(take(two_, true).has_value());
    release(one_);
    EXPECT_FALSE(rig_.next_reply(two_.peer).has_value());
    EXPECT_FALSE(look(two_).waits_for.empty());
    EXPECT_EQ(Rig::error(sell(three_, 0)).code, "device_leased") << "the line would never move";
    rig_.finish(id, Rig::result());
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(two_.peer)).state, LeaseState::held);
}

TEST_F(LeasesTest, ALeaseEndsWithItsConnection) {
    held(one_);
    EXPECT_FALSE(take(two_, true).has_value());
    rig_.endpoint.disconnect(one_.peer, *rig_.core);
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(two_.peer)).state, LeaseState::held);
    rig_.endpoint.disconnect(two_.peer, *rig_.core);
    EXPECT_EQ(look(three_).state, LeaseState::free);
}

TEST_F(LeasesTest, ATakeoverNeedsTheHoldersWord) {
    const auto lease = held(one_);
    EXPECT_FALSE(take(two_, true).has_value());
    contract::AskTakeoverRequest wish{three_.session, "fr", 60'000, "a queue here"};
    EXPECT_FALSE(
        rig_.ask(three_.peer, RequestKind::ask_takeover, contract::to_value(wish)).has_value());
    EXPECT_EQ(look(three_).place, 1) << "in front of those who only wait";
    contract::AnswerTakeoverRequest word{one_.session, "fr", lease.token, false};
    Rig::ok<contract::Lease>(
        rig_.ask(one_.peer, RequestKind::answer_takeover, contract::to_value(word)));
    EXPECT_EQ(look(one_).state, LeaseState::held);
    word.consent = true;
    EXPECT_EQ(
        Rig::error(rig_.ask(one_.peer, RequestKind::answer_takeover, contract::to_value(word)))
            .code,
        "wrong_state");
    EXPECT_EQ(look(three_).place, 2) << "behind those who came before it";
    release(three_);
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(three_.peer)).state, LeaseState::free)
        << "the request that waited is answered";
    EXPECT_FALSE(
        rig_.ask(three_.peer, RequestKind::ask_takeover, contract::to_value(wish)).has_value());
    Rig::ok<contract::Lease>(
        rig_.ask(one_.peer, RequestKind::answer_takeover, contract::to_value(word)));
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(three_.peer)).state, LeaseState::held);
}

TEST_F(LeasesTest, AnAdministratorEndsALease) {
    const auto lease = held(one_);
    contract::EndLeaseRequest word{two_.session, "fr", "the till is off"};
    Rig::ok<contract::Lease>(rig_.ask(two_.peer, RequestKind::end_lease, contract::to_value(word)));
    EXPECT_EQ(Rig::error(sell(one_, lease.token)).code, "stale_lease");
    Rig::ok<contract::Operation>(sell(two_, 0));
}

TEST_F(LeasesTest, AScanIsTheHoldersAlone) {
    const auto lease = held(one_);
    const auto follow = [this](const Till& till) {
        contract::SubscribeRequest request;
        request.topic = "scan/fr";
        request.credit = 10;
        Rig::ok<contract::SubscribeReply>(
            rig_.ask(till.peer, RequestKind::subscribe, contract::to_value(request)));
    };
    follow(one_);
    follow(two_);
    contract::Scan scan;
    scan.code = base::bytes_of("4600000000000");
    rig_.say(contract::Scanned{scan});
    const auto heard = [this](const Till& till) {
        while (rig_.next_reply(till.peer)) {
        }
        return std::exchange(rig_.told[till.peer], {}).size();
    };
    EXPECT_EQ(heard(one_), 1U);
    EXPECT_EQ(heard(two_), 0U);
    release(one_);
    rig_.say(contract::Scanned{scan});
    EXPECT_EQ(heard(one_), 1U);
    EXPECT_EQ(heard(two_), 1U);
}

TEST_F(LeasesTest, TheLineHasAnEnd) {
    held(one_);
    for (std::size_t i = 0; i < kLeaseWaitersMax; ++i) {
        EXPECT_FALSE(take(connect("w"), true).has_value());
    }
    EXPECT_EQ(Rig::error(take(two_, true)).code, "retry_later");
    EXPECT_EQ(look(one_).waiting.size(), kLeaseWaitersMax);
}

}  // namespace
}  // namespace tillhost::devd::core
