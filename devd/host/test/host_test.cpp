// Claim: a host keeps the rules of its link whatever devd and the driver do, and no driver gets a
// go that was not meant for it. Shown with a scripted devd and scripted drivers on virtual time.
#include "devd/host/host.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hal/os/fake/fake_clock.h"
#include "ipc/contract/envelope.h"

namespace tillhost::devd::host {
namespace {

using base::Effect;
using base::ErrorCode;
using base::make_error;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kEpoch = 7;
const base::OperationId kOperation = base::OperationId::make(1'780'000'000'000, {1, 2});
const base::OperationId kOther = base::OperationId::make(1'780'000'000'000, {3, 4});

/// devd by a script: words, and times in which it says nothing. At its end it is gone.
class ScriptedLink final : public HostLink {
public:
    using Step = std::variant<contract::ToHost, os::Duration>;

    explicit ScriptedLink(os::FakeClock& clock) : clock_(clock) {}
    base::Done send(const contract::FromHost& message) override {
        said.push_back(message);
        said_at.push_back(clock_.now());
        return {};
    }
    base::Result<contract::ToHost> receive(os::Deadline deadline) override {
        while (!script.empty()) {
            if (auto* word = std::get_if<contract::ToHost>(&script.front())) {
                contract::ToHost message = std::move(*word);
                script.pop_front();
                return message;
            }
            auto& silence = std::get<os::Duration>(script.front());
            if (deadline - clock_.now() < silence) {
                const os::Duration waited = std::max(deadline - clock_.now(), os::Duration::zero());
                silence -= waited;
                clock_.advance(waited);
                return make_error(ErrorCode::deadline_passed, "");
            }
            clock_.advance(silence);
            script.pop_front();
        }
        return make_error(ErrorCode::link_lost, "devd is gone");
    }

    std::deque<Step> script;
    std::vector<contract::FromHost> said;
    std::vector<os::Instant> said_at;

private:
    os::FakeClock& clock_;
};

/// What a driver does, told by each test.
struct Deeds {
    std::function<base::Result<device::Opened>(device::Gate&, bool pending)> open =
        [](device::Gate&, bool pending) -> base::Result<device::Opened> {
        device::Opened opened;
        opened.status = contract::EchoStatus{};
        if (pending) {
            opened.resolution = contract::Resolution{contract::Verdict::not_executed, {}, {}, ""};
        }
        return opened;
    };
    std::function<base::Result<contract::OperationResult>(device::Gate&)> execute =
        [](device::Gate&) { return contract::OperationResult(contract::FiscalResult{}); };
    std::function<base::Result<contract::Resolution>()> resolve = [] {
        return contract::Resolution{contract::Verdict::cannot_tell, {}, {}, ""};
    };
    std::function<base::Result<contract::ClassStatus>()> query = [] {
        return contract::ClassStatus(contract::EchoStatus{});
    };
    std::optional<contract::ClassStatus> known{};
    int made = 0;
    int alive = 0;
    int executed = 0;
};

class ScriptedDriver final : public device::Driver {
public:
    explicit ScriptedDriver(Deeds& deeds) : deeds_(deeds) {
        ++deeds.made;
        ++deeds.alive;
    }
    ~ScriptedDriver() override { --deeds_.alive; }
    base::Result<device::Opened> open(const std::optional<contract::Pending>& pending,
                                      device::Gate& gate, os::Deadline) override {
        return deeds_.open(gate, pending.has_value());
    }
    base::Result<contract::OperationResult> execute(const contract::Command&, device::Gate& gate,
                                                    os::Deadline) override {
        ++deeds_.executed;
        return deeds_.execute(gate);
    }
    base::Result<contract::Resolution> resolve(const contract::Pending&, device::Gate&,
                                               os::Deadline) override {
        return deeds_.resolve();
    }
    base::Result<contract::ClassStatus> query(const contract::Query&, os::Deadline) override {
        return deeds_.query();
    }
    std::optional<contract::ClassStatus> known_status() const override { return deeds_.known; }

private:
    Deeds& deeds_;
};

contract::ToHost open_command(bool pending = false) {
    contract::Open open;
    open.epoch = kEpoch;
    open.device = "kassa";
    open.budget_ms = 10'000;
    if (pending) {
        open.pending.emplace();
        open.pending->operation_id = kOperation;
        open.pending->attempt = 2;
        open.pending->command = contract::XReport{};
    }
    return open;
}
contract::ToHost execute_command() {
    contract::Execute execute;
    execute.operation_id = kOperation;
    execute.attempt = 1;
    execute.command = contract::OpenDrawer{};
    execute.budget_ms = 10'000;
    return execute;
}
contract::ToHost resolve_command() {
    contract::ResolveCommand resolve;
    resolve.pending.operation_id = kOperation;
    resolve.pending.attempt = 1;
    resolve.budget_ms = 10'000;
    return resolve;
}
contract::ToHost query_command(std::int64_t ticket) {
    return contract::QueryCommand{ticket, contract::StatusQuery{}, 1000};
}
contract::ToHost go(const base::OperationId& id, std::int64_t attempt, std::int64_t epoch) {
    return contract::Go{id, attempt, epoch};
}

class HostTest : public testing::Test {
protected:
    base::Error run(std::deque<ScriptedLink::Step> script) {
        link_.script = std::move(script);
        Host host(
            link_, clock_, {"scripted", 42, record_},
            [this](const std::vector<contract::Setting>& settings)
                -> base::Result<std::unique_ptr<device::Driver>> {
                if (!settings.empty()) {
                    return make_error(ErrorCode::config_invalid, "settings.speed");
                }
                return std::unique_ptr<device::Driver>(std::make_unique<ScriptedDriver>(deeds_));
            });
        return host.run();
    }
    /// "hello opened finished": what the host said, in one line.
    std::string said() const {
        std::string names;
        for (const auto& message : link_.said) {
            names += names.empty() ? "" : " ";
            names += contract::case_of(message);
        }
        return names;
    }
    template <class Message>
    const Message& last() const {
        return std::get<Message>(link_.said.back());
    }
    /// What the driver's persist of a marker gives when devd answers with that.
    base::Done persist_answered_with(contract::ToHost word) {
        base::Done outcome;
        deeds_.execute = [&](device::Gate& gate) -> base::Result<contract::OperationResult> {
            outcome = gate.persist(contract::Marker(contract::FiscalMarker{}));
            TRY(base::Done(outcome));
            return contract::OperationResult(contract::FiscalResult{});
        };
        link_.said.clear();
        end_ = run({open_command(), execute_command(), std::move(word)});
        return outcome;
    }

