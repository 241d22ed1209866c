// Claim: a task is one device's until its lease ends or is given back, and the other one is told
// whose. Shown with two devices on a clock that is moved by hand.
#include "sumpd/store/tasks.h"

#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::FaultCode;

class TasksTest : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(world_.exchange().configure(kNode));
        exchange::Object task{.kind = "Task", .id = "t1", .scope = "s1"};
        task.body = exchange::Task{.number = "1", .type = exchange::TaskType::pick};
        send(world_.exchange(), {.objects = {task}});
    }
    exchange::Outcome<exchange::LockTaskResponse> lock(std::uint64_t number,
                                                       const std::string& store_id = "s1") {
        return world_.store().tasks().lock(device(number, store_id), {"t1", 60});
    }
    FaultCode code_of(const exchange::Outcome<exchange::LockTaskResponse>& outcome) {
        return outcome ? FaultCode::unspecified : outcome.error().code;
    }
    World world_;
};

TEST_F(TasksTest, IsOneDevicesUntilTheLeaseEnds) {
    const auto first = lock(1);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->locked_until.unix_ms, world_.clock().unix_ms() + 60'000);
    world_.crash();
    const auto refused = lock(2);
    EXPECT_EQ(code_of(refused), FaultCode::task_locked);
    EXPECT_NE(refused.error().message.find(device(1).id.text), std::string::npos);
    world_.clock().advance_ms(59'000);
    EXPECT_TRUE(lock(1));
    world_.clock().advance_ms(59'000);
    EXPECT_EQ(code_of(lock(2)), FaultCode::task_locked);
    world_.clock().advance_ms(1'000);
    EXPECT_TRUE(lock(2));
    EXPECT_EQ(code_of(lock(1)), FaultCode::task_locked);
}

TEST_F(TasksTest, IsGivenBackByItsHolderAlone) {
    ASSERT_TRUE(lock(1));
    EXPECT_TRUE(world_.store().tasks().release(device(2, "s1"), {"t1"}));
    EXPECT_EQ(code_of(lock(2)), FaultCode::task_locked);
    EXPECT_TRUE(world_.store().tasks().release(device(1, "s1"), {"t1"}));
    EXPECT_TRUE(lock(2));
}

TEST_F(TasksTest, ThereIsNoTaskOfAnotherStoreAndNoDeletedOne) {
    EXPECT_EQ(code_of(lock(1, "s2")), FaultCode::not_found);
    exchange::Object task{.kind = "Task", .id = "t1", .scope = "s1", .deleted = true};
    send(world_.exchange(), {.no = 2, .objects = {task}});
    EXPECT_EQ(code_of(lock(1)), FaultCode::not_found);
}

TEST_F(TasksTest, IsListedWithItsHolderAndFreedByAnAdministrator) {
    Tasks& tasks = world_.store().tasks();
    ASSERT_EQ(tasks.page("", 10)->size(), 1U);
    EXPECT_TRUE((*tasks.page("", 10))[0].holder_id.empty());
    EXPECT_EQ(tasks.free("t1", "admin", "").error().code, FaultCode::not_found);
    ASSERT_TRUE(lock(1));
    world_.crash();
    const auto page = world_.store().tasks().page("", 10);
    EXPECT_EQ((*page)[0].holder_id, device(1).id.text);
    EXPECT_EQ((*page)[0].task.number, "1");
    EXPECT_EQ((*page)[0].locked_until_ms, world_.clock().unix_ms() + 60'000);
    EXPECT_TRUE(world_.store().tasks().page("t1", 10)->empty());
    ASSERT_TRUE(world_.store().tasks().free("t1", "admin", "10.0.0.1"));
    EXPECT_TRUE(lock(2));
    world_.clock().advance_ms(60'000);
    EXPECT_TRUE((*world_.store().tasks().page("", 10))[0].holder_id.empty()) << "its time is over";
    EXPECT_EQ(world_.number("SELECT count(*) FROM audit WHERE text LIKE '%task.release%'"), 1);
}

TEST_F(TasksTest, AResultWithoutTheLockIsStoredAndNoted) {
    const auto result = [](std::uint64_t number, std::int64_t seq) {
        exchange::Document one = document(number, seq);
        one.body = exchange::TaskResult{.task_id = "t1", .outcome = exchange::TaskOutcome::done};
        return one;
    };
    const auto put = [&](std::uint64_t from, exchange::Document one) {
        const auto response = world_.documents().put(device(from), {{std::move(one)}});
        return response->results.at(0).status;
    };
    ASSERT_TRUE(lock(1));
    EXPECT_EQ(put(1, result(1, 1)), exchange::PutStatus::stored);
    EXPECT_TRUE(world_.store().tasks().unlocked(10)->empty());
    EXPECT_EQ(put(2, result(2, 1)), exchange::PutStatus::stored);
    world_.clock().advance_ms(60'000);
    EXPECT_EQ(put(1, result(3, 2)), exchange::PutStatus::stored);
    const auto noted = world_.store().tasks().unlocked(10);
    ASSERT_EQ(noted->size(), 2U);
    EXPECT_EQ((*noted)[0].doc_id, uuid_of(3).text);
    EXPECT_TRUE((*noted)[0].holder_id.empty());
    EXPECT_EQ((*noted)[1].holder_id, device(1).id.text);
}

}  // namespace
}  // namespace tillhost::sumpd::store
