// Claim: a client learns the truth of what it handed over, under one id, whatever breaks between.
// Shown on a devd of a few lines behind loopback connections that break as told, on a fake clock.
#include "ipc/client/cpp/client.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/files.h"
#include "ipc/contract/decoder.h"
#include "ipc/loopback_endpoint.h"

namespace tillhost::client {
namespace {

using base::Effect;
using base::ErrorCode;
using base::make_error;
using contract::Operation;
using contract::OperationState;
using contract::RequestKind;
using contract::Value;

/// As much of devd as a client sees: sessions, ids, repeats, tombstones.
class FakeDevd final : public ipc::RequestHandler {
public:
    explicit FakeDevd(ipc::ReplySink& replies) : replies_(replies) {}

    void on_request(ipc::PeerId peer, const ipc::PeerIdentity&,
                    const contract::Request& request) override {
        asked.push_back(request.kind);
        auto outcome = answer(peer, request);
        if (outcome) {
            replies_.send(peer, {request.id, std::move(*outcome)});
        } else {
            replies_.send(peer, {request.id, contract::to_contract(outcome.error())});
        }
    }
    void on_peer_gone(ipc::PeerId peer) override { sessions_.erase(peer); }

    std::vector<RequestKind> asked;
    std::map<base::OperationId, Operation> book;
    std::set<std::int64_t> submit_sessions;
    int executed = 0;
    std::optional<base::Error> refuse_submit;  ///< of unknown ids
    OperationState becomes = OperationState::done;
    std::optional<contract::Error> waits_for;  ///< of what stays accepted
    int doubtful_looks = 0;                    ///< so many awaits find it in doubt
    std::vector<contract::SubscribeRequest> subscribes;
    ipc::PeerId subscriber{};
    std::int64_t next_seq = 5;

    /// Sends the next event to whoever subscribed last.
    void tell() {
        contract::Event event;
        event.subscription = last_subscription_;
        event.epoch = 7;
        event.seq = next_seq++;
        event.body = contract::Gap{};
        replies_.send(subscriber, {1, contract::to_value(event), true});
    }

private:
    base::Result<Value> answer(ipc::PeerId peer, const contract::Request& request) {
        if (request.kind == RequestKind::hello) {
            sessions_[peer] = ++last_session_;
            return contract::to_value(contract::HelloReply{1, last_session_, "test", "hash"});
        }
        if (request.kind == RequestKind::submit) {
            return submit(peer, request.body);
        }
        if (request.kind == RequestKind::await) {
            return await(request.body);
        }
        if (request.kind == RequestKind::settle || request.kind == RequestKind::acknowledge) {
            return settle(request.body);
        }
        if (request.kind == RequestKind::subscribe) {
            subscribes.push_back(
                TRY(contract::from_value<contract::SubscribeRequest>(request.body)));
            subscriber = peer;
            return contract::to_value(contract::SubscribeReply{++last_subscription_, 7, next_seq});
        }
        if (request.kind == RequestKind::credit || request.kind == RequestKind::unsubscribe) {
            return contract::to_value(contract::Empty{});
        }
        return contract::to_value(contract::DevicesReply{});
    }
    base::Result<Value> submit(ipc::PeerId peer, const Value& body) {
        const auto request = TRY(contract::from_value<contract::SubmitRequest>(body));
        if (request.session != sessions_[peer]) {
            return make_error(ErrorCode::stale_session, "");
        }
        submit_sessions.insert(request.session);
        if (const auto found = book.find(request.operation_id); found != book.end()) {
            return contract::to_value(found->second);
        }
        if (refuse_submit) {
            return *refuse_submit;
        }
        Operation operation;
        operation.operation_id = request.operation_id;
        operation.device = request.device;
        operation.state = OperationState::accepted;
        book.emplace(request.operation_id, operation);
        return contract::to_value(operation);
    }
    base::Result<Value> await(const Value& body) {
        const auto request = TRY(contract::from_value<contract::OperationRequest>(body));
        Operation& operation = book.at(request.operation_id);
        if (doubtful_looks > 0) {
            --doubtful_looks;
            operation.state = OperationState::in_doubt;
        } else if (!is_final(operation.state)) {
            operation.state = becomes;
            operation.error = waits_for;
            executed += becomes == OperationState::done ? 1 : 0;
        }
        return contract::to_value(operation);
    }
    base::Result<Value> settle(const Value& body) {
        const auto request = TRY(contract::from_value<contract::SessionOperationRequest>(body));
        const auto [entry, unknown] = book.try_emplace(request.operation_id);
        if (unknown) {
            entry->second.operation_id = request.operation_id;
            entry->second.state = OperationState::never_accepted;
        }
        return contract::to_value(entry->second);
    }