    os::FakeClock clock_;
    ScriptedLink link_{clock_};
    Deeds deeds_;
    Record record_;
    base::Error end_;
};

TEST_F(HostTest, ServesOneCommandAfterTheOther) {
    const base::Error end = run({open_command(), execute_command(), resolve_command(),
                                 query_command(9), query_command(10)});
    EXPECT_EQ(end.code, ErrorCode::link_lost);
    EXPECT_EQ(said(), "hello opened finished resolved queried queried");
    const auto& hello = std::get<contract::HostHello>(link_.said[0]);
    EXPECT_EQ(hello.version, kLinkVersion);
    EXPECT_EQ(hello.driver, "scripted");
    EXPECT_EQ(hello.pid, 42);
    const auto& finished = std::get<contract::Finished>(link_.said[2]);
    EXPECT_EQ(finished.operation_id, kOperation);
    EXPECT_EQ(finished.attempt, 1);
    EXPECT_TRUE(finished.result && !finished.error && !finished.link_lost);
    EXPECT_EQ(last<contract::Queried>().ticket, 10);
    EXPECT_EQ(deeds_.made, 1);
}

TEST_F(HostTest, FinishedCarriesTheStatusThatTheDriverKnowsUnlessTheLineIsLost) {
    contract::FiscalStatus status;
    status.last_document_number = 41;
    deeds_.known = status;
    run({open_command(), execute_command()});
    EXPECT_EQ(last<contract::Finished>().status, deeds_.known);
    deeds_.execute = [](device::Gate&) -> base::Result<contract::OperationResult> {
        return make_error(ErrorCode::link_lost, "pulled");
    };
    run({open_command(), execute_command()});
    EXPECT_FALSE(last<contract::Finished>().status);
}

TEST_F(HostTest, AMarkerWaitsForItsGoHoweverLongItTakes) {
    std::int64_t waited_s = 0;
    deeds_.execute = [&](device::Gate& gate) -> base::Result<contract::OperationResult> {
        const os::Instant before = clock_.now();
        TRY(gate.persist(contract::Marker(contract::FiscalMarker{})));
        waited_s = (clock_.now() - before) / seconds(1);
        return contract::OperationResult(contract::FiscalResult{});
    };
    run({open_command(), execute_command(), os::Duration(std::chrono::hours(2)),
         go(kOperation, 1, kEpoch)});
    EXPECT_EQ(said(), "hello opened persist finished beat");
    EXPECT_TRUE(std::get<contract::Finished>(link_.said[3]).result);
    EXPECT_EQ(waited_s, 7200);
    const auto& persist = std::get<contract::Persist>(link_.said[2]);
    EXPECT_EQ(persist.operation_id, kOperation);
    EXPECT_EQ(persist.attempt, 1);
}

TEST_F(HostTest, AGoForAnotherOperationAttemptOrHostIsARefusal) {
    EXPECT_TRUE(persist_answered_with(go(kOperation, 1, kEpoch)));
    for (const auto& word : {go(kOther, 1, kEpoch), go(kOperation, 2, kEpoch),
                             go(kOperation, 1, kEpoch - 1), go(kOperation, 1, kEpoch + 1)}) {
        const base::Done outcome = persist_answered_with(word);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, ErrorCode::wrong_state);
        EXPECT_EQ(outcome.error().effect, Effect::none);
        EXPECT_EQ(said(), "hello opened persist finished");
        EXPECT_FALSE(last<contract::Finished>().link_lost);
    }
}

TEST_F(HostTest, ARefusalReachesTheDriverAsDevdSaidIt) {
    const auto error = contract::to_contract(make_error(ErrorCode::storage_full, "no room"));
    const base::Done outcome = persist_answered_with(contract::Refused{kOperation, 1, error});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::storage_full);
    EXPECT_EQ(last<contract::Finished>().error->code, "storage_full");
}

