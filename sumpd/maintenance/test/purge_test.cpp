// Claim: a purge is refused while anything is open, takes all the rest away or nothing, goes on
// behind a kill at any of its commits, and what was stored is still known. Shown slice by slice
// with a crash behind each.
#include "sumpd/maintenance/purge.h"

#include "sumpd/core/cursor.h"
#include "sumpd/maintenance/retention.h"
#include "sumpd/maintenance/test/data.h"

namespace tillhost::sumpd::maintenance {
namespace {

using exchange::FaultCode;
using exchange::PutStatus;

exchange::Object user(const std::string& id) {
    exchange::Object object{.kind = "User", .id = id};
    object.body =
        exchange::User{.name = "Anna", .login = "anna", .role_id = "cashier", .enabled = true};
    return object;
}

class PurgeTest : public testing::Test {
protected:
    PurgeTest() { EXPECT_TRUE(world_.exchange().configure(kNode)); }

    std::vector<PurgeBar> bars() {
        return *world_.transactions().read<std::vector<PurgeBar>>(
            [](Sql& sql) -> exchange::Outcome<std::vector<PurgeBar>> { return purge_bars(sql); });
    }
    void expect_bar(Bar bar) {
        const auto now = bars();
        ASSERT_FALSE(now.empty());
        EXPECT_EQ(now.front().bar, bar);
        const auto refused = decide_purge(world_.store(), "anna", "", "copy");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, FaultCode::message_conflict);
        EXPECT_FALSE(*is_purging(world_.transactions()));
    }
    /// Goods, users, documents that are over.
    void fill(int documents, int objects) {
        for (int i = 1; i <= documents; ++i) {
            put(world_, static_cast<std::uint64_t>(i), i);
        }
        exchange_all(world_);
        std::vector<exchange::Object> all{user("u1")};
        for (int i = 0; i < objects; ++i) {
            all.push_back(goods("g" + std::to_string(i), "Milk"));
        }
        EXPECT_EQ(store::send(world_.exchange(), {.objects = all, .ack_no = 1}).state,
                  exchange::JobState::done);
        add_command(world_, "done", 3, true);
    }
    World world_;
};

TEST_F(PurgeTest, IsRefusedWhileAnythingIsOpen) {
    EXPECT_TRUE(bars().empty());
    put(world_, 1, 1);
    expect_bar(Bar::documents);
    ASSERT_TRUE(world_.exchange().prepare(store::prepare_request()));
    expect_bar(Bar::documents);  // in a message that is not acknowledged
    exchange_all(world_);
    EXPECT_TRUE(bars().empty());
    for (const int stage : {1, 2, 5, 6}) {
        add_command(world_, "c", stage, false);
        expect_bar(Bar::commands);
        run_sql(world_, "DELETE FROM device_command");
    }
    put(world_, document(1, 1, "other"));
    expect_bar(Bar::conflicts);
    run_sql(world_, "UPDATE document_quarantine SET resolved_by = 'anna'");
    EXPECT_TRUE(bars().empty());
    run_sql(world_, "INSERT INTO in_message VALUES ('m', 2, 1, 0, '', 1, 0, 1, 0, 0)");
    expect_bar(Bar::import);
}

TEST_F(PurgeTest, GoesOnBehindAKillAtEachCommit) {
    fill(450, 700);
    std::string cursor;
    ids_seen(world_, cursor);
    const auto node = *world_.exchange().node();
    ASSERT_TRUE(decide_purge(world_.store(), "anna", "10.0.0.9", "copy.db"));
    int slices = 0;
    for (std::int64_t gone = 1; gone > 0; ++slices) {
        world_.crash();
        ASSERT_TRUE(*is_purging(world_.transactions()));
        gone = *purge_slice(world_.store(), world_.clock().unix_ms());
    }
    EXPECT_GT(slices, 7);
    world_.crash();
    ASSERT_TRUE(end_purge(world_.store()));
    world_.crash();
    EXPECT_FALSE(*is_purging(world_.transactions()));
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 0);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document_known"), 450);
    EXPECT_EQ(world_.number("SELECT count(*) FROM object"), 1);
    EXPECT_EQ(world_.number("SELECT count(*) FROM device_command"), 0);
    EXPECT_EQ(*world_.exchange().node(), node);
    EXPECT_EQ(put(world_, 7, 7).status, PutStatus::duplicate);
    EXPECT_EQ(put(world_, 1000, 451).status, PutStatus::stored);
    const auto asked = world_.changes().get(device(1), {.cursor = cursor, .max_bytes = 50'000});
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, FaultCode::resync_required);
    EXPECT_EQ(ids_seen(world_, cursor), (std::vector<std::string>{"User/u1"}));
    EXPECT_EQ(world_.store().audit().page(0, 1)->at(0).act.action, "data.purge");
}

TEST_F(PurgeTest, CommandsLeaveTheTimeAndTheBook) {
    const std::int64_t now_ms = world_.clock().unix_ms();
    add_command(world_, command_id(now_ms), 3, true);
    add_command(world_, command_id(now_ms + 1), 4, true);
    run_sql(world_, "UPDATE device_command SET book = 77 WHERE stage = 3");
    ASSERT_TRUE(decide_purge(world_.store(), "anna", "", "copy.db"));
    while (*purge_slice(world_.store(), now_ms) > 0) {
    }
    ASSERT_TRUE(end_purge(world_.store()));
    EXPECT_EQ(world_.number("SELECT count(*) FROM device_command"), 0);
    EXPECT_EQ(fence_of(world_).before_ms, now_ms + 2);
    EXPECT_EQ(fence_of(world_).book, 77);
}

TEST_F(PurgeTest, WhatComesMeanwhileStays) {
    fill(10, 10);
    ASSERT_TRUE(decide_purge(world_.store(), "anna", "", "copy.db"));
    put(world_, 11, 11);
    exchange_all(world_);  // accepted while the purge goes on
    put(world_, 12, 12);
    // Sent meanwhile: it waits, else what is the same as before would be taken for unchanged.
    const store::ToSend again{.no = 2, .objects = {goods("g1", "Milk")}, .ack_no = 2};
    const auto committed = world_.exchange().commit(store::put_parts(world_.exchange(), again));
    ASSERT_TRUE(committed);
    while (*purge_slice(world_.store(), world_.clock().unix_ms()) > 0) {
        EXPECT_NE(world_.exchange().job({committed->job_id, 0})->state, exchange::JobState::done);
    }
    ASSERT_TRUE(end_purge(world_.store()));
    EXPECT_EQ(store::end_of(world_.exchange(), committed->job_id).applied, 1);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 2);
    std::string cursor;
    EXPECT_EQ(ids_seen(world_, cursor), (std::vector<std::string>{"User/u1", "Goods/g1"}));
}

