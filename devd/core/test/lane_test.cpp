// Claims: go follows the durable marker; a lost host leaves a doubt that only a verdict on the same
// device, or a person, settles; a hung host is ended.
// Shown: a core over hosts that the test plays message by message, on a clock that it moves.
#include "devd/core/device_lane.h"
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::OperationState;
using contract::RequestKind;
using contract::Verdict;
using std::chrono::seconds;

contract::Error failure(base::ErrorCode code, base::Effect effect = base::Effect::none) {
    return contract::to_contract(base::make_error(code, "", effect));
}

contract::Resolution says(Verdict verdict, const std::string& serial = "S1") {
    contract::Resolution resolution;
    resolution.verdict = verdict;
    resolution.identity = Rig::identity(serial);
    resolution.reason = "counters compared";
    if (verdict == Verdict::executed) {
        resolution.result = Rig::result();
    }
    return resolution;
}

TEST(Lane, SaysGoWhenTheMarkerIsOnDiskAndNamesOperationAttemptAndEpoch) {
    Rig rig;
    rig.open_device();
    const auto id = rig.new_id();
    rig.submit(rig.sale(id));
    rig.store.held = true;
    rig.say(contract::Persist{id, 1, Rig::marker()});
    EXPECT_EQ(rig.hosts.last<contract::Go>(), nullptr);
    rig.sync();
    const auto* go = rig.hosts.last<contract::Go>();
    ASSERT_NE(go, nullptr);
    EXPECT_EQ(go->operation_id, id);
    EXPECT_EQ(go->attempt, 1);
    EXPECT_EQ(go->epoch, static_cast<std::int64_t>(rig.hosts.epochs.back().value));
}

TEST(Lane, RefusesAMarkerOfAnotherAttemptAndEndsAHostThatNamesAnotherOperation) {
    Rig rig;
    rig.open_device();
    const auto id = rig.new_id();
    rig.submit(rig.sale(id));
    rig.say(contract::Persist{id, 2, Rig::marker()});
    EXPECT_NE(rig.hosts.last<contract::Refused>(), nullptr);
    rig.say(contract::Persist{rig.new_id(), 1, Rig::marker()});
    EXPECT_EQ(rig.hosts.kills, 1);
    EXPECT_EQ(rig.look(id).state, OperationState::accepted);
}

TEST(Lane, IgnoresWhatAFormerHostSays) {
    Rig rig;
    rig.open_device();
    const auto id = rig.new_id();
    rig.submit(rig.sale(id));
    const base::HostEpoch former = rig.hosts.epochs.back();
    rig.gone();
    ASSERT_EQ(rig.hosts.epochs.size(), 2U);
    rig.open_device();
    rig.core->on_host_message("fr", former, contract::Persist{id, 1, Rig::marker()});
    EXPECT_EQ(rig.look(id).state, OperationState::accepted);
    EXPECT_NE(rig.hosts.last<contract::Execute>(), nullptr);
}

TEST(Lane, TellsTheAwaitingClientTheResultOnceItIsOnDisk) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    EXPECT_FALSE(rig.of_operation(RequestKind::await, id));
    rig.store.held = true;
    rig.say(contract::Persist{id, 1, Rig::result()});
    EXPECT_FALSE(rig.next_reply());
    rig.sync();
    const auto done = Rig::ok<contract::Operation>(rig.next_reply());
    EXPECT_EQ(done.state, OperationState::done);
    EXPECT_EQ(std::get<contract::FiscalResult>(*done.result).fiscal_document_number, 42);
    EXPECT_NE(rig.hosts.last<contract::Persisted>(), nullptr);
    rig.store.held = false;
    rig.say(contract::Finished{id, 1, Rig::result(), {}, false, {}});
    EXPECT_EQ(rig.device().state, contract::DeviceState::ready);
}

TEST(Lane, AwaitIsAnsweredWithTheStateAtItsDeadline) {
    Rig rig;
    const auto id = rig.new_id();
    rig.submit(rig.sale(id));
    EXPECT_FALSE(rig.of_operation(RequestKind::await, id, 3000));
    rig.wait(seconds(4));
    EXPECT_EQ(Rig::ok<contract::Operation>(rig.next_reply()).state, OperationState::accepted);
}

