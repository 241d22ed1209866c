// Claims: an operation is taken once, under its id, and nothing is told before it is on disk.
// Shown: a core over a store whose disk the test holds, hosts that do nothing, and a loopback
// client.
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::OperationState;
using contract::RequestKind;

TEST(Submission, IsRefusedBeforeHelloAndUnderAnotherConnectionsSession) {
    Rig rig;
    const ipc::PeerId other = rig.endpoint.connect({});
    const auto id = rig.new_id();
    const auto ask = [&] {
        return Rig::error(rig.ask(other, RequestKind::submit, contract::to_value(rig.sale(id))));
    };
    EXPECT_EQ(ask().code, "no_session");
    rig.hello(other);
    EXPECT_EQ(ask().code, "stale_session");
    EXPECT_TRUE(rig.store.image().operations.empty());
}

TEST(Submission, IsAnsweredWhenItIsOnDiskAndNotBefore) {
    Rig rig;
    rig.store.held = true;
    const auto id = rig.new_id();
    EXPECT_FALSE(rig.submit(rig.sale(id)));
    EXPECT_FALSE(rig.of_operation(RequestKind::operation, id)) << "not even by asking";
    rig.sync();
    const auto accepted = Rig::ok<contract::Operation>(rig.next_reply());
    EXPECT_EQ(accepted.state, OperationState::accepted);
    EXPECT_EQ(accepted.operation_id, id);
    EXPECT_FALSE(accepted.repeat);
}

TEST(Submission, OfTheSameContentIsARepeatAndOfOtherContentAConflict) {
    Rig rig;
    const auto id = rig.new_id();
    rig.submit(rig.sale(id));
    contract::SubmitRequest again = rig.sale(id);
    again.force = true;
    again.start_before_ms = rig.clock.unix_ms() + 1000;
    EXPECT_TRUE(Rig::ok<contract::Operation>(rig.submit(again)).repeat);
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(id, 1001))).code, "conflict");
    EXPECT_EQ(rig.store.image().operations.size(), 1U);
}

TEST(Submission, OfAnEqualSaleNeedsForceWhileTheFirstIsOpen) {
    Rig rig;
    rig.open_device();
    const auto first = rig.prepared_sale();
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(rig.new_id()))).code, "possible_duplicate");
    rig.say(contract::Finished{first, 1, Rig::result(), {}, false, {}});
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(rig.new_id()))).code, "possible_duplicate");
    contract::SubmitRequest forced = rig.sale(rig.new_id());
    forced.force = true;
    EXPECT_EQ(Rig::ok<contract::Operation>(rig.submit(forced)).state, OperationState::accepted);
    rig.of_operation(RequestKind::cancel, forced.operation_id);
    rig.of_operation(RequestKind::acknowledge, first);
    const auto next = rig.submit(rig.sale(rig.new_id()));
    EXPECT_EQ(Rig::ok<contract::Operation>(next).state, OperationState::accepted);
}

TEST(Submission, UnderASaleRefThatIsTakenIsAConflictNamingTheOther) {
    Rig rig;
    contract::SubmitRequest first = rig.sale(rig.new_id());
    first.sale_ref = "till-1/17";
    rig.submit(first);
    contract::SubmitRequest second = rig.sale(rig.new_id(), 2000);
    second.sale_ref = first.sale_ref;
    const contract::Error refused = Rig::error(rig.submit(second));
    EXPECT_EQ(refused.code, "conflict");
    EXPECT_NE(refused.text.find(first.operation_id.to_text()), std::string::npos);
    rig.of_operation(RequestKind::cancel, first.operation_id);
    EXPECT_EQ(Rig::ok<contract::Operation>(rig.submit(second)).state, OperationState::accepted);
}

TEST(Submission, IsRefusedForEverOnceItsIdWasSettled) {
    Rig rig;
    const auto id = rig.new_id();
    const auto given_up = Rig::ok<contract::Operation>(rig.of_operation(RequestKind::settle, id));
    EXPECT_EQ(given_up.state, OperationState::never_accepted);
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(id))).code, "wrong_state");

    Rig later(rig.store.image());
    EXPECT_EQ(Rig::error(later.submit(later.sale(id))).code, "wrong_state");
}

TEST(Submission, ThatCannotBeCarriedOutNamesItsFieldAndLeavesNothing) {
    Rig rig;
    contract::SubmitRequest wrong = rig.sale(rig.new_id());
    std::get<contract::Receipt>(wrong.command).payments[0].amount_minor = 999;
    const contract::Error below = Rig::error(rig.submit(wrong));
    EXPECT_EQ(below.code, "payment_below_total");
    EXPECT_EQ(below.effect, base::Effect::none);
    wrong = rig.sale(rig.new_id());
    wrong.device = "fr9";
    EXPECT_EQ(Rig::error(rig.submit(wrong)).code, "unknown_device");
    wrong = rig.sale(rig.new_id());
    std::get<contract::Receipt>(wrong.command).lines[0].price_minor = -1;
    const contract::Error negative = Rig::error(rig.submit(wrong));
    EXPECT_EQ(negative.code, "bad_field");
    EXPECT_NE(negative.text.find("lines[0].price_minor"), std::string::npos) << negative.text;
    EXPECT_TRUE(rig.store.image().operations.empty());
    // A refusal before acceptance does not use the id up.
    wrong = rig.sale(wrong.operation_id);
    EXPECT_EQ(Rig::ok<contract::Operation>(rig.submit(wrong)).state, OperationState::accepted);
}

