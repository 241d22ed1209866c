// Claim: documents of a revoked device are taken aside once, and go to the accounting system once
// when they are admitted, whatever the device sends again, before or after it is enrolled anew.
// Shown on a real file of SQLite, with messages as the accounting system gets them.
#include "sumpd/store/quarantine.h"

#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::DocumentState;
using exchange::FaultCode;
using exchange::PutStatus;

class QuarantineTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(world_.exchange().configure(kNode)); }

    PutStatus rescue(const exchange::Document& one) {
        const auto response = world_.store().quarantine().rescue(device(1), {{one}});
        EXPECT_TRUE(response);
        return response ? response->results.at(0).status : PutStatus::unspecified;
    }
    PutStatus put(const exchange::Document& one) {
        const auto response = world_.documents().put(device(1), {{one}});
        EXPECT_TRUE(response);
        return response ? response->results.at(0).status : PutStatus::unspecified;
    }
    std::vector<QuarantineRow> waiting(const QuarantinePlace& after = {},
                                       std::size_t limit = kQuarantinePageMax) {
        return *world_.store().quarantine().waiting(after, limit);
    }
    FaultCode admit(const QuarantinePlace& place) {
        const auto done = world_.store().quarantine().admit(place, "admin", "10.0.0.1");
        return done ? FaultCode::unspecified : done.error().code;
    }
    FaultCode discard(const QuarantinePlace& place) {
        const auto done = world_.store().quarantine().discard(place, "admin", "10.0.0.1");
        return done ? FaultCode::unspecified : done.error().code;
    }
    /// What the accounting system gets now.
    std::vector<std::string> message() {
        const auto prepared = world_.exchange().prepare(prepare_request(acked_));
        EXPECT_TRUE(prepared);
        if (!prepared || prepared->empty) {
            return {};
        }
        acked_ = prepared->message_no;
        return doc_ids_in(fetch(world_.exchange(), *prepared));
    }
    std::int64_t acked_ = 0;
    World world_;
};

TEST_F(QuarantineTest, IsTakenOnceAndGoesNowhereBeforeADecision) {
    EXPECT_EQ(rescue(document(1, 1)), PutStatus::stored);
    world_.crash();
    EXPECT_EQ(rescue(document(1, 1)), PutStatus::duplicate);
    ASSERT_EQ(waiting().size(), 1U);
    EXPECT_EQ(waiting()[0].kind, "CashMove");
    EXPECT_EQ(waiting()[0].reason, QuarantineReason::rescued);
    EXPECT_TRUE(message().empty());
    EXPECT_EQ(world_.documents().status({{uuid_of(1)}})->results[0].state, DocumentState::stored)
        << "its app must not think that it is lost";
}

TEST_F(QuarantineTest, AdmittedGoesOnce) {
    rescue(document(1, 1));
    rescue(document(2, 2));
    ASSERT_EQ(admit(waiting()[0].place), FaultCode::unspecified);
    world_.crash();
    EXPECT_EQ(message(), std::vector<std::string>{uuid_of(1).text});
    EXPECT_EQ(rescue(document(1, 1)), PutStatus::duplicate);
    EXPECT_EQ(put(document(1, 1)), PutStatus::duplicate);
    EXPECT_TRUE(message().empty());
    EXPECT_EQ(waiting().size(), 1U);
    EXPECT_EQ(admit({uuid_of(1).text, "no such hash"}), FaultCode::not_found);
    EXPECT_EQ(world_.number("SELECT count(*) FROM audit WHERE text LIKE '%document.admit%'"), 1);
}

TEST_F(QuarantineTest, DiscardedIsKeptAndRefused) {
    rescue(document(1, 1));
    ASSERT_EQ(discard(waiting()[0].place), FaultCode::unspecified);
    EXPECT_TRUE(waiting().empty());
    EXPECT_EQ(rescue(document(1, 1)), PutStatus::rejected);
    EXPECT_TRUE(message().empty());
    EXPECT_EQ(world_.number("SELECT count(*) FROM document_quarantine"), 1);
    // The device was enrolled anew: what it brings is taken like that of any other.
    EXPECT_EQ(put(document(1, 1)), PutStatus::stored);
    EXPECT_EQ(message().size(), 1U);
}

