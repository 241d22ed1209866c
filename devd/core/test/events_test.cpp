// Claim: subscribers see every change of a topic once and in order, never before it is on disk and
// never without credit, or are told what they cannot have. Shown on the core with fake hosts, a
// store that is as slow as wanted, and loopback connections.
#include "devd/core/events.h"

#include <fmt/format.h>

#include "devd/core/device_lane.h"
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::AlarmKind;
using contract::DeviceState;
using contract::OperationState;
using contract::RequestKind;

class EventsTest : public testing::Test {
protected:
    EventsTest() { rig_.open_device(); }

    std::optional<contract::Reply> ask_to_subscribe(ipc::PeerId peer, const std::string& topic,
                                                    std::int64_t credit, std::int64_t epoch = 0,
                                                    std::int64_t from_seq = 0) {
        contract::SubscribeRequest request;
        request.topic = topic;
        request.credit = credit;
        request.epoch = epoch;
        request.from_seq = from_seq;
        return rig_.ask(peer, RequestKind::subscribe, contract::to_value(request));
    }
    contract::SubscribeReply subscribe(const std::string& topic, std::int64_t credit = 100,
                                       std::int64_t epoch = 0, std::int64_t from_seq = 0) {
        return Rig::ok<contract::SubscribeReply>(
            ask_to_subscribe(rig_.peer, topic, credit, epoch, from_seq));
    }
    std::optional<contract::Reply> give(std::int64_t subscription, std::int64_t credit) {
        return rig_.ask(rig_.peer, RequestKind::credit,
                        contract::to_value(contract::CreditRequest{subscription, credit}));
    }
    /// What has arrived; replies to other requests are passed over.
    std::vector<contract::Event> events(ipc::PeerId peer) {
        while (rig_.next_reply(peer)) {
        }
        std::vector<contract::Event> arrived;
        for (const contract::Reply& reply : std::exchange(rig_.told[peer], {})) {
            arrived.push_back(Rig::ok<contract::Event>(reply));
        }
        return arrived;
    }
    std::vector<contract::Event> events() { return events(rig_.peer); }
    std::vector<OperationState> states() {
        std::vector<OperationState> seen;
        for (const contract::Event& event : events()) {
            seen.push_back(std::get<contract::Operation>(event.body).state);
        }
        return seen;
    }
    /// One event of operation/fr each.
    void make_events(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const base::OperationId id = rig_.new_id();
            contract::SubmitRequest request = rig_.sale(id);
            request.force = true;
            rig_.submit(request);
            rig_.of_operation(RequestKind::cancel, id);
        }
    }

    Rig rig_;
};

TEST_F(EventsTest, TellEveryStepOfAnOperationOnceAndInOrder) {
    subscribe("operation/fr");
    const base::OperationId id = rig_.prepared_sale();
    rig_.say(contract::Finished{id, 1, Rig::result(), {}, false, {}});
    rig_.of_operation(RequestKind::acknowledge, id);
    const auto seen = events();
    ASSERT_EQ(seen.size(), 4U);
    for (std::size_t i = 0; i < seen.size(); ++i) {
        const auto& operation = std::get<contract::Operation>(seen[i].body);
        EXPECT_EQ(operation.operation_id, id);
        EXPECT_EQ(operation.version, static_cast<std::int64_t>(i) + 1);
        EXPECT_EQ(seen[i].seq, seen[0].seq + static_cast<std::int64_t>(i));
    }
    EXPECT_TRUE(std::get<contract::Operation>(seen[3].body).acknowledged);
}

TEST_F(EventsTest, LeaveOnlyWhenWhatTheyTellIsOnDisk) {
    subscribe("operation/fr");
    rig_.store.held = true;
    rig_.submit(rig_.sale(rig_.new_id()));
    EXPECT_TRUE(events().empty());
    rig_.sync();
    EXPECT_EQ(states(), std::vector{OperationState::accepted});
}

