// Claim: what was answered is on the disk, callers that wait share a commit, a refusal takes back
// its own changes alone, and who reads does not wait. Shown with threads that are held by hand.
#include "sumpd/store/transactions.h"

#include <sys/resource.h>

#include <csignal>
#include <future>

#include "sumpd/store/test/world.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;

constexpr const char* kPut = "INSERT INTO meta VALUES (:a, 'x')";

class TransactionsTest : public testing::Test {
protected:
    /// Nobody else writes: the store with its import is closed.
    void SetUp() override {
        world_.close();
        own_ = MUST(Transactions::open(world_.folder(), world_.clock(), world_.logger()));
    }
    static Outcome<Empty> put_into(Transactions& transactions, const std::string& name) {
        return transactions.run<Empty>([&](Sql& sql) -> Outcome<Empty> {
            sql.run(kPut, {name});
            return Empty{};
        });
    }
    Outcome<Empty> put(const std::string& name) { return put_into(*own_, name); }
    std::int64_t count() {
        return *own_->read<std::int64_t>([](Sql& sql) -> Outcome<std::int64_t> {
            return sql.number("SELECT count(*) FROM meta WHERE text = 'x'");
        });
    }

    /// Stands in the writer until let go.
    struct Held {
        explicit Held(Transactions& in) {
            thread = std::make_unique<os::Thread>("held", [this, &in] {
                const auto done = in.run<Empty>([this](Sql&) -> Outcome<Empty> {
                    entered.set_value();
                    release.get_future().wait();
                    return Empty{};
                });
                EXPECT_TRUE(done);
            });
            entered.get_future().wait();
        }
        ~Held() { let_go(); }
        void let_go() {
            if (thread != nullptr) {
                release.set_value();
                thread.reset();
            }
        }
        std::promise<void> entered;
        std::promise<void> release;
        std::unique_ptr<os::Thread> thread;
    };

    World world_;
    std::unique_ptr<Transactions> own_;
};

TEST_F(TransactionsTest, WhatWasAnsweredSurvivesAKill) {
    own_.reset();
    world_.open();
    ASSERT_TRUE(put_into(world_.transactions(), "a"));
    world_.crash();
    EXPECT_EQ(world_.number("SELECT count(*) FROM meta WHERE text = 'x'"), 1);
}

TEST_F(TransactionsTest, ARefusalTakesBackItsOwnChangesAlone) {
    ASSERT_TRUE(put("a"));
    const auto refused = own_->run<Empty>([&](Sql& sql) -> Outcome<Empty> {
        sql.run(kPut, {std::string("b")});
        return exchange::refuse(FaultCode::doc_conflict, "no");
    });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, FaultCode::doc_conflict);
    ASSERT_TRUE(put("c"));
    EXPECT_EQ(count(), 2);
}

TEST_F(TransactionsTest, AStatementThatFailsTakesTheWholeBodyBackWhateverItReturns) {
    std::size_t rows_after = 1;
    const auto failed = own_->run<Empty>([&](Sql& sql) -> Outcome<Empty> {
        sql.run(kPut, {std::string("a")});
        sql.run("INSERT INTO nothing VALUES (1)");
        rows_after = sql.query("SELECT 1 FROM meta", "i").size();
        return Empty{};
    });
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, FaultCode::internal);
    EXPECT_EQ(rows_after, 0U);
    EXPECT_EQ(count(), 0);
}

TEST_F(TransactionsTest, ThoseWhoWaitShareTheNextCommit) {
    constexpr int kCallers = 20;
    Held held(*own_);
    const std::uint64_t before = own_->commits();
    std::vector<std::unique_ptr<os::Thread>> callers;
    for (int i = 0; i < kCallers; ++i) {
        callers.push_back(std::make_unique<os::Thread>(
            "caller", [this, i] { EXPECT_EQ(put(std::to_string(i)).has_value(), true); }));
    }
    while (own_->waiting() < kCallers) {
        std::this_thread::yield();
    }
    held.let_go();
    callers.clear();
    EXPECT_EQ(count(), kCallers);
    EXPECT_EQ(own_->commits() - before, 2U);  // the held one's, and theirs
}

TEST_F(TransactionsTest, OneMoreThanMayWaitIsTurnedAway) {
    Held held(*own_);
    std::vector<std::unique_ptr<os::Thread>> callers;
    for (std::size_t i = 0; i < kWriteQueueMax; ++i) {
        callers.push_back(std::make_unique<os::Thread>(
            "caller", [this, i] { EXPECT_TRUE(put(std::to_string(i)).has_value()); }));
    }
    while (own_->waiting() < kWriteQueueMax) {
        std::this_thread::yield();
    }
    const auto refused = put("more");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, FaultCode::too_many);
    EXPECT_TRUE(refused.error().retry_after_ms.has_value());
    held.let_go();
    callers.clear();
    EXPECT_EQ(count(), static_cast<std::int64_t>(kWriteQueueMax));
}

TEST_F(TransactionsTest, WhoReadsSeesWhatIsCommittedAndDoesNotWait) {
    ASSERT_TRUE(put("a"));
    const Held held(*own_);
    EXPECT_EQ(count(), 1);
}

TEST_F(TransactionsTest, ADiskThatCannotBeWrittenEndsTheProcess) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto put_on_a_full_disk = [this] {
        rlimit tiny{};
        ::getrlimit(RLIMIT_FSIZE, &tiny);
        tiny.rlim_cur = 4096;
        ::signal(SIGXFSZ, SIG_IGN);
        ::setrlimit(RLIMIT_FSIZE, &tiny);
        static_cast<void>(put(std::string(1 << 20, 'x')));
    };
    EXPECT_EXIT(put_on_a_full_disk(), testing::ExitedWithCode(kExitStorageFailed), "");
}

}  // namespace
}  // namespace tillhost::sumpd::store