TEST(Lane, HandsADoubtToTheNextHostBeforeAnythingElse) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.submit(rig.sale(rig.new_id(), 7));
    rig.gone();
    EXPECT_EQ(rig.look(id).state, OperationState::in_doubt);
    EXPECT_EQ(rig.look(id).error->effect, base::Effect::unknown);
    rig.say(contract::HostHello{1, "fiscal/toy", 8});
    const auto* open = rig.hosts.last<contract::Open>();
    ASSERT_NE(open, nullptr);
    ASSERT_TRUE(open->pending);
    EXPECT_EQ(open->pending->operation_id, id);
    rig.say(contract::Opened{Rig::identity(), contract::FiscalStatus{}, says(Verdict::executed)});
    EXPECT_EQ(rig.look(id).state, OperationState::done);
    const auto* next = rig.hosts.last<contract::Execute>();
    ASSERT_NE(next, nullptr);
    EXPECT_NE(next->operation_id, id);
}

TEST(Lane, GivesOutAgainWhatWasNotExecutedAsTheNextAttempt) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.gone();
    rig.open_device(says(Verdict::not_executed));
    const auto* execute = rig.hosts.last<contract::Execute>();
    ASSERT_NE(execute, nullptr);
    EXPECT_EQ(execute->operation_id, id);
    EXPECT_EQ(execute->attempt, 2);
    rig.say(contract::Persist{id, 2, Rig::marker()});
    EXPECT_NE(rig.hosts.last<contract::Go>(), nullptr);
}

TEST(Lane, CountsNoVerdictOfAnotherDevice) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.gone();
    rig.open_device(says(Verdict::not_executed, "S2"));
    EXPECT_EQ(rig.look(id).state, OperationState::in_doubt);
    EXPECT_EQ(rig.look(id).error->code, "wrong_device");
    EXPECT_EQ(rig.hosts.last<contract::Execute>(), nullptr);
}

TEST(Lane, EndsAHostThatOpensWithoutAWordOnTheDoubt) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.gone();
    rig.open_device();
    EXPECT_EQ(rig.hosts.kills, 1);
    EXPECT_EQ(rig.look(id).state, OperationState::in_doubt);
}

TEST(Lane, InDoubtTakesNoMoneyButStillPrints) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.gone();
    rig.open_device(says(Verdict::cannot_tell));
    rig.submit(rig.sale(rig.new_id(), 7));
    EXPECT_EQ(rig.hosts.last<contract::Execute>(), nullptr);
    contract::SubmitRequest text = rig.sale(rig.new_id());
    text.command = contract::PrintText{{"hello"}};
    rig.submit(text);
    const auto* execute = rig.hosts.last<contract::Execute>();
    ASSERT_NE(execute, nullptr);
    EXPECT_EQ(execute->operation_id, text.operation_id);
    EXPECT_EQ(rig.device().state, contract::DeviceState::in_doubt);
    EXPECT_EQ(rig.device().in_doubt, id);
}

TEST(Lane, LetsAPersonDecideOnTheVersionThatWasSeen) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    EXPECT_FALSE(rig.of_operation(RequestKind::await, id));
    rig.gone();
    EXPECT_FALSE(rig.next_reply()) << "the device has not been asked yet";
    rig.open_device(says(Verdict::cannot_tell));
    const auto doubt = Rig::ok<contract::Operation>(rig.next_reply());
    EXPECT_EQ(doubt.state, OperationState::in_doubt);

    contract::DecideRequest decide;
    decide.session = rig.session;
    decide.operation_id = id;
    decide.version = doubt.version - 1;
    decide.verdict = Verdict::executed;
    decide.fiscal_document_number = 42;
    decide.note = "the paper lies here";
    const auto ask = [&] {
        return rig.ask(rig.peer, RequestKind::decide, contract::to_value(decide));
    };
    EXPECT_EQ(Rig::error(ask()).code, "wrong_state");
    decide.version = doubt.version;
    decide.fiscal_document_number = 41;
    EXPECT_EQ(Rig::error(ask()).code, "wrong_verdict");
    decide.fiscal_document_number = 42;
    EXPECT_EQ(Rig::ok<contract::Operation>(ask()).state, OperationState::done);
    EXPECT_EQ(rig.store.image().operations[0].decision, "the paper lies here");
    EXPECT_EQ(Rig::error(ask()).code, "wrong_state");
}