    ipc::ReplySink& replies_;
    std::map<ipc::PeerId, std::int64_t> sessions_;
    std::int64_t last_session_ = 100;
    std::int64_t last_subscription_ = 0;
};

/// Where the next request of a kind breaks the connection.
enum class Break { before_sending, after_sending };

struct Plan {
    std::multimap<RequestKind, Break> breaks;  ///< each once
    int refused_connections = 0;
    std::optional<int> events_until_break;  ///< next_event() finds nothing so often, then breaks
};

class LoopbackConnection final : public Connection {
public:
    LoopbackConnection(ipc::LoopbackEndpoint& endpoint, FakeDevd& devd, Plan& plan)
        : endpoint_(endpoint), devd_(devd), plan_(plan), peer_(endpoint.connect({})) {}
    ~LoopbackConnection() override { endpoint_.disconnect(peer_, devd_); }

    base::Result<Value> call(RequestKind kind, Value body, os::Deadline) override {
        const auto due = plan_.breaks.find(kind);
        const bool breaks = due != plan_.breaks.end();
        const Break when = breaks ? due->second : Break::before_sending;
        if (breaks) {
            plan_.breaks.erase(due);
            lost_ = true;
        }
        if (breaks && when == Break::before_sending) {
            return make_error(ErrorCode::link_lost, "", Effect::unknown);
        }
        endpoint_.request(peer_, {kind, ++last_, 0, std::move(body)}, devd_);
        auto reply = endpoint_.next_reply(peer_);
        if (breaks) {
            return make_error(ErrorCode::link_lost, "", Effect::unknown);
        }
        if (const auto* error = std::get_if<contract::Error>(&reply->outcome)) {
            return contract::to_base(*error);
        }
        return std::get<Value>(std::move(reply->outcome));
    }
    base::Result<std::optional<contract::Event>> next_event(os::Deadline) override {
        while (const auto reply = endpoint_.next_reply(peer_)) {
            if (reply->is_event) {
                return std::optional(
                    MUST(contract::from_value<contract::Event>(std::get<Value>(reply->outcome))));
            }
        }
        if (plan_.events_until_break && --*plan_.events_until_break < 0) {
            plan_.events_until_break.reset();
            lost_ = true;
            endpoint_.disconnect(peer_, devd_);
            return make_error(ErrorCode::link_lost, "", Effect::unknown);
        }
        return std::optional<contract::Event>();
    }
    bool lost() override { return lost_; }

private:
    ipc::LoopbackEndpoint& endpoint_;
    FakeDevd& devd_;
    Plan& plan_;
    ipc::PeerId peer_;
    std::int64_t last_ = 0;
    bool lost_ = false;
};

class LoopbackConnector final : public Connector {
public:
    LoopbackConnector(ipc::LoopbackEndpoint& endpoint, FakeDevd& devd, Plan& plan)
        : endpoint_(endpoint), devd_(devd), plan_(plan) {}
    base::Result<std::unique_ptr<Connection>> connect(os::Deadline) override {
        if (plan_.refused_connections > 0) {
            --plan_.refused_connections;
            return make_error(ErrorCode::no_daemon, "");
        }
        return std::make_unique<LoopbackConnection>(endpoint_, devd_, plan_);
    }

private:
    ipc::LoopbackEndpoint& endpoint_;
    FakeDevd& devd_;
    Plan& plan_;
};

class ClientTest : public testing::Test {
protected:
    ClientTest() : devd_(endpoint_) {
        options_.operation_id = make_operation_id(clock_);
        client_ =
            MUST(Client::connect_over(std::make_unique<LoopbackConnector>(endpoint_, devd_, plan_),
                                      {.name = "test"}, clock_, deadline()));
    }
    os::Deadline deadline() const { return clock_.now() + std::chrono::seconds(60); }
    base::Result<Operation> sell() {
        contract::Receipt receipt;
        receipt.kind = contract::ReceiptKind::sale;
        contract::ReceiptLine& line = receipt.lines.emplace_back();
        line.name = "Tea";
        line.price_minor = 100;
        line.quantity_units = 1;
        line.vat = contract::Vat::no_vat;
        receipt.payments.push_back({contract::PaymentKind::cash, 100});
        return client_->sell("kassa", receipt, options_, deadline());
    }
    int count(RequestKind kind) const {
        return static_cast<int>(std::count(devd_.asked.begin(), devd_.asked.end(), kind));
    }