TEST_F(EventsTest, OfADeviceWaitForTheBookTheyDependOn) {
    subscribe("device/fr");
    rig_.store.held = true;
    rig_.prepared_sale();
    rig_.gone();
    EXPECT_TRUE(events().empty());
    rig_.sync();
    bool in_doubt = false;
    for (const contract::Event& event : events()) {
        in_doubt |= std::get<contract::Device>(event.body).state == DeviceState::in_doubt;
    }
    EXPECT_TRUE(in_doubt);
}

TEST_F(EventsTest, StopWithoutCreditAndGoOnWithIt) {
    const auto made = subscribe("operation/fr", 2);
    make_events(3);  // two events each
    EXPECT_EQ(events().size(), 2U);
    give(made.subscription, 3);
    EXPECT_EQ(events().size(), 3U);
    give(made.subscription, 100);
    EXPECT_EQ(events().size(), 1U);
}

TEST_F(EventsTest, AreAGapWhenTheRingRanOver) {
    const auto made = subscribe("operation/fr", 1);
    make_events(kEventsPerTopicMax);
    const auto first = events();
    ASSERT_EQ(first.size(), 1U);
    give(made.subscription, 1000);
    const auto rest = events();
    ASSERT_EQ(rest.size(), 1 + kEventsPerTopicMax);
    const auto& gap = std::get<contract::Gap>(rest[0].body);
    EXPECT_FALSE(gap.restarted);
    EXPECT_EQ(gap.from_seq, first[0].seq + 1);
    EXPECT_EQ(gap.to_seq, rest[1].seq - 1);
    EXPECT_EQ(rest[0].seq, gap.to_seq);
}

TEST_F(EventsTest, AreResumedWhereAnotherConnectionStopped) {
    subscribe("operation/fr", 3);
    make_events(3);
    const auto before = events();
    ASSERT_EQ(before.size(), 3U);
    rig_.endpoint.disconnect(rig_.peer, *rig_.core);
    rig_.peer = rig_.endpoint.connect({});
    rig_.session = rig_.hello(rig_.peer);
    subscribe("operation/fr", 100, before.back().epoch, before.back().seq + 1);
    const auto after = events();
    ASSERT_EQ(after.size(), 3U);
    EXPECT_EQ(after[0].seq, before.back().seq + 1);
}

TEST_F(EventsTest, AreAGapOfTheFormerLifeAfterARestart) {
    subscribe("operation/fr");
    make_events(1);
    const auto before = events();
    Rig second(rig_.store.image());
    contract::SubscribeRequest request;
    request.topic = "operation/fr";
    request.credit = 10;
    request.epoch = before.back().epoch;
    request.from_seq = before.back().seq + 1;
    const auto made = Rig::ok<contract::SubscribeReply>(
        second.ask(second.peer, RequestKind::subscribe, contract::to_value(request)));
    EXPECT_GT(made.epoch, request.epoch);
    EXPECT_FALSE(second.next_reply());
    ASSERT_EQ(second.told[second.peer].size(), 1U);
    const auto event = Rig::ok<contract::Event>(second.told[second.peer].front());
    const auto& gap = std::get<contract::Gap>(event.body);
    EXPECT_TRUE(gap.restarted);
    EXPECT_EQ(gap.from_seq, request.from_seq);
    EXPECT_EQ(event.epoch, made.epoch);
    EXPECT_EQ(event.seq, 0);
}

TEST_F(EventsTest, AreNotSentToOnesWhoBeginNow) {
    subscribe("operation/fr");
    make_events(1);
    const ipc::PeerId other = rig_.endpoint.connect({});
    rig_.hello(other);
    ask_to_subscribe(other, "operation/fr", 10);
    EXPECT_TRUE(events(other).empty());
}

