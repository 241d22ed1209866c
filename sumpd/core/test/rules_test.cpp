// Claim: numbering, idempotency of documents and leases of tasks answer as the contract's tables
// say. Shown row by row.
#include <gtest/gtest.h>

#include "sumpd/core/lease.h"
#include "sumpd/core/numbering.h"
#include "sumpd/core/put_rules.h"

namespace tillhost::sumpd::core {
namespace {

using exchange::FaultCode;
using exchange::PutStatus;

template <class T>
FaultCode code_of(const exchange::Outcome<T>& outcome) {
    return outcome ? FaultCode::unspecified : outcome.error().code;
}

const NodeState kNode{"K1", 5, 3, 7, "id", "aa"};

TEST(Numbering, ThereIsOneNode) {
    EXPECT_TRUE(check_node(kNode, "K1"));
    EXPECT_EQ(code_of(check_node(kNode, "K2")), FaultCode::node_conflict);
    EXPECT_EQ(code_of(check_node(NodeState{}, "K1")), FaultCode::unknown_node);
}

TEST(Numbering, AnAcknowledgementNeverGoesDownNorAheadOfWhatWasSent) {
    EXPECT_EQ(code_of(check_ack(kNode, 2)), FaultCode::ack_regression);
    EXPECT_TRUE(check_ack(kNode, 3));
    EXPECT_TRUE(check_ack(kNode, 5));
    EXPECT_EQ(code_of(check_ack(kNode, 6)), FaultCode::message_conflict);
}

TEST(Numbering, ALaterMessageIsFreshWhateverWasLeftOut) {
    EXPECT_EQ(judge(kNode, {8, "new", "bb"}), Arrival::fresh);
    EXPECT_EQ(judge(kNode, {80, "new", "bb"}), Arrival::fresh);
    EXPECT_EQ(judge(kNode, {7, "new", "aa"}), Arrival::repeated);
    EXPECT_EQ(code_of(judge(kNode, {7, "id", "bb"})), FaultCode::message_conflict);
    EXPECT_EQ(code_of(judge(kNode, {6, "id", "aa"})), FaultCode::stale_message);
}

exchange::Document document() {
    exchange::Document one;
    one.doc_id = {"7d444840-9dc0-11d1-b245-5ffdce74fad2"};
    one.device_seq = 4;
    return one;
}
constexpr exchange::Moment kNow{2000, 0};

TEST(PutRules, ANewDocumentIsKept) {
    const PutVerdict verdict = judge_put(document(), "aa", std::nullopt, false, kNow);
    EXPECT_EQ(verdict.deed, PutDeed::keep);
    EXPECT_EQ(verdict.result,
              (exchange::PutResult{document().doc_id, PutStatus::stored, {}, kNow}));
}

TEST(PutRules, ARepeatGetsItsFirstAnswerAtEachStage) {
    for (const Stage stage : {Stage::stored, Stage::in_message, Stage::accepted, Stage::deferred}) {
        const PutVerdict verdict =
            judge_put(document(), "aa", Known{"aa", stage, "", {1000, 0}}, true, kNow);
        EXPECT_EQ(verdict.deed, PutDeed::nothing);
        EXPECT_EQ(verdict.result.status, PutStatus::duplicate);
        EXPECT_EQ(verdict.result.received_at, (exchange::Moment{1000, 0}));
    }
    for (const Stage stage : {Stage::rejected, Stage::superseded}) {
        const PutVerdict verdict =
            judge_put(document(), "aa", Known{"aa", stage, "no such good", {}}, true, kNow);
        EXPECT_EQ(verdict.deed, PutDeed::nothing);
        EXPECT_EQ(verdict.result.status, PutStatus::rejected);
        EXPECT_EQ(verdict.result.error, "no such good");
    }
}

TEST(PutRules, OtherBytesOrATakenNumberAreAConflict) {
    for (const Stage stage : {Stage::stored, Stage::rejected, Stage::superseded}) {
        const PutVerdict other =
            judge_put(document(), "bb", Known{"aa", stage, "", {}}, true, kNow);
        EXPECT_EQ(other.deed, PutDeed::quarantine);
        EXPECT_EQ(other.result.status, PutStatus::conflict);
    }
    const PutVerdict taken = judge_put(document(), "aa", std::nullopt, true, kNow);
    EXPECT_EQ(taken.deed, PutDeed::quarantine);
    EXPECT_EQ(taken.result.status, PutStatus::conflict);
    EXPECT_FALSE(taken.result.received_at);
}

TEST(PutRules, AVerdictIsForWhatWasSentAndNotCorrected) {
    EXPECT_FALSE(takes_verdict(Stage::stored));
    EXPECT_FALSE(takes_verdict(Stage::superseded));
    for (const Stage stage :
         {Stage::in_message, Stage::accepted, Stage::rejected, Stage::deferred}) {
        EXPECT_TRUE(takes_verdict(stage));
    }
}

TEST(Lease, IsTheHoldersAloneUntilItEnds) {
    const TaskLease held{"a", 1000};
    EXPECT_EQ(lease_for(std::nullopt, "a", 500, 300), (TaskLease{"a", 800}));
    EXPECT_EQ(lease_for(held, "b", 999, 300), std::nullopt);
    EXPECT_EQ(lease_for(held, "b", 1000, 300), (TaskLease{"b", 1300}));
    EXPECT_EQ(lease_for(held, "a", 900, 300), (TaskLease{"a", 1200}));
}

}  // namespace
}  // namespace tillhost::sumpd::core
