// Claim: messages are numbered, repeated, acknowledged and refused as the contract says, also when
// answers are lost and the process is killed. Shown on a real file of SQLite with a played
// accounting system.
#include "sumpd/store/exchange.h"

#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::DocumentState;
using exchange::FaultCode;
using exchange::JobState;
using exchange::Verdict;

template <class T>
FaultCode code_of(const exchange::Outcome<T>& outcome) {
    return outcome ? FaultCode::unspecified : outcome.error().code;
}

class ExchangeTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(to().configure(kNode)); }
    Exchange& to() { return world_.exchange(); }
    void put(std::uint64_t first, std::uint64_t last) {
        exchange::PutDocuments request;
        for (std::uint64_t i = first; i <= last; ++i) {
            request.documents.push_back(document(i, static_cast<std::int64_t>(i)));
        }
        ASSERT_TRUE(world_.documents().put(device(1), request));
    }
    exchange::PrepareMessageResponse prepare(std::int64_t ack_no = 0) {
        const auto prepared = to().prepare(prepare_request(ack_no));
        EXPECT_TRUE(prepared) << prepared.error().message;
        return prepared.value_or(exchange::PrepareMessageResponse{});
    }
    DocumentState state_of(std::uint64_t number) {
        return world_.documents().status({{uuid_of(number)}})->results.at(0).state;
    }
    World world_;
};

TEST_F(ExchangeTest, TheFirstNodeWins) {
    EXPECT_TRUE(to().configure(kNode));
    EXPECT_EQ(code_of(to().configure("K2")), FaultCode::node_conflict);
    EXPECT_EQ(code_of(to().test_connection({"K2"})), FaultCode::node_conflict);
    auto request = prepare_request();
    request.node = "K2";
    EXPECT_EQ(code_of(to().prepare(request)), FaultCode::node_conflict);
    EXPECT_EQ(code_of(to().confirm({"K2", 1, {}})), FaultCode::node_conflict);
    const auto test = to().test_connection({kNode});
    ASSERT_TRUE(test);
    EXPECT_EQ(test->sent_no, 0);
    EXPECT_EQ(test->kinds.size(),
              exchange::document_kinds().size() + exchange::object_kinds().size());
    const World other;
    EXPECT_EQ(code_of(const_cast<World&>(other).exchange().test_connection({kNode})),
              FaultCode::unknown_node);
}

TEST_F(ExchangeTest, NothingToSendIsAnEmptyMessageWithoutANumber) {
    EXPECT_TRUE(prepare().empty);
    EXPECT_EQ(to().node()->sent_no, 0);
    EXPECT_EQ(world_.files("out"), 0U);
}

TEST_F(ExchangeTest, AFrozenMessageKeepsNumberIdAndBytes) {
    put(1, 60);
    const auto first = prepare();
    EXPECT_EQ(first.message_no, 1);
    EXPECT_GT(first.part_count, 1);
    const std::string text = fetch(to(), first);
    put(61, 70);
    world_.crash();
    auto other = prepare_request();
    other.part_size = exchange::kPartBytesMax;
    other.format = exchange::MessageFormat::xml;
    const auto again = to().prepare(other);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->message_id, first.message_id);
    EXPECT_EQ(again->part_count, first.part_count);
    EXPECT_EQ(fetch(to(), *again), text);
    EXPECT_EQ(doc_ids_in(text).size(), 60U);
}

TEST_F(ExchangeTest, AnAcknowledgementFreesTheNextMessage) {
    put(1, 2);
    const auto first = prepare();
    put(3, 3);
    EXPECT_EQ(state_of(1), DocumentState::sent);
    const auto second = prepare(1);
    EXPECT_EQ(second.message_no, 2);
    EXPECT_EQ(doc_ids_in(fetch(to(), second)), std::vector<std::string>{uuid_of(3).text});
    EXPECT_EQ(state_of(1), DocumentState::accepted);
    EXPECT_EQ(code_of(to().part({first.message_id, 1})), FaultCode::not_found);
    EXPECT_EQ(code_of(to().part({second.message_id, second.part_count + 1})), FaultCode::not_found);
    EXPECT_EQ(world_.files("out"), 1U);
    EXPECT_EQ(code_of(to().prepare(prepare_request(0))), FaultCode::ack_regression);
    EXPECT_EQ(code_of(to().prepare(prepare_request(3))), FaultCode::message_conflict);
}