TEST_F(EventsTest, OfADeviceTellStateAndStatus) {
    subscribe("device/fr");
    const base::OperationId id = rig_.prepared_sale();
    contract::FiscalStatus status;
    status.cover_open = true;
    rig_.say(contract::Finished{id, 1, Rig::result(), {}, false, status});
    rig_.say(contract::Beat{});
    const auto seen = events();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(std::get<contract::Device>(seen[0].body).state, DeviceState::busy);
    const auto& last = std::get<contract::Device>(seen[1].body);
    EXPECT_EQ(last.state, DeviceState::ready);
    EXPECT_TRUE(std::get<contract::FiscalStatus>(*last.status).cover_open);
}

TEST_F(EventsTest, RaiseAndEndAlarms) {
    subscribe("alarms");
    const base::OperationId id = rig_.prepared_sale();
    rig_.gone();
    rig_.open_device(contract::Resolution{contract::Verdict::cannot_tell, Rig::identity(), {}, ""});
    contract::OperationResult result = Rig::result();
    std::get<contract::FiscalResult>(result).printed = contract::Printed::not_printed;
    rig_.of_operation(RequestKind::resolve, id);
    rig_.say(contract::Resolved{
        id,
        1,
        contract::Resolution{contract::Verdict::executed, Rig::identity(), result, ""},
        {},
        false});
    rig_.of_operation(RequestKind::acknowledge, id);
    std::vector<std::pair<AlarmKind, bool>> seen;
    for (const contract::Event& event : events()) {
        const auto& alarm = std::get<contract::Alarm>(event.body);
        EXPECT_EQ(alarm.operation.operation_id, id);
        seen.emplace_back(alarm.kind, alarm.raised);
    }
    const std::vector<std::pair<AlarmKind, bool>> expected{
        {AlarmKind::in_doubt, true},
        {AlarmKind::in_doubt, false},
        {AlarmKind::needs_person, true},
        {AlarmKind::needs_person, false},
        {AlarmKind::registered_not_printed, true},
        {AlarmKind::registered_not_printed, false}};
    EXPECT_EQ(seen, expected);
}

TEST_F(EventsTest, EndWithTheirSubscription) {
    const auto made = subscribe("operation/fr");
    Rig::ok<contract::Empty>(
        rig_.ask(rig_.peer, RequestKind::unsubscribe,
                 contract::to_value(contract::UnsubscribeRequest{made.subscription})));
    make_events(1);
    EXPECT_TRUE(events().empty());
}

TEST_F(EventsTest, ThatAFullQueueDoesNotTakeComeLater) {
    const ipc::PeerId other = rig_.endpoint.connect({});
    rig_.hello(other);
    const auto made =
        Rig::ok<contract::SubscribeReply>(ask_to_subscribe(other, "operation/fr", 1000));
    while (rig_.endpoint.send(other, {1, contract::Value(contract::Value::Map{})})) {
    }  // it does not read
    make_events(1);
    EXPECT_TRUE(events(other).empty());
    rig_.wait(kSendAgainAfter);
    const auto late = events(other);
    ASSERT_EQ(late.size(), 2U);
    EXPECT_EQ(late[0].seq, made.next_seq);
}

TEST_F(EventsTest, AreRefusedByTheFieldThatIsWrong) {
    const auto made = subscribe("operation/fr", 990);
    const auto text = [this](const std::string& topic, std::int64_t epoch, std::int64_t from) {
        return Rig::error(ask_to_subscribe(rig_.peer, topic, 1, epoch, from)).text;
    };
    EXPECT_EQ(text("weather", 0, 0),
              "topic: device/ID, operation/ID, prompt/ID, scan/ID, lease/ID, devices or alarms");
    EXPECT_TRUE(text("alarms", 0, 5).starts_with("epoch:"));
    EXPECT_TRUE(text("alarms", made.epoch, made.next_seq + 1).starts_with("from_seq:"));
    EXPECT_EQ(Rig::error(ask_to_subscribe(rig_.peer, "device/none", 1)).code, "unknown_device");
    EXPECT_TRUE(Rig::error(give(made.subscription, 11)).text.starts_with("credit:"));
    EXPECT_TRUE(Rig::error(give(made.subscription + 1, 1)).text.starts_with("subscription:"));
    const ipc::PeerId other = rig_.endpoint.connect({});
    rig_.hello(other);
    EXPECT_TRUE(
        Rig::error(rig_.ask(other, RequestKind::unsubscribe,
                            contract::to_value(contract::UnsubscribeRequest{made.subscription})))
            .text.starts_with("subscription:"));
}