TEST_F(QuarantineTest, EnrolledAnewBeforeADecisionIsNotDoubled) {
    rescue(document(1, 1));
    const QuarantinePlace place = waiting()[0].place;
    EXPECT_EQ(put(document(1, 1)), PutStatus::stored);
    EXPECT_TRUE(waiting().empty()) << "there is nothing to decide any more";
    EXPECT_EQ(admit(place), FaultCode::not_found);
    EXPECT_EQ(message().size(), 1U);
}

TEST_F(QuarantineTest, TwoBodiesOfOneIdCannotBothStand) {
    rescue(document(1, 1, "first"));
    rescue(document(1, 1, "second"));
    ASSERT_EQ(waiting().size(), 2U);
    ASSERT_EQ(waiting({}, 1).size(), 1U);
    EXPECT_EQ(waiting(waiting({}, 1)[0].place, 1)[0].place.sha256, waiting()[1].place.sha256);
    const QuarantinePlace other = waiting()[1].place;
    ASSERT_EQ(admit(waiting()[0].place), FaultCode::unspecified);
    EXPECT_EQ(admit(other), FaultCode::doc_conflict);
    EXPECT_EQ(discard(other), FaultCode::unspecified);
    EXPECT_EQ(message().size(), 1U);
}

TEST_F(QuarantineTest, AnotherBodyOfADocumentThatIsThereIsAConflictAndKept) {
    put(document(1, 1, "first"));
    EXPECT_EQ(rescue(document(1, 1, "second")), PutStatus::conflict);
    ASSERT_EQ(waiting().size(), 1U);
    EXPECT_NE(waiting()[0].body.find("second"), std::string::npos);
}

TEST_F(QuarantineTest, AConflictThatIsNotKeptAsideStaysAtTheDevice) {
    put(document(1, 1, "first"));
    EXPECT_EQ(rescue(document(1, 1, "kept")), PutStatus::conflict);
    ASSERT_TRUE(world_.transactions().run<bool>([](Sql& sql) -> exchange::Outcome<bool> {
        sql.run(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :a)"
            " INSERT INTO document_quarantine (doc_id, sha256, device_id, device_seq, body, reason,"
            " at_ms, resolved_by, kind, rescued) SELECT 'd' || i, 'h', :b, i, '{}', '', 1, '',"
            " 'Receipt', 1 FROM n",
            {kRescuedPerDeviceMax, device(1).id.text});
        return true;
    }));
    EXPECT_EQ(rescue(document(1, 1, "lost")), PutStatus::retry) << "its body is nowhere but there";
    EXPECT_EQ(rescue(document(1, 1, "kept")), PutStatus::conflict);
}

TEST_F(QuarantineTest, ANumberThatIsTakenMeanwhileLosesNoDocument) {
    rescue(document(1, 1));
    put(document(2, 1));
    ASSERT_EQ(admit(waiting()[0].place), FaultCode::unspecified);
    EXPECT_EQ(message().size(), 2U);
    put(document(3, 2));
    rescue(document(4, 2));
    ASSERT_EQ(admit(waiting()[0].place), FaultCode::unspecified) << "so does the next one";
    EXPECT_EQ(message().size(), 2U);
}

TEST_F(QuarantineTest, NumbersOfAdmittedOnesAreNotMissing) {
    put(document(1, 1));
    rescue(document(2, 2));
    const auto before = world_.documents().put(device(1), {{document(3, 3)}});
    EXPECT_EQ(before->missing_seq.size(), 1U);
    ASSERT_EQ(admit(waiting()[0].place), FaultCode::unspecified);
    EXPECT_TRUE(world_.documents().put(device(1), {{document(3, 3)}})->missing_seq.empty());
}

}  // namespace
}  // namespace tillhost::sumpd::store