TEST_F(ExchangeTest, ConfirmTellsWhatBecameOfEachDocument) {
    put(1, 3);
    prepare();
    const exchange::ConfirmMessage confirm{
        kNode,
        1,
        {{.doc_id = uuid_of(1), .status = Verdict::rejected, .error = "no"},
         {.doc_id = uuid_of(2), .status = Verdict::deferred},
         {.doc_id = uuid_of(99), .status = Verdict::rejected}}};
    for (int round = 0; round < 2; ++round) {  // its answer was lost
        const auto confirmed = to().confirm(confirm);
        ASSERT_TRUE(confirmed);
        EXPECT_EQ(confirmed->acked_no, 1);
        EXPECT_EQ(state_of(1), DocumentState::rejected);
        EXPECT_EQ(state_of(2), DocumentState::deferred);
        EXPECT_EQ(state_of(3), DocumentState::accepted);
        world_.crash();
    }
    EXPECT_EQ(code_of(to().confirm({kNode, 2, {}})), FaultCode::message_conflict);
}

TEST_F(ExchangeTest, ADeferredDocumentGoesAgainLaterAndOldWordsDoNotChangeIt) {
    put(1, 1);
    prepare();
    const exchange::ConfirmMessage deferred{
        kNode, 1, {{.doc_id = uuid_of(1), .status = Verdict::deferred}}};
    ASSERT_TRUE(to().confirm(deferred));
    EXPECT_TRUE(prepare(1).empty);
    world_.clock().advance_ms(kDeferredAgainMs);
    const auto second = prepare(1);
    EXPECT_EQ(second.message_no, 2);
    ASSERT_TRUE(to().confirm(deferred));
    EXPECT_EQ(state_of(1), DocumentState::sent);
    ASSERT_TRUE(to().confirm({kNode, 2, {}}));
    EXPECT_EQ(state_of(1), DocumentState::accepted);
}

TEST_F(ExchangeTest, ADeferredDocumentDoesNotWaitForAClockThatWasSetBack) {
    world_.clock().advance_ms(365LL * 24 * 3600 * 1000);
    put(1, 1);
    prepare();
    ASSERT_TRUE(to().confirm({kNode, 1, {{.doc_id = uuid_of(1), .status = Verdict::deferred}}}));
    world_.clock().advance_ms(-365LL * 24 * 3600 * 1000);
    EXPECT_EQ(prepare(1).message_no, 2);
}

TEST_F(ExchangeTest, AMessageHoldsNoMoreThanIsAskedFor) {
    put(1, 40);
    auto small = prepare_request();
    small.max_bytes = exchange::kPartBytesMin;
    const auto first = to().prepare(small);
    ASSERT_TRUE(first);
    EXPECT_LE(first->total_bytes, exchange::kPartBytesMin);
    const auto ids = doc_ids_in(fetch(to(), *first));
    EXPECT_GT(ids.size(), 1U);
    auto others = prepare_request(1);
    others.kinds = {"Receipt"};
    EXPECT_TRUE(to().prepare(others)->empty);
    const auto rest = doc_ids_in(fetch(to(), prepare(1)));
    EXPECT_EQ(ids.size() + rest.size(), 40U);
}