TEST(Submission, IsRefusedWhenTheDiskIsFullTheQueueIsFullOrDevdStops) {
    Rig rig({}, {.device_queue_max = 2});
    rig.store.room = false;
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(rig.new_id(), 1))).code, "storage_full");
    rig.store.room = true;
    rig.submit(rig.sale(rig.new_id(), 1));
    rig.submit(rig.sale(rig.new_id(), 2));
    const contract::Error full = Rig::error(rig.submit(rig.sale(rig.new_id(), 3)));
    EXPECT_EQ(full.code, "retry_later");
    EXPECT_EQ(full.reaction, base::Reaction::retry_later);
    rig.core->stop();
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(rig.new_id(), 4))).code, "shutting_down");
}

TEST(Submission, ExpiresWhenItDidNotStartInTime) {
    Rig rig;
    contract::SubmitRequest request = rig.sale(rig.new_id());
    request.start_before_ms = rig.clock.unix_ms() + 90'000;
    rig.submit(request);
    rig.wait(std::chrono::seconds(61));
    EXPECT_EQ(rig.look(request.operation_id).state, OperationState::accepted);
    rig.wait(std::chrono::seconds(30));
    EXPECT_EQ(rig.look(request.operation_id).state, OperationState::expired);
    request = rig.sale(rig.new_id(), 5);
    request.start_before_ms = rig.clock.unix_ms() - 1;
    EXPECT_EQ(Rig::error(rig.submit(request)).code, "expired");
}

TEST(Submission, IsForgottenAfterItsRetentionAndItsIdIsRefusedFromThen) {
    Rig rig({}, {.retention = std::chrono::hours(24)});
    rig.open_device();
    const auto kept = rig.prepared_sale(1);
    rig.say(contract::Finished{kept, 1, Rig::result(), {}, false, {}});
    const auto told = rig.prepared_sale(2);
    rig.say(contract::Finished{told, 1, Rig::result(43), {}, false, {}});
    rig.of_operation(RequestKind::acknowledge, told);
    for (int hour = 0; hour < 26; ++hour) {
        rig.wait(std::chrono::hours(1));
    }
    EXPECT_EQ(rig.look(kept).state, OperationState::done) << "nobody has acknowledged it";
    EXPECT_EQ(Rig::error(rig.of_operation(RequestKind::operation, told)).code, "unknown_operation");
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(told, 2))).code, "id_too_old");
    EXPECT_EQ(Rig::error(rig.of_operation(RequestKind::settle, told)).code, "id_too_old");
}

TEST(Submission, CanBeCancelledUntilItIsPrepared) {
    Rig rig;
    rig.open_device();
    const auto id = rig.new_id();
    rig.submit(rig.sale(id));
    ASSERT_NE(rig.hosts.last<contract::Execute>(), nullptr);
    EXPECT_EQ(Rig::ok<contract::Operation>(rig.of_operation(RequestKind::cancel, id)).state,
              OperationState::cancelled);
    rig.say(contract::Persist{id, 1, Rig::marker()});
    EXPECT_NE(rig.hosts.last<contract::Refused>(), nullptr) << "no go for a cancelled operation";
    const auto error = contract::to_contract(base::make_error(base::ErrorCode::wrong_state, ""));
    rig.say(contract::Finished{id, 1, {}, error, false, {}});
    EXPECT_EQ(rig.look(id).state, OperationState::cancelled);

    const auto begun = rig.prepared_sale(2);
    EXPECT_EQ(Rig::error(rig.of_operation(RequestKind::cancel, begun)).code, "wrong_state");
}

TEST(Operations, AreListedNewestFirstWithinTheLimit) {
    Rig rig;
    std::vector<base::OperationId> ids;
    for (int i = 1; i <= 3; ++i) {
        ids.push_back(rig.new_id());
        rig.submit(rig.sale(ids.back(), i));
    }
    rig.of_operation(RequestKind::cancel, ids[1]);
    contract::OperationsRequest request;
    request.unsettled_only = true;
    request.limit = 1;
    const auto reply = Rig::ok<contract::OperationsReply>(
        rig.ask(rig.peer, RequestKind::operations, contract::to_value(request)));
    ASSERT_EQ(reply.operations.size(), 1U);
    EXPECT_EQ(reply.operations[0].operation_id, ids[2]);
    EXPECT_TRUE(reply.truncated);
}

}  // namespace
}  // namespace tillhost::devd::core
