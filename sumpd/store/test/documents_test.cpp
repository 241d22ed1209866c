// Claim: a document is kept once under its id whatever is repeated, and nothing that was sent is
// lost silently: gaps and conflicts are told. Shown on a real file of SQLite, row by row.
#include "sumpd/store/documents.h"

#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::DocumentState;
using exchange::PutStatus;
using exchange::SeqRange;

class DocumentsTest : public testing::Test {
protected:
    exchange::PutDocumentsResponse put(std::vector<exchange::Document> documents,
                                       std::uint64_t from = 1) {
        const auto response = world_.documents().put(device(from), {std::move(documents)});
        EXPECT_TRUE(response);
        return response.value_or(exchange::PutDocumentsResponse{});
    }
    PutStatus status_of(const exchange::Document& one, std::uint64_t from = 1) {
        return put({one}, from).results.at(0).status;
    }
    DocumentState state_of(std::uint64_t number) {
        return world_.documents().status({{uuid_of(number)}})->results.at(0).state;
    }
    World world_;
};

TEST_F(DocumentsTest, ARepeatIsADuplicateWithTheFirstTimeAlsoAfterAKill) {
    const auto first = put({document(1, 1), document(2, 2)});
    EXPECT_EQ(first.results[0].status, PutStatus::stored);
    EXPECT_EQ(first.results[1].status, PutStatus::stored);
    world_.clock().advance_ms(5000);
    world_.crash();
    const auto again = put({document(2, 2)});
    EXPECT_EQ(again.results[0].status, PutStatus::duplicate);
    EXPECT_EQ(again.results[0].received_at, first.results[1].received_at);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 2);
}

TEST_F(DocumentsTest, OneRequestMayNameADocumentTwice) {
    const auto response = put({document(1, 1), document(1, 1)});
    EXPECT_EQ(response.results[0].status, PutStatus::stored);
    EXPECT_EQ(response.results[1].status, PutStatus::duplicate);
}

TEST_F(DocumentsTest, AnotherBodyIsAConflictAndBothAreKept) {
    put({document(1, 1, "first")});
    EXPECT_EQ(status_of(document(1, 1, "second")), PutStatus::conflict);
    EXPECT_EQ(status_of(document(1, 1, "second")), PutStatus::conflict);
    EXPECT_EQ(status_of(document(1, 1, "first")), PutStatus::duplicate);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document WHERE body LIKE '%first%'"), 1);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document_quarantine WHERE body LIKE '%second%'"),
              1);
}

TEST_F(DocumentsTest, ANumberUsedTwiceIsAConflict) {
    put({document(1, 1)});
    EXPECT_EQ(status_of(document(2, 1)), PutStatus::conflict);
    EXPECT_EQ(status_of(document(2, 1), 2), PutStatus::stored);  // another device counts apart
    EXPECT_EQ(world_.number("SELECT count(*) FROM document_quarantine"), 1);
}

TEST_F(DocumentsTest, TellsWhichNumbersAreMissing) {
    EXPECT_EQ(put({document(5, 5)}).missing_seq, (std::vector<SeqRange>{{1, 4}}));
    EXPECT_EQ(put({document(2, 2)}).missing_seq, (std::vector<SeqRange>{{1, 1}, {3, 4}}));
    EXPECT_EQ(put({document(5, 5)}).missing_seq, (std::vector<SeqRange>{{1, 1}, {3, 4}}));
    world_.crash();
    EXPECT_EQ(put({document(3, 3), document(4, 4), document(9, 9)}).missing_seq,
              (std::vector<SeqRange>{{1, 1}, {6, 8}}));
    EXPECT_EQ(put({}, 2).missing_seq, std::vector<SeqRange>{});
}

TEST_F(DocumentsTest, ADeviceThatWasEnrolledAnewHasNoGapsWhereItsOldDocumentsAre) {
    put({document(1, 1), document(2, 2)}, 1);
    const auto again = put({document(1, 1), document(2, 2), document(3, 3)}, 2);
    EXPECT_EQ(again.results[1].status, PutStatus::duplicate);
    EXPECT_EQ(again.results[2].status, PutStatus::stored);
    EXPECT_TRUE(again.missing_seq.empty());
}

TEST_F(DocumentsTest, ARejectedOneIsRejectedAgainUntilAnotherTakesItsPlace) {
    ASSERT_TRUE(world_.exchange().configure(kNode));
    put({document(1, 1)});
    EXPECT_EQ(state_of(1), DocumentState::stored);
    ASSERT_TRUE(world_.exchange().prepare(prepare_request()));
    EXPECT_EQ(state_of(1), DocumentState::sent);
    ASSERT_TRUE(world_.exchange().confirm(
        {kNode,
         1,
         {{.doc_id = uuid_of(1), .status = exchange::Verdict::rejected, .error = "no"}}}));
    EXPECT_EQ(state_of(1), DocumentState::rejected);
    const auto again = put({document(1, 1)}).results[0];
    EXPECT_EQ(again.status, PutStatus::rejected);
    EXPECT_EQ(again.error, "no");
    auto correction = document(2, 2);
    correction.supersedes = uuid_of(1);
    EXPECT_EQ(status_of(correction), PutStatus::stored);
    EXPECT_EQ(world_.number("SELECT state FROM document ORDER BY place"), 6);
    EXPECT_EQ(status_of(document(1, 1)), PutStatus::rejected);
    EXPECT_EQ(state_of(77), DocumentState::unknown);
}

// Claimed: conflicts of a device that wait for a decision are bounded; one above it is not kept, so
// that its app is told to keep it; and as soon as somebody has decided about one there is room.
TEST_F(DocumentsTest, KeepsABoundedNumberOfConflictsOfADevice) {
    put({document(1, 1)});
    std::vector<exchange::Document> others;
    for (int i = 0; i < kQuarantinePerDeviceMax + 5; ++i) {
        others.push_back(document(1, 1, "other " + std::to_string(i)));
    }
    const auto results = put(others).results;
    for (std::size_t i = 0; i < results.size(); ++i) {
        EXPECT_EQ(results[i].status,
                  i < kQuarantinePerDeviceMax ? PutStatus::conflict : PutStatus::retry);
    }
    EXPECT_EQ(world_.number("SELECT count(*) FROM document_quarantine"), kQuarantinePerDeviceMax);
    EXPECT_EQ(status_of(others.front()), PutStatus::conflict) << "it is kept";
    const QuarantinePlace one{uuid_of(1).text, exchange::sha256_of(others.front())};
    ASSERT_TRUE(world_.store().quarantine().discard(one, "anna", ""));
    EXPECT_EQ(status_of(others.back()), PutStatus::conflict);
    EXPECT_EQ(status_of(others[kQuarantinePerDeviceMax]), PutStatus::retry);
}

}  // namespace
}  // namespace tillhost::sumpd::store