TEST_F(HostTest, AnyOtherWordThanTheAnswerEndsTheHost) {
    for (const auto& word : {contract::ToHost(contract::Persisted{kOperation, 1}), open_command(),
                             execute_command(), resolve_command()}) {
        const base::Done outcome = persist_answered_with(word);
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, ErrorCode::malformed);
        EXPECT_EQ(end_.code, ErrorCode::malformed);
        EXPECT_EQ(said(), "hello opened persist") << "nothing more is said on a broken link";
    }
}

TEST_F(HostTest, EvidenceAndResultsWaitForPersisted) {
    deeds_.execute = [&](device::Gate& gate) -> base::Result<contract::OperationResult> {
        TRY(gate.persist(contract::Evidence{"pending_answer", {}}));
        TRY(gate.persist(contract::OperationResult(contract::FiscalResult{})));
        return contract::OperationResult(contract::FiscalResult{});
    };
    const contract::ToHost persisted = contract::Persisted{kOperation, 1};
    run({open_command(), execute_command(), persisted, persisted});
    EXPECT_EQ(said(), "hello opened persist persist finished");
    EXPECT_TRUE(last<contract::Finished>().result);
    link_.said.clear();
    run({open_command(), execute_command(), contract::Persisted{kOther, 1}});
    EXPECT_EQ(last<contract::Finished>().error->code, "wrong_state");
}

TEST_F(HostTest, DevdGoneWhileADriverWaitsEndsTheHost) {
    base::Done first;
    base::Done second;
    deeds_.execute = [&](device::Gate& gate) -> base::Result<contract::OperationResult> {
        first = gate.persist(contract::Marker(contract::FiscalMarker{}));
        second = gate.persist(contract::Marker(contract::FiscalMarker{}));
        return contract::OperationResult(contract::FiscalResult{});
    };
    EXPECT_EQ(run({open_command(), execute_command()}).code, ErrorCode::link_lost);
    EXPECT_EQ(first.error().code, ErrorCode::link_lost);
    EXPECT_EQ(second.error().code, ErrorCode::link_lost);
    EXPECT_EQ(said(), "hello opened persist");
}

TEST_F(HostTest, QueriesThatArriveMeanwhileAreAnsweredAfterwards) {
    deeds_.execute = [&](device::Gate& gate) -> base::Result<contract::OperationResult> {
        TRY(gate.persist(contract::Marker(contract::FiscalMarker{})));
        return contract::OperationResult(contract::FiscalResult{});
    };
    run({open_command(), execute_command(), query_command(1), query_command(2),
         go(kOperation, 1, kEpoch)});
    EXPECT_EQ(said(), "hello opened persist finished queried queried");
    EXPECT_EQ(last<contract::Queried>().ticket, 2);
    link_.said.clear();
    std::deque<ScriptedLink::Step> flood{open_command(), execute_command()};
    flood.resize(flood.size() + kDeferredQueriesMax + 1, query_command(3));
    EXPECT_EQ(run(flood).code, ErrorCode::malformed);
}

