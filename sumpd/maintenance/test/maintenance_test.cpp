// Claim: the thread makes the daily copy by itself, and compaction, backup and purge run one at a
// time, are told, and stand in the audit. Shown with the real thread on a store that holds data.
#include "sumpd/maintenance/maintenance.h"

#include <filesystem>

#include "sumpd/maintenance/test/data.h"

namespace tillhost::sumpd::maintenance {
namespace {

using exchange::FaultCode;

class MaintenanceTest : public testing::Test {
protected:
    void start(bool daily = false) {
        maintained_ = MUST(Maintenance::start({.store = world_.store(),
                                               .clock = world_.clock(),
                                               .logger = world_.logger(),
                                               .settings = {.folder = world_.folder(),
                                                            .server_name = "Shop",
                                                            .backups_kept = 2,
                                                            .backup_daily = daily},
                                               .forget_logins = [this] { ++looked_; }}));
    }
    /// What was asked for is over.
    Activity over() {
        while (true) {
            const Activity now = maintained_->activity();
            if (now.task != Task::none && !now.is_running) {
                return now;
            }
        }
    }
    Facts facts() {
        world_.clock().advance_ms(3000);
        return maintained_->facts().value_or(Facts{});
    }
    ~MaintenanceTest() override { maintained_.reset(); }

    std::atomic<int> looked_{0};
    World world_;
    std::unique_ptr<Maintenance> maintained_;
};

TEST_F(MaintenanceTest, MakesTheDailyCopyByItself) {
    put(world_, 1, 1);
    start(true);
    const Activity done = over();
    EXPECT_EQ(done.task, Task::backup);
    EXPECT_EQ(done.fault, "");
    const auto copies = maintained_->backups();
    ASSERT_EQ(copies->size(), 1U);
    EXPECT_EQ(copies->at(0).why, "daily");
    EXPECT_EQ(facts().last_backup_ms, copies->at(0).taken_ms);
    EXPECT_EQ(world_.store().audit().page(0, 1)->at(0).act.action, "data.backup");
    EXPECT_GE(looked_.load(), 1);
}

TEST_F(MaintenanceTest, CompactionGivesRoomBack) {
    for (int i = 1; i <= 1500; ++i) {
        put(world_, document(static_cast<std::uint64_t>(i), i, std::string(400, 'x')));
    }
    run_sql(world_, "DELETE FROM document");
    start();
    const Facts before = facts();
    EXPECT_GT(before.reusable_bytes, 500'000);
    ASSERT_TRUE(maintained_->compact("anna", "10.0.0.9"));
    const Activity done = over();
    EXPECT_EQ(done.task, Task::compaction);
    EXPECT_EQ(done.fault, "");
    EXPECT_EQ(done.bytes_before, before.database_bytes);
    EXPECT_LT(done.bytes_after, before.database_bytes - 500'000);
    EXPECT_EQ(facts().reusable_bytes, 0);
    const auto told = world_.store().audit().page(0, 1)->at(0).act;
    EXPECT_EQ(told.action, "data.compact");
    EXPECT_EQ(told.address, "10.0.0.9");
}

TEST_F(MaintenanceTest, CompactionIsRefusedDuringAnImport) {
    start();
    run_sql(world_, "INSERT INTO in_message VALUES ('m', 2, 1, 0, '', 1, 0, 1, 0, 0)");
    const auto refused = maintained_->compact("anna", "");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, FaultCode::message_conflict);
}

TEST_F(MaintenanceTest, APurgeWantsTheWordAndMakesACopyFirst) {
    ASSERT_TRUE(world_.exchange().configure(kNode));
    put(world_, 1, 1);
    start();
    const auto wrong = maintained_->purge("anna", "", "shop");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().field, "word");
    const auto open = maintained_->purge("anna", "", "Shop");
    ASSERT_FALSE(open);
    EXPECT_EQ(open.error().code, FaultCode::message_conflict);
    EXPECT_EQ(facts().purge_bars.at(0).bar, Bar::documents);
    exchange_all(world_);
    ASSERT_TRUE(maintained_->purge("anna", "", "Shop"));
    const Activity done = over();
    EXPECT_EQ(done.fault, "");
    EXPECT_EQ(facts().documents, 0);
    EXPECT_EQ(facts().documents_known, 1);
    ASSERT_EQ(maintained_->backups()->size(), 1U);
    EXPECT_EQ(maintained_->backups()->at(0).name, done.file);
    EXPECT_EQ(maintained_->backups()->at(0).why, "purge");
}

TEST_F(MaintenanceTest, APurgeThatCannotMakeItsCopyPurgesNothing) {
    ASSERT_TRUE(world_.exchange().configure(kNode));
    put(world_, 1, 1);
    exchange_all(world_);
    start();
    std::filesystem::remove_all(world_.folder() + "/backup");
    std::filesystem::create_symlink("/nowhere", world_.folder() + "/backup");
    // Refused at once, or told behind it: the folder is asked for its room first.
    const auto asked = maintained_->purge("anna", "", "Shop");
    EXPECT_FALSE(asked && over().fault.empty());
    EXPECT_EQ(facts().documents, 1);
    std::filesystem::remove(world_.folder() + "/backup");
}

TEST_F(MaintenanceTest, AnInterruptedPurgeGoesOnAtTheStart) {
    ASSERT_TRUE(world_.exchange().configure(kNode));
    put(world_, 1, 1);
    exchange_all(world_);
    run_sql(world_, "UPDATE counter SET number = 1 WHERE name IN ('purge_place', 'purge_seq')");
    start();
    EXPECT_EQ(over().task, Task::purge);
    EXPECT_EQ(facts().documents, 0);
    EXPECT_EQ(world_.number("SELECT number FROM counter WHERE name = 'purge_seq'"), 0);
}

TEST_F(MaintenanceTest, OneAtATime) {
    put(world_, 1, 1);
    start();
    int taken = 0;
    for (int i = 0; i < 20; ++i) {
        const auto asked = maintained_->compact("anna", "");
        taken += asked ? 1 : 0;
        EXPECT_TRUE(asked || (asked.error().code == FaultCode::too_many &&
                              asked.error().retry_after_ms.has_value()));
    }
    EXPECT_GE(taken, 1);
    over();
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