TEST(Lane, AsksTheDeviceAgainWhenTheOutcomeOfACommandIsUnknown) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    const contract::Error lost = failure(base::ErrorCode::no_answer, base::Effect::unknown);
    rig.say(contract::Finished{id, 1, {}, lost, false, {}});
    const auto* resolve = rig.hosts.last<contract::ResolveCommand>();
    ASSERT_NE(resolve, nullptr);
    EXPECT_EQ(resolve->pending.operation_id, id);
    rig.say(contract::Resolved{id, 1, {}, failure(base::ErrorCode::no_answer), false});
    rig.wait(seconds(1));
    ASSERT_NE(rig.hosts.last<contract::ResolveCommand>(), nullptr);
    rig.say(contract::Resolved{id, 1, says(Verdict::executed), {}, false});
    EXPECT_EQ(rig.look(id).state, OperationState::done);
}

TEST(Lane, FailsWhatTheDeviceRefusedAndRepeatsWhatOnlyTheLineRefused) {
    Rig rig;
    rig.open_device();
    const auto refused = rig.prepared_sale(1);
    rig.say(contract::Finished{refused, 1, {}, failure(base::ErrorCode::paper_out), false, {}});
    EXPECT_EQ(rig.look(refused).state, OperationState::failed);
    EXPECT_EQ(rig.look(refused).error->effect, base::Effect::none);

    const auto id = rig.new_id();
    rig.submit(rig.sale(id, 2));
    for (int i = 0; i < kTriesMax; ++i) {
        ASSERT_NE(rig.hosts.last<contract::Execute>(), nullptr);
        rig.say(contract::Finished{id, 1, {}, failure(base::ErrorCode::link_lost), true, {}});
        ASSERT_NE(rig.hosts.last<contract::Open>(), nullptr);
        rig.say(contract::Opened{Rig::identity(), contract::FiscalStatus{}, {}});
    }
    EXPECT_EQ(rig.look(id).state, OperationState::failed);
    EXPECT_EQ(rig.look(id).error->effect, base::Effect::none);
}

TEST(Lane, RepeatsNothingBlindlyThatHasNoMarker) {
    Rig rig;
    rig.open_device();
    contract::SubmitRequest drawer = rig.sale(rig.new_id());
    drawer.command = contract::OpenDrawer{};
    rig.submit(drawer);
    EXPECT_EQ(Rig::error(rig.of_operation(RequestKind::cancel, drawer.operation_id)).code,
              "wrong_state")
        << "it may be under way";
    rig.gone();
    const auto after = rig.look(drawer.operation_id);
    EXPECT_EQ(after.state, OperationState::failed);
    EXPECT_EQ(after.error->effect, base::Effect::unknown);
}

TEST(Lane, RepeatsNothingBlindlyThatAFormerProcessHadBegun) {
    Rig rig;
    contract::SubmitRequest waits = rig.sale(rig.new_id());
    waits.command = contract::OpenDrawer{};
    rig.submit(waits);
    rig.open_device();  // and the drawer opens
    contract::SubmitRequest behind = rig.sale(rig.new_id());
    behind.command = contract::PrintText{{"hello"}};
    rig.submit(behind);
    ASSERT_EQ(rig.hosts.last<contract::Execute>()->operation_id, waits.operation_id);

    Rig later(rig.store.image());
    const auto begun = later.look(waits.operation_id);
    EXPECT_EQ(begun.state, OperationState::failed);
    EXPECT_EQ(begun.error->code, "host_lost");
    EXPECT_EQ(begun.error->effect, base::Effect::unknown);
    later.open_device();
    ASSERT_NE(later.hosts.last<contract::Execute>(), nullptr);
    EXPECT_EQ(later.hosts.last<contract::Execute>()->operation_id, behind.operation_id)
        << "one that nobody had begun is carried out";
}

TEST(Lane, BeginsNothingBeforeTheBookHasIt) {
    Rig rig;
    rig.open_device();
    rig.store.held = true;
    contract::SubmitRequest drawer = rig.sale(rig.new_id());
    drawer.command = contract::OpenDrawer{};
    rig.submit(drawer);
    EXPECT_EQ(rig.hosts.last<contract::Execute>(), nullptr);
    rig.store.sync();
    rig.core->on_durable();
    ASSERT_NE(rig.hosts.last<contract::Execute>(), nullptr);
    Rig later(rig.store.image());
    EXPECT_EQ(later.look(drawer.operation_id).state, OperationState::failed);
}