TEST_F(HostTest, RecordsByItselfAndAsksNoDriverForIt) {
    const contract::ToHost command =
        contract::QueryCommand{4, contract::RecordQuery{"/tmp/line"}, 1000};
    deeds_.query = [&]() -> base::Result<contract::ClassStatus> {
        return make_error(ErrorCode::internal, "the driver was asked");
    };
    run({open_command(), command});
    EXPECT_EQ(last<contract::Queried>().error->code, "not_supported");
    record_ = [](const contract::RecordQuery& query) {
        return contract::RecordingStatus{query.path, 7};
    };
    run({open_command(), command});
    const auto& status = std::get<contract::RecordingStatus>(*last<contract::Queried>().status);
    EXPECT_EQ(status.path, "/tmp/line");
    EXPECT_EQ(status.size, 7);
}

TEST_F(HostTest, BeatsWhileItWaitsForWork) {
    run({open_command(), os::Duration(seconds(60))});
    os::Instant last_word = link_.said_at.front();
    for (const os::Instant at : link_.said_at) {
        EXPECT_LE(at - last_word, seconds(2));
        last_word = at;
    }
    EXPECT_GE(last_word - os::Instant{}, seconds(58));
    EXPECT_GE(link_.said.size(), 30U);
}

TEST_F(HostTest, BeatsAlsoBetweenCommandsThatFollowEachOther) {
    deeds_.query = [&] {
        clock_.advance(milliseconds(700));
        return contract::ClassStatus(contract::EchoStatus{});
    };
    std::deque<ScriptedLink::Step> script{open_command()};
    script.resize(31, query_command(1));
    run(script);
    int beats = 0;
    for (const auto& message : link_.said) {
        beats += std::holds_alternative<contract::Beat>(message) ? 1 : 0;
    }
    EXPECT_GE(beats, 9);  // 21 seconds, one at least every 2.2
}

TEST_F(HostTest, ALostLineIsToldAndTheDriverMadeAnewByTheNextOpen) {
    deeds_.execute = [&](device::Gate&) -> base::Result<contract::OperationResult> {
        return make_error(ErrorCode::no_answer, "", Effect::unknown);
    };
    run({open_command(), execute_command(), execute_command(), resolve_command(), query_command(1),
         open_command(), query_command(2)});
    EXPECT_EQ(said(), "hello opened finished finished resolved queried opened queried");
    const auto& lost = std::get<contract::Finished>(link_.said[2]);
    EXPECT_TRUE(lost.link_lost);
    EXPECT_EQ(lost.error->effect, Effect::unknown);
    const auto& untouched = std::get<contract::Finished>(link_.said[3]);
    EXPECT_EQ(untouched.error->code, "device_not_ready");
    EXPECT_EQ(untouched.error->effect, Effect::none);
    EXPECT_TRUE(untouched.link_lost);
    EXPECT_TRUE(std::get<contract::Resolved>(link_.said[4]).link_lost);
    EXPECT_TRUE(std::get<contract::Queried>(link_.said[5]).link_lost);
    EXPECT_FALSE(last<contract::Queried>().link_lost);
    EXPECT_EQ(deeds_.executed, 1);
    EXPECT_EQ(deeds_.made, 2);
}

TEST_F(HostTest, SaysWhichErrorsLoseTheLine) {
    const std::pair<base::Error, bool> cases[] = {
        {make_error(ErrorCode::link_lost, ""), true},
        {make_error(ErrorCode::frame_damaged, "", Effect::unknown), true},
        {make_error(ErrorCode::deadline_passed, "", Effect::unknown), true},
        {make_error(ErrorCode::deadline_passed, ""), false},
        {make_error(ErrorCode::port_missing, ""), true},
        {make_error(ErrorCode::wrong_device, ""), true},
        {make_error(ErrorCode::paper_out, ""), false},
        {make_error(ErrorCode::device_failed, "", Effect::unknown), false},
        {make_error(ErrorCode::not_supported, ""), false}};
    for (const auto& [error, lost] : cases) {
        deeds_.execute = [&](device::Gate&) -> base::Result<contract::OperationResult> {
            return error;
        };
        deeds_.resolve = [&]() -> base::Result<contract::Resolution> { return error; };
        deeds_.query = [&]() -> base::Result<contract::ClassStatus> { return error; };
        run({open_command(), execute_command()});
        EXPECT_EQ(last<contract::Finished>().link_lost, lost) << base::to_text(error);
        run({open_command(), resolve_command()});
        EXPECT_EQ(last<contract::Resolved>().link_lost, lost) << base::to_text(error);
        run({open_command(), query_command(1)});
        EXPECT_EQ(last<contract::Queried>().link_lost, lost) << base::to_text(error);
    }
    EXPECT_EQ(deeds_.alive, 0);
}