TEST_F(EventsTest, HaveABoundOfSubscriptionsWhichAPeerThatIsGoneFreesAgain) {
    for (std::size_t i = 0; i < kSubscriptionsPerPeerMax; ++i) {
        subscribe("alarms");
    }
    EXPECT_EQ(Rig::error(ask_to_subscribe(rig_.peer, "alarms", 1)).code, "retry_later");
    rig_.endpoint.disconnect(rig_.peer, *rig_.core);
    rig_.peer = rig_.endpoint.connect({});
    rig_.session = rig_.hello(rig_.peer);
    subscribe("alarms");
}

/// Time passes, and the host beats.
void idle(Rig& rig, os::Duration time) {
    constexpr os::Duration kBeat = std::chrono::seconds(1);
    for (os::Duration passed{}; passed < time; passed += kBeat) {
        rig.wait(kBeat);
        rig.say(contract::Beat{});
    }
}

TEST(DeviceHealth, IsTheAgeOfTheLastGoodAnswerAndNoBeatMakesItYounger) {
    Rig rig;
    EXPECT_EQ(rig.device().last_ok_ms, -1);
    rig.open_device();
    EXPECT_EQ(rig.device().last_ok_ms, 0);
    idle(rig, std::chrono::seconds(10));
    EXPECT_EQ(rig.device().last_ok_ms, 10'000);
    rig.prepared_sale();  // the marker was read from the device
    EXPECT_EQ(rig.device().last_ok_ms, 0);
    rig.wait(std::chrono::seconds(3));
    rig.gone();
    EXPECT_EQ(rig.device().last_ok_ms, 3'000);
}

TEST(DeviceHealth, IsAskedForWhileTheDeviceIsIdle) {
    Rig rig;
    rig.open_device();
    idle(rig, kIdleAskAfter);
    const auto* asked = rig.hosts.last<contract::QueryCommand>();
    ASSERT_NE(asked, nullptr);
    EXPECT_TRUE(std::holds_alternative<contract::StatusQuery>(asked->query));
    EXPECT_EQ(rig.device().last_ok_ms, 30'000);
    contract::FiscalStatus status;
    status.cover_open = true;
    rig.say(contract::Queried{asked->ticket, status, {}, false});
    EXPECT_EQ(rig.device().last_ok_ms, 0);
    EXPECT_TRUE(std::get<contract::FiscalStatus>(*rig.device().status).cover_open);
    const std::size_t sent = rig.hosts.sent.size();
    idle(rig, kIdleAskAfter - std::chrono::seconds(1));
    EXPECT_EQ(rig.hosts.sent.size(), sent);  // not before it is time
}

TEST(DeviceHealth, GrowsOldWhenAnIdleDeviceDoesNotAnswer) {
    Rig rig;
    rig.open_device();
    idle(rig, kIdleAskAfter);
    const auto* asked = rig.hosts.last<contract::QueryCommand>();
    ASSERT_NE(asked, nullptr);
    const auto error = contract::to_contract(base::make_error(base::ErrorCode::no_answer, ""));
    rig.say(contract::Queried{asked->ticket, {}, error, true});
    EXPECT_EQ(rig.device().state, DeviceState::opening);
    EXPECT_EQ(rig.device().last_ok_ms, 30'000);
    EXPECT_NE(rig.hosts.last<contract::Open>(), nullptr);
}

}  // namespace
}  // namespace tillhost::devd::core