    os::FakeClock clock_;
    ipc::LoopbackEndpoint endpoint_;
    FakeDevd devd_;
    Plan plan_;
    OperationOptions options_;
    std::unique_ptr<Client> client_;
};

TEST_F(ClientTest, SellsOnceWhenNothingBreaks) {
    const auto sold = sell();
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
    EXPECT_EQ(devd_.executed, 1);
    EXPECT_EQ(count(RequestKind::submit), 1);
}

TEST_F(ClientTest, HandsOverUnderTheSameIdAndAnotherSessionWhenTheConnectionBreaks) {
    for (const RequestKind kind : {RequestKind::submit, RequestKind::await}) {
        for (const Break when : {Break::before_sending, Break::after_sending}) {
            devd_.book.clear();
            devd_.executed = 0;
            plan_.breaks.emplace(kind, when);
            const auto sold = sell();
            ASSERT_TRUE(sold) << base::to_text(sold.error());
            EXPECT_EQ(sold->state, OperationState::done);
            EXPECT_EQ(sold->operation_id, options_.operation_id);
            EXPECT_EQ(devd_.executed, 1);
            EXPECT_EQ(devd_.book.size(), 1U);
        }
    }
    EXPECT_GE(devd_.submit_sessions.size(), 3U);
}

TEST_F(ClientTest, WaitsForADaemonThatIsRestarted) {
    plan_.breaks.emplace(RequestKind::submit, Break::before_sending);
    plan_.refused_connections = 5;
    const auto sold = sell();
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(devd_.executed, 1);
}

TEST_F(ClientTest, SaysUnknownWhenTheDaemonStaysAwayAfterAHandOver) {
    plan_.breaks.emplace(RequestKind::submit, Break::after_sending);
    plan_.refused_connections = 1'000'000;
    const auto sold = sell();
    ASSERT_FALSE(sold);
    EXPECT_EQ(sold.error().effect, Effect::unknown);
    EXPECT_EQ(devd_.book.size(), 1U);  // it had arrived
}

TEST_F(ClientTest, ReturnsARefusalAtOnceAndLeavesTheIdUnused) {
    devd_.refuse_submit = make_error(ErrorCode::unknown_device, "no kassa");
    const auto sold = sell();
    ASSERT_FALSE(sold);
    EXPECT_EQ(sold.error().code, ErrorCode::unknown_device);
    EXPECT_EQ(sold.error().effect, Effect::none);
    EXPECT_EQ(count(RequestKind::settle), 0);
    EXPECT_TRUE(devd_.book.empty());
}

TEST_F(ClientTest, SettlesTheIdBeforeItReturnsARefusalThatAnOlderMessageMayOvertake) {
    plan_.breaks.emplace(RequestKind::submit, Break::before_sending);
    devd_.refuse_submit = make_error(ErrorCode::retry_later, "queue full");
    const auto sold = sell();
    ASSERT_FALSE(sold);
    EXPECT_EQ(sold.error().code, ErrorCode::retry_later);
    EXPECT_EQ(sold.error().effect, Effect::none);
    EXPECT_EQ(devd_.book.at(options_.operation_id).state, OperationState::never_accepted);
}

TEST_F(ClientTest, ReturnsADoubtAtOnceWithoutPatience) {
    devd_.becomes = OperationState::in_doubt;
    const auto sold = sell();
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::in_doubt);
    EXPECT_EQ(count(RequestKind::await), 1);
}

TEST_F(ClientTest, WaitsForTheVerdictWhilePatienceLasts) {
    devd_.doubtful_looks = 3;
    options_.doubt_patience = std::chrono::seconds(5);
    const auto sold = sell();
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
    EXPECT_EQ(count(RequestKind::await), 4);
}

TEST_F(ClientTest, ReturnsASaleThatOnlyAPersonHelpsOn) {
    devd_.becomes = OperationState::accepted;
    devd_.waits_for = contract::to_contract(make_error(ErrorCode::compensation_open, ""));
    const auto sold = sell();
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::accepted);
    EXPECT_EQ(count(RequestKind::await), 1);
}