TEST_F(PurgeTest, WhatIsOwedToDevdStays) {
    fill(1, 5);
    add_command(world_, "owed", 4, true);
    run_sql(world_, "UPDATE device_command SET owed = 1 WHERE id = 'owed'");
    add_command(world_, "told", 4, true);
    ASSERT_TRUE(decide_purge(world_.store(), "anna", "", ""));
    while (*purge_slice(world_.store(), world_.clock().unix_ms()) > 0) {
    }
    ASSERT_TRUE(end_purge(world_.store()));
    EXPECT_EQ(world_.number("SELECT count(*) FROM device_command WHERE id = 'owed'"), 1);
    EXPECT_EQ(world_.number("SELECT count(*) FROM device_command WHERE id = 'told'"), 0);
}

TEST_F(PurgeTest, AppsOfTheRunningServerAreToldAtOnce) {
    fill(1, 5);
    std::string cursor;
    ids_seen(world_, cursor);
    const std::string epoch = world_.changes().epoch();
    ASSERT_TRUE(decide_purge(world_.store(), "anna", "", ""));
    while (*purge_slice(world_.store(), world_.clock().unix_ms()) > 0) {
    }
    ASSERT_TRUE(end_purge(world_.store()));
    EXPECT_NE(world_.changes().epoch(), epoch);
    EXPECT_FALSE(world_.changes().get(device(1), {.cursor = cursor, .max_bytes = 50'000}));
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