TEST(Lane, TreatsPreparedOperationsOfAFormerProcessAsDoubts) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    Rig later(rig.store.image());
    EXPECT_EQ(later.look(id).state, OperationState::in_doubt);
    EXPECT_GT(later.hosts.epochs.back(), rig.hosts.epochs.back()) << "an epoch never repeats";
    later.open_device(says(Verdict::executed));
    EXPECT_EQ(later.look(id).state, OperationState::done);
}

TEST(Lane, KillsAHostPastItsDeadlineButNotWhileItWaitsForTheDisk) {
    Rig rig;
    rig.open_device();
    const auto id = rig.new_id();
    rig.submit(rig.sale(id));
    rig.say(contract::Announce{"selling", 5000});
    rig.store.held = true;
    rig.say(contract::Persist{id, 1, Rig::marker()});
    rig.wait(seconds(600));
    EXPECT_EQ(rig.hosts.kills, 0);
    rig.sync();
    rig.wait(seconds(6));
    EXPECT_EQ(rig.hosts.kills, 0) << "within its grace";
    rig.wait(seconds(2));
    EXPECT_EQ(rig.hosts.kills, 1);
    EXPECT_EQ(rig.look(id).state, OperationState::prepared) << "it may still live";
    EXPECT_EQ(rig.hosts.epochs.size(), 1U) << "one master a device";
    rig.store.held = false;
    rig.gone("signal 9");
    EXPECT_EQ(rig.look(id).state, OperationState::in_doubt);
}

TEST(Lane, KillsASilentHostAndRestartsItWithGrowingPauses) {
    Rig rig;
    rig.open_device();
    rig.wait(seconds(9));
    rig.say(contract::Beat{});
    rig.wait(seconds(11));
    EXPECT_EQ(rig.hosts.kills, 0);
    rig.wait(seconds(2));
    EXPECT_EQ(rig.hosts.kills, 1);
    rig.gone();
    EXPECT_EQ(rig.hosts.epochs.size(), 2U) << "at once";
    rig.gone();
    EXPECT_EQ(rig.hosts.epochs.size(), 2U);
    EXPECT_EQ(rig.device().state, contract::DeviceState::offline);
    EXPECT_EQ(rig.device().reason, "crashed");
    rig.wait(std::chrono::milliseconds(250));
    EXPECT_EQ(rig.hosts.epochs.size(), 3U);
}

TEST(Lane, QuarantinesADeviceWhoseHostDoesNotEnd) {
    Rig rig;
    rig.open_device();
    rig.core->on_host_stuck("fr", rig.hosts.epochs.back(), "process 7 does not end");
    EXPECT_EQ(rig.device().state, contract::DeviceState::quarantined);
    EXPECT_EQ(rig.device().reason, "process 7 does not end");
    rig.gone();
    EXPECT_NE(rig.device().state, contract::DeviceState::quarantined);
}

TEST(Lane, StopsWhenThePreparedOperationIsOver) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    rig.submit(rig.sale(rig.new_id(), 9));
    rig.core->stop();
    EXPECT_FALSE(rig.core->at_rest());
    rig.say(contract::Finished{id, 1, Rig::result(), {}, false, {}});
    EXPECT_TRUE(rig.core->at_rest());
    EXPECT_EQ(rig.hosts.last<contract::Execute>(), nullptr) << "nothing new is begun";
}

TEST(Lane, OpensAgainAndAgainWhatCannotBeOpened) {
    Rig rig;
    rig.say(contract::HostHello{1, "fiscal/toy", 7});
    rig.say(contract::OpenFailed{failure(base::ErrorCode::port_missing)});
    EXPECT_NE(rig.device().reason.find("port_missing"), std::string::npos);
    contract::QueryRequest query;
    query.device = "fr";
    query.query = contract::StatusQuery{};
    EXPECT_EQ(Rig::error(rig.ask(rig.peer, RequestKind::query, contract::to_value(query))).code,
              "device_not_ready");
    rig.hosts.sent.clear();
    rig.wait(seconds(1));
    EXPECT_NE(rig.hosts.last<contract::Open>(), nullptr);
}