TEST_F(ClientTest, ShowsWhatItWaitsForUntilWhoeverWatchesHasSeenEnough) {
    devd_.doubtful_looks = 3;
    options_.doubt_patience = std::chrono::seconds(5);
    int looks = 0;
    options_.watch = [&looks](const Operation& so_far) {
        EXPECT_EQ(so_far.state, OperationState::in_doubt);
        return ++looks < 2;
    };
    const auto sold = sell();
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::in_doubt);
    EXPECT_EQ(count(RequestKind::await), 2);
}

TEST_F(ClientTest, RefusesAnOperationWithoutAnId) {
    options_.operation_id = {};
    const auto sold = sell();
    ASSERT_FALSE(sold);
    EXPECT_EQ(sold.error().code, ErrorCode::bad_field);
    EXPECT_EQ(count(RequestKind::submit), 0);
}

TEST_F(ClientTest, GoesOnWithATopicWhereALostConnectionStopped) {
    ASSERT_TRUE(client_->subscribe("alarms", {}, deadline()));
    devd_.tell();
    devd_.tell();
    ASSERT_TRUE(MUST(client_->next_event(deadline())).has_value());
    const auto second = MUST(client_->next_event(deadline()));
    ASSERT_TRUE(second);
    EXPECT_EQ(second->topic, "alarms");
    EXPECT_EQ(second->event.seq, 6);
    plan_.events_until_break = 0;
    EXPECT_FALSE(MUST(client_->next_event(deadline())).has_value());
    ASSERT_EQ(devd_.subscribes.size(), 2U);
    EXPECT_EQ(devd_.subscribes[0].epoch, 0);
    EXPECT_EQ(devd_.subscribes[1].epoch, 7);
    EXPECT_EQ(devd_.subscribes[1].from_seq, 7);
    devd_.tell();
    EXPECT_EQ(MUST(client_->next_event(deadline()))->event.seq, 7);
}

TEST_F(ClientTest, RenewsCreditBeforeItIsUsedUp) {
    ASSERT_TRUE(client_->subscribe("alarms", {}, deadline()));
    for (std::int64_t i = 0; i < kEventCredit; ++i) {
        devd_.tell();
        ASSERT_TRUE(MUST(client_->next_event(deadline())).has_value());
    }
    EXPECT_EQ(count(RequestKind::credit), 2);
}

TEST_F(ClientTest, ForgetsATopicThatIsUnsubscribed) {
    ASSERT_TRUE(client_->subscribe("alarms", {}, deadline()));
    EXPECT_TRUE(client_->place_of("alarms"));
    ASSERT_TRUE(client_->unsubscribe("alarms", deadline()));
    EXPECT_FALSE(client_->place_of("alarms"));
    EXPECT_EQ(count(RequestKind::unsubscribe), 1);
}

