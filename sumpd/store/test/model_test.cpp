// Claim: whatever is repeated, lost, refused or killed, the accounting system ends with every
// document that was answered as stored, each once. Shown by random runs with seeds against two
// ledgers: what devices were told, and what a played accounting system applied.
#include <map>
#include <random>
#include <set>

#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::PutStatus;
using exchange::Verdict;

/// Applies messages durably before it acknowledges them, as a good accounting system does.
struct Ledger {
    std::int64_t applied_no = 0;
    std::map<std::string, std::string> bodies{};  // by DocId
    std::set<std::string> may_come_again{};       // those that it deferred

    void apply(const exchange::PrepareMessageResponse& prepared, const std::string& text) {
        const DocumentsIn in = read_message(text);
        ASSERT_EQ(in.head.message_no, prepared.message_no);
        if (prepared.message_no <= applied_no) {
            return;  // the same message again: its number says so
        }
        applied_no = prepared.message_no;
        for (const exchange::MessageDocument& one : in.documents) {
            const std::string& id = one.document.doc_id.text;
            ASSERT_TRUE(bodies.count(id) == 0 || may_come_again.erase(id) == 1)
                << id << " came twice";
            bodies[id] = exchange::to_json(one.document);
        }
    }
};

class RandomRun {
public:
    explicit RandomRun(unsigned seed) : random_(seed) {
        EXPECT_TRUE(world_.exchange().configure(kNode));
    }

    void steps(int count) {
        for (int i = 0; i < count && !testing::Test::HasFatalFailure(); ++i) {
            switch (random_() % 8) {
                case 0:
                case 1: put_new(); break;
                case 2: retry(); break;
                case 3: conflict(); break;
                case 4:
                case 5: exchange_once(); break;
                case 6:
                    world_.clock().advance_ms(static_cast<std::int64_t>(random_() % 100'000));
                    break;
                case 7: world_.crash(); break;
            }
        }
    }

    void finish() {
        for (const exchange::Document& one : lost_answers_) {
            put({one});
        }
        lost_answers_.clear();
        world_.clock().advance_ms(kDeferredAgainMs);
        while (!testing::Test::HasFatalFailure()) {
            const auto prepared = world_.exchange().prepare(prepare_request(ledger_.applied_no));
            ASSERT_TRUE(prepared);
            if (prepared->empty) {
                break;
            }
            ledger_.apply(*prepared, fetch(world_.exchange(), *prepared));
        }
        EXPECT_EQ(ledger_.bodies, told_stored_);
        EXPECT_EQ(world_.number("SELECT count(*) FROM document WHERE waiting = 1 OR state < 3"), 0);
    }

private:
    void put(std::vector<exchange::Document> documents) {
        const auto response = world_.documents().put(device(1), {documents});
        ASSERT_TRUE(response);
        for (std::size_t i = 0; i < documents.size(); ++i) {
            const PutStatus status = response->results[i].status;
            ASSERT_NE(status, PutStatus::conflict);
            ASSERT_NE(status, PutStatus::retry);
            const std::string& id = documents[i].doc_id.text;
            const std::string body = exchange::to_json(documents[i]);
            ASSERT_TRUE(told_stored_.count(id) == 0 || status != PutStatus::stored);
            told_stored_.emplace(id, body);
        }
    }

    void put_new() {
        std::vector<exchange::Document> documents;
        for (std::uint64_t i = 0; i <= random_() % 3; ++i) {
            ++last_;
            documents.push_back(document(static_cast<std::uint64_t>(last_), last_));
            sent_.push_back(documents.back());
        }
        if (random_() % 4 == 0) {
            // The answer is lost, and sometimes the process with it: the device knows nothing.
            EXPECT_TRUE(world_.documents().put(device(1), {documents}));
            lost_answers_.insert(lost_answers_.end(), documents.begin(), documents.end());
            if (random_() % 2 == 0) {
                world_.crash();
            }
            for (const exchange::Document& one : documents) {
                told_stored_.emplace(one.doc_id.text, exchange::to_json(one));
            }
        } else {
            put(documents);
        }
    }

    void retry() {
        if (!sent_.empty()) {
            put({sent_[random_() % sent_.size()]});
        }
    }

    void conflict() {
        if (sent_.empty()) {
            return;
        }
        exchange::Document other = sent_[random_() % sent_.size()];
        std::get<exchange::CashMove>(other.body).reason = "another";
        const auto response = world_.documents().put(device(1), {{other}});
        ASSERT_TRUE(response);
        EXPECT_EQ(response->results[0].status, PutStatus::conflict);
    }

    /// One turn of the accounting system, which may end behind each of its steps.
    void exchange_once() {
        auto request = prepare_request(random_() % 2 == 0 ? ledger_.applied_no : acked_);
        request.max_bytes = exchange::kPartBytesMin;
        const auto prepared = world_.exchange().prepare(request);
        ASSERT_TRUE(prepared) << prepared.error().message;
        acked_ = request.ack_no;
        if (prepared->empty || random_() % 5 == 0) {
            return;
        }
        const std::string text = fetch(world_.exchange(), *prepared);
        if (random_() % 5 == 0) {
            return;
        }
        ledger_.apply(*prepared, text);
        if (random_() % 3 != 0) {
            confirm(*prepared, text);
        }
    }

    void confirm(const exchange::PrepareMessageResponse& prepared, const std::string& text) {
        exchange::ConfirmMessage request{.node = kNode, .message_no = prepared.message_no};
        for (const std::string& id : doc_ids_in(text)) {
            const auto chosen = random_() % 8;
            if (chosen < 3) {
                request.results.push_back(
                    {.doc_id = {id}, .status = static_cast<Verdict>(chosen + 1), .error = "e"});
            }
            if (chosen == 2) {
                may_come_again_.insert(id);
            }
        }
        for (std::uint64_t i = 0; i <= random_() % 2; ++i) {  // once, or again after a lost answer
            ASSERT_TRUE(world_.exchange().confirm(request));
        }
        ledger_.may_come_again.insert(may_come_again_.begin(), may_come_again_.end());
        may_come_again_.clear();
        acked_ = prepared.message_no;
    }

    std::mt19937 random_;
    World world_;
    Ledger ledger_;
    std::int64_t last_ = 0;
    std::int64_t acked_ = 0;
    std::vector<exchange::Document> sent_;
    std::vector<exchange::Document> lost_answers_;
    std::set<std::string> may_come_again_;
    std::map<std::string, std::string> told_stored_;
};

TEST(Model, EveryStoredDocumentIsAtTheAccountingSystemOnce) {
    for (unsigned seed = 1; seed <= 25; ++seed) {
        SCOPED_TRACE("seed=" + std::to_string(seed));
        RandomRun run(seed);
        run.steps(60);
        run.finish();
        ASSERT_FALSE(testing::Test::HasFailure());
    }
}

}  // namespace
}  // namespace tillhost::sumpd::store