TEST_F(HostTest, ACommandBeforeOpenOrAnUnaskedAnswerEndsTheHost) {
    for (const auto& word : {execute_command(), resolve_command(), query_command(1)}) {
        EXPECT_EQ(run({word}).code, ErrorCode::malformed);
    }
    for (const auto& word :
         {go(kOperation, 1, kEpoch), contract::ToHost(contract::Persisted{kOperation, 1}),
          contract::ToHost(contract::Refused{})}) {
        EXPECT_EQ(run({open_command(), word}).code, ErrorCode::malformed);
    }
    EXPECT_EQ(deeds_.executed, 0);
}

TEST_F(HostTest, AnOpeningThatFailsMayBeTriedAgain) {
    contract::Open wrong = std::get<contract::Open>(open_command());
    wrong.settings.push_back({"speed", "1"});
    int opening = 0;
    const auto good = deeds_.open;
    deeds_.open = [&](device::Gate& gate, bool pending) -> base::Result<device::Opened> {
        return ++opening == 1 ? make_error(ErrorCode::no_answer, "") : good(gate, pending);
    };
    run({contract::ToHost(wrong), query_command(1), open_command(), open_command()});
    EXPECT_EQ(said(), "hello open_failed queried open_failed opened");
    EXPECT_EQ(std::get<contract::OpenFailed>(link_.said[1]).error.code, "config_invalid");
    EXPECT_EQ(std::get<contract::OpenFailed>(link_.said[3]).error.code, "no_answer");
}

TEST_F(HostTest, OnlyAPendingOperationMayBeWrittenWhileOpening) {
    base::Done outcome;
    const auto good = deeds_.open;
    deeds_.open = [&](device::Gate& gate, bool pending) {
        outcome = gate.persist(contract::Evidence{"pending_answer", {}});
        return good(gate, pending);
    };
    run({open_command()});
    EXPECT_EQ(outcome.error().code, ErrorCode::internal);
    EXPECT_EQ(said(), "hello opened");
    link_.said.clear();
    run({open_command(true), contract::Persisted{kOperation, 2}});
    EXPECT_TRUE(outcome);
    EXPECT_EQ(said(), "hello persist opened");
    EXPECT_EQ(last<contract::Opened>().resolution->verdict, contract::Verdict::not_executed);
}

TEST_F(HostTest, AnOpeningWithoutTheVerdictAskedForFails) {
    deeds_.open = [](device::Gate&, bool) -> base::Result<device::Opened> {
        device::Opened opened;
        opened.status = contract::EchoStatus{};
        return opened;
    };
    run({open_command(true)});
    EXPECT_EQ(last<contract::OpenFailed>().error.code, "internal");
    EXPECT_EQ(deeds_.alive, 0);
}

TEST_F(HostTest, AnnouncesAStepWithTheTimeLeft) {
    deeds_.execute = [&](device::Gate& gate) {
        gate.announce("printing", clock_.now() + milliseconds(1500));
        gate.announce("late", clock_.now() - seconds(1));
        return contract::OperationResult(contract::FiscalResult{});
    };
    run({open_command(), execute_command()});
    EXPECT_EQ(said(), "hello opened announce announce finished");
    EXPECT_EQ(std::get<contract::Announce>(link_.said[2]).step, "printing");
    EXPECT_EQ(std::get<contract::Announce>(link_.said[2]).budget_ms, 1500);
    EXPECT_EQ(std::get<contract::Announce>(link_.said[3]).budget_ms, 0);
}

TEST_F(HostTest, AStepThatGoesOnIsAnnouncedAnewOnlyWhereItsDeadlineMoves) {
    const auto begun = clock_.now();
    deeds_.execute = [&](device::Gate& gate) {
        gate.announce("payment", begun + seconds(180));
        gate.announce("payment", begun + seconds(180) + milliseconds(999));
        gate.announce("payment", begun + seconds(181));
        gate.announce("payment", begun + seconds(90));  // sooner is always told
        gate.announce("receipt", begun + seconds(90));
        return contract::OperationResult(contract::FiscalResult{});
    };
    run({open_command(), execute_command(), execute_command()});
    EXPECT_EQ(said(),
              "hello opened announce announce announce announce finished announce announce "
              "announce announce finished");
    EXPECT_EQ(std::get<contract::Announce>(link_.said[3]).budget_ms, 181'000);
}

}  // namespace
}  // namespace tillhost::devd::host