/// The program with a journal, which can be started again.
class JournalTest : public ClientTest {
protected:
    JournalTest() {
        path_ = testing::TempDir() + "journal." + options_.operation_id.to_text();
        start();
    }
    ~JournalTest() override {
        for (const char* ending : {"", ".lock"}) {
            EXPECT_TRUE(os::remove_file(path_ + ending));
        }
    }
    void start() {
        client_.reset();  // its lock
        client_ =
            MUST(Client::connect_over(std::make_unique<LoopbackConnector>(endpoint_, devd_, plan_),
                                      {.name = "test", .journal = path_}, clock_, deadline()));
    }
    std::string path_;
};

TEST_F(JournalTest, GivesBackWhatAnEarlierRunDidNotAcknowledgeAndCarriesItOutOnce) {
    plan_.breaks.emplace(RequestKind::submit, Break::after_sending);
    plan_.refused_connections = 1'000'000;
    ASSERT_FALSE(sell());
    plan_.refused_connections = 0;
    start();
    const auto kept = client_->unfinished();
    ASSERT_EQ(kept.size(), 1U);
    EXPECT_EQ(kept[0].operation_id, options_.operation_id);
    const auto resumed = client_->resume(kept[0], {}, deadline());
    ASSERT_TRUE(resumed) << base::to_text(resumed.error());
    EXPECT_EQ(resumed->state, OperationState::done);
    EXPECT_EQ(devd_.executed, 1);
    ASSERT_TRUE(client_->acknowledge(kept[0].operation_id, deadline()));
    EXPECT_TRUE(client_->unfinished().empty());
    start();
    EXPECT_TRUE(client_->unfinished().empty());
}

TEST_F(JournalTest, KeepsAnOperationUntilItIsAcknowledged) {
    ASSERT_TRUE(sell());
    EXPECT_EQ(client_->unfinished().size(), 1U);
    start();
    EXPECT_EQ(client_->unfinished().size(), 1U);
}

TEST_F(JournalTest, ForgetsARefusalAfterWhichNothingCanCome) {
    devd_.refuse_submit = make_error(ErrorCode::unknown_device, "");
    EXPECT_FALSE(sell());
    EXPECT_TRUE(client_->unfinished().empty());
}

TEST_F(JournalTest, SettlesARefusedIdThatAnEarlierRunMayHaveHandedOver) {
    plan_.breaks.emplace(RequestKind::submit, Break::before_sending);
    plan_.refused_connections = 1'000'000;
    ASSERT_FALSE(sell());
    plan_.refused_connections = 0;
    start();
    devd_.refuse_submit = make_error(ErrorCode::storage_full, "");
    const auto resumed = client_->resume(client_->unfinished().front(), {}, deadline());
    ASSERT_FALSE(resumed);
    EXPECT_EQ(resumed.error().effect, Effect::none);
    EXPECT_EQ(devd_.book.at(options_.operation_id).state, OperationState::never_accepted);
    EXPECT_TRUE(client_->unfinished().empty());
}

TEST_F(JournalTest, IsForOneProgramAtATime) {
    const auto second = Journal::open(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::already_running);
}

TEST_F(JournalTest, IsNotTakenForOneWhenItIsNone) {
    client_.reset();
    const std::string text = "{\"version\": 1, \"operations\": 5}";
    ASSERT_TRUE(os::write_atomically(path_, std::as_bytes(std::span(text))));
    const auto opened = Journal::open(path_);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().detail.find("operations"), std::string::npos);
}

TEST_F(ClientTest, PutsAnyRequestOfTheSchema) {
    const auto answer = client_->request(RequestKind::devices, Value(Value::Map{}), deadline());
    ASSERT_TRUE(answer);
    EXPECT_TRUE(contract::from_value<contract::DevicesReply>(*answer));
}

TEST_F(ClientTest, ConnectsAnewForTheNextCallAfterALoss) {
    plan_.breaks.emplace(RequestKind::devices, Break::before_sending);
    const auto lost = client_->devices(deadline());
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::link_lost);
    EXPECT_TRUE(client_->devices(deadline()));
    EXPECT_EQ(count(RequestKind::hello), 2);
}

}  // namespace
}  // namespace tillhost::client