TEST(Lane, AnAnswerToAnotherQuestionIsNoStatus) {
    Rig rig;
    rig.open_device();
    contract::QueryRequest query;
    query.device = "fr";
    query.query = contract::RecordQuery{"/tmp/line"};
    EXPECT_FALSE(rig.ask(rig.peer, RequestKind::query, contract::to_value(query), 1000));
    rig.say(contract::Queried{1, contract::RecordingStatus{"/tmp/line", 7}, {}, false});
    EXPECT_TRUE(rig.next_reply());
    ASSERT_TRUE(rig.device().status);
    EXPECT_TRUE(std::holds_alternative<contract::FiscalStatus>(*rig.device().status));
}

TEST(Lane, AnswersQuestionsBetweenOperationsAndAtTheirDeadline) {
    Rig rig;
    rig.open_device();
    contract::QueryRequest query;
    query.device = "fr";
    query.query = contract::StatusQuery{};
    const auto body = contract::to_value(query);
    EXPECT_FALSE(rig.ask(rig.peer, RequestKind::query, body, 1000));
    EXPECT_FALSE(rig.ask(rig.peer, RequestKind::query, body, 60'000));
    rig.submit(rig.sale(rig.new_id()));
    EXPECT_EQ(rig.hosts.last<contract::Execute>(), nullptr) << "the questions come first";
    rig.wait(seconds(2));
    EXPECT_EQ(Rig::error(rig.next_reply()).code, "deadline_passed");
    contract::FiscalStatus status;
    status.shift_open = true;
    rig.say(contract::Queried{1, status, {}, false});
    EXPECT_FALSE(rig.next_reply()) << "its time was over";
    rig.say(contract::Queried{2, status, {}, false});
    EXPECT_TRUE(std::get<contract::FiscalStatus>(Rig::ok<contract::ClassStatus>(rig.next_reply()))
                    .shift_open);
    EXPECT_NE(rig.hosts.last<contract::Execute>(), nullptr);
}

TEST(Lane, GoesOnWithOperationsWhenTheWaitingQuestionsAreOutOfTime) {
    Rig rig;
    contract::QueryRequest query;
    query.device = "fr";
    query.query = contract::StatusQuery{};
    rig.ask(rig.peer, RequestKind::query, contract::to_value(query), 1000);
    rig.submit(rig.sale(rig.new_id()));
    rig.wait(seconds(2));
    rig.open_device();
    EXPECT_NE(rig.hosts.last<contract::Execute>(), nullptr);
}

TEST(Lane, TakesThePaperLaterButNoOtherDocument) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    contract::FiscalResult result = std::get<contract::FiscalResult>(Rig::result());
    result.printed = contract::Printed::printing;
    rig.say(contract::Persist{id, 1, result});
    result.printed = contract::Printed::printed;
    rig.say(contract::Finished{id, 1, result, {}, false, {}});
    EXPECT_EQ(std::get<contract::FiscalResult>(*rig.look(id).result).printed,
              contract::Printed::printed);

    const auto other = rig.prepared_sale(2);
    rig.say(contract::Persist{other, 1, Rig::result(43)});
    rig.say(contract::Finished{other, 1, Rig::result(44), {}, false, {}});
    EXPECT_EQ(std::get<contract::FiscalResult>(*rig.look(other).result).fiscal_document_number, 43);
    EXPECT_EQ(rig.hosts.kills, 1);
}

TEST(Lane, CallsAPersonWhenTheDeviceThatWasUsedIsGone) {
    Rig rig;
    rig.open_device();
    const auto id = rig.prepared_sale();
    EXPECT_FALSE(rig.of_operation(RequestKind::await, id));
    rig.gone();
    rig.say(contract::HostHello{1, "fiscal/toy", 8});
    rig.say(contract::OpenFailed{failure(base::ErrorCode::wrong_device)});
    const auto doubt = Rig::ok<contract::Operation>(rig.next_reply());
    EXPECT_EQ(doubt.state, OperationState::in_doubt);
    EXPECT_EQ(doubt.error->code, "wrong_device");
}

}  // namespace
}  // namespace tillhost::devd::core
