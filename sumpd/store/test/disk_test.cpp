// Claim: where the disk gets short, messages of the accounting system are refused first and
// documents of apps last; an import that meets it ends, and its commit may come again. Shown with
// floors that no disk reaches.
#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::FaultCode;
using exchange::JobState;
using exchange::PutStatus;

constexpr std::uint64_t kNever = 1ULL << 62U;

class DiskTest : public testing::Test {
protected:
    DiskTest() {
        EXPECT_TRUE(world_.exchange().configure(kNode));
        world_.close();
    }
    void open(Floors floors) {
        store_.reset();
        store_ = MUST(Store::open(world_.folder(), world_.clock(), world_.logger(),
                                  {"S", {.passes = 1, .memory_bytes = 8192}, floors}));
    }
    template <class T>
    static FaultCode code_of(const exchange::Outcome<T>& outcome) {
        EXPECT_FALSE(outcome);
        return outcome ? FaultCode::internal : outcome.error().code;
    }
    exchange::Outcome<exchange::PutDocumentsResponse> put(std::uint64_t number) {
        return store_->documents().put(device(1),
                                       {{document(number, static_cast<std::int64_t>(number))}});
    }

    World world_;
    std::unique_ptr<Store> store_;
};

TEST_F(DiskTest, DocumentsAreTheLastToBeRefused) {
    open({.spare_bytes = kNever});
    const auto stored = put(1);
    ASSERT_TRUE(stored) << stored.error().message;
    EXPECT_EQ(stored->results.at(0).status, PutStatus::stored);
    const std::string part = "part";
    EXPECT_EQ(
        code_of(store_->exchange().put_part({uuid_of(5), 1, sha_of(part), base::bytes_of(part)})),
        FaultCode::disk_full);
    EXPECT_EQ(code_of(store_->exchange().prepare(prepare_request())), FaultCode::disk_full);
    EXPECT_TRUE(store_->exchange().cancel({uuid_of(5)}));
    open({.room_bytes = kNever, .spare_bytes = kNever});
    EXPECT_EQ(code_of(put(2)), FaultCode::disk_full);
}

TEST_F(DiskTest, AFrozenMessageIsStillGivenAndAcknowledged) {
    open({});
    ASSERT_TRUE(put(1));
    const auto prepared = store_->exchange().prepare(prepare_request());
    ASSERT_TRUE(prepared);
    open({.room_bytes = kNever, .spare_bytes = kNever});
    EXPECT_EQ(doc_ids_in(fetch(store_->exchange(), *prepared)).size(), 1U);
    EXPECT_TRUE(store_->exchange().confirm({.node = kNode, .message_no = 1}));
}

TEST_F(DiskTest, AnImportEndsAndItsCommitMayComeAgain) {
    open({});
    const ToSend message{.objects = {goods("1", "Milk")}};
    const auto commit = put_parts(store_->exchange(), message);
    // Committed, and the server ended before anything was applied.
    store_->exchange().stop();
    ASSERT_TRUE(store_->exchange().commit(commit));
    open({.spare_bytes = kNever});
    const auto failed = end_of(store_->exchange(), "1");
    EXPECT_EQ(failed.state, JobState::failed);
    ASSERT_EQ(failed.errors.size(), 1U);
    EXPECT_EQ(failed.errors[0].code, FaultCode::disk_full);
    EXPECT_EQ(code_of(store_->exchange().commit(commit)), FaultCode::disk_full);
    open({});
    const auto again = store_->exchange().commit(commit);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(end_of(store_->exchange(), again->job_id).applied, 1);
}

TEST_F(DiskTest, PartsAreListedUpToABound) {
    open({});
    const std::int64_t count = kPartsListedMax + 3;
    const std::string part = "part";
    const auto put = [&](std::int64_t no) {
        return store_->exchange()
            .put_part({uuid_of(5), no, sha_of(part), base::bytes_of(part)})
            .value_or(exchange::PutPartResponse{});
    };
    EXPECT_EQ(put(1).received, (std::vector<std::int64_t>{1}));
    ASSERT_TRUE(store_->transactions().run<bool>([&](Sql& sql) -> exchange::Outcome<bool> {
        for (std::int64_t no = 2; no < count; ++no) {
            sql.run("INSERT INTO in_part VALUES (:a, :b, 'h', 1)", {uuid_of(5).text, no});
        }
        return true;
    }));
    const auto last = put(count);
    ASSERT_EQ(static_cast<std::int64_t>(last.received.size()), kPartsListedMax);
    EXPECT_EQ(last.received.front(), 4);
    EXPECT_EQ(last.received.back(), count);
}

}  // namespace
}  // namespace tillhost::sumpd::store