TEST_F(ExchangeTest, PartsMayComeInAnyOrderAndAgain) {
    const std::string text = text_of({.objects = {goods("1", "Milk"), goods("2", "Bread")}});
    const exchange::Uuid id = uuid_of(5);
    const std::string head = text.substr(0, 50);
    const std::string tail = text.substr(50);
    EXPECT_EQ(code_of(to().put_part({id, 1, sha_of(tail), base::bytes_of(head)})),
              FaultCode::bad_request);
    EXPECT_EQ(to().put_part({id, 2, sha_of(tail), base::bytes_of(tail)})->received,
              (std::vector<std::int64_t>{2}));
    exchange::CommitMessage commit{
        .node = kNode, .message_id = id, .message_no = 1, .part_count = 2, .sha256 = sha_of(text)};
    EXPECT_EQ(code_of(to().commit(commit)), FaultCode::bad_request);
    EXPECT_TRUE(to().put_part({id, 1, sha_of("wrong"), base::bytes_of("wrong")}));
    EXPECT_EQ(to().put_part({id, 1, sha_of(head), base::bytes_of(head)})->received,
              (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(world_.files("in"), 2U);
    const auto job = to().commit(commit);
    ASSERT_TRUE(job);
    EXPECT_EQ(end_of(to(), job->job_id).applied, 2);
    EXPECT_EQ(world_.number("SELECT count(*) FROM in_part"), 0);
    EXPECT_EQ(to().put_part({id, 1, sha_of(head), base::bytes_of(head)})->received,
              (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(world_.files("in"), 0U);
}

TEST_F(ExchangeTest, AMessageOfTheSameNumberIsTheSameOrRefused) {
    const ToSend five{.no = 5, .objects = {goods("1", "Milk")}};
    EXPECT_EQ(send(to(), five).applied, 1);
    EXPECT_EQ(to().node()->received_no, 5);
    world_.crash();
    const auto commit = put_parts(to(), five);
    const auto again = to().commit(commit);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->state, JobState::done);
    EXPECT_EQ(end_of(to(), again->job_id).applied, 1);
    const ToSend other{.no = 5, .objects = {goods("1", "Beer")}, .id = 77};
    EXPECT_EQ(code_of(to().commit(put_parts(to(), other))), FaultCode::message_conflict);
    const ToSend older{.no = 4, .objects = {goods("1", "Beer")}};
    EXPECT_EQ(code_of(to().commit(put_parts(to(), older))), FaultCode::stale_message);
    EXPECT_EQ(code_of(to().cancel({five.uuid()})), FaultCode::message_conflict);
    EXPECT_TRUE(to().cancel({other.uuid()}));
    EXPECT_TRUE(to().cancel({older.uuid()}));
    EXPECT_TRUE(to().cancel({uuid_of(12345)}));
    EXPECT_EQ(world_.files("in"), 0U);
}

TEST_F(ExchangeTest, AMessageBringsVerdictsAndItsAcknowledgement) {
    put(1, 2);
    prepare();
    const auto job =
        send(to(), {.verdicts = {{.doc_id = uuid_of(1), .status = Verdict::rejected, .error = "x"}},
                    .ack_no = 1});
    EXPECT_EQ(job.state, JobState::done);
    EXPECT_EQ(state_of(1), DocumentState::rejected);
    EXPECT_EQ(state_of(2), DocumentState::accepted);
    EXPECT_EQ(to().node()->acked_no, 1);
    EXPECT_EQ(code_of(to().commit(put_parts(to(), {.no = 2, .ack_no = 0}))),
              FaultCode::ack_regression);
    EXPECT_EQ(code_of(to().commit(put_parts(to(), {.no = 2, .ack_no = 9}))),
              FaultCode::message_conflict);
}

TEST_F(ExchangeTest, LeftoversAndTooManyOpenMessagesGo) {
    for (std::uint64_t i = 1; i <= kOpenMessagesMax + 2; ++i) {
        world_.clock().advance_ms(1);
        ASSERT_TRUE(to().put_part({uuid_of(i), 1, sha_of("part"), base::bytes_of("part")}));
    }
    EXPECT_EQ(world_.files("in"), static_cast<std::size_t>(kOpenMessagesMax));
    world_.close();
    for (const char* name : {"/in/strange", "/out/strange.new"}) {
        ASSERT_TRUE(os::write_atomically(world_.folder() + name, base::bytes_of("x")));
    }
    world_.open();
    EXPECT_EQ(world_.files("in"), static_cast<std::size_t>(kOpenMessagesMax));
    EXPECT_EQ(world_.files("out"), 0U);
}

TEST_F(ExchangeTest, AskingForAJobThatIsNoneIsToldSo) {
    for (const char* id : {"7", "", "x", "1x", "99999999999999999999"}) {
        EXPECT_EQ(code_of(to().job({id, 1000})), FaultCode::not_found) << id;
    }
}

}  // namespace
}  // namespace tillhost::sumpd::store
