// Claim: a copy is whole or not there, holds one moment of data that are written meanwhile, and is
// not taken for the data themselves. Shown with a store that works while it is copied.
#include "sumpd/maintenance/backup.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "sumpd/maintenance/test/data.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::maintenance {
namespace {

const auto kGoOn = [](std::int64_t, std::int64_t) { return true; };

class BackupTest : public testing::Test {
protected:
    std::string path() const { return world_.folder() + "/copy.db"; }
    base::Result<std::int64_t> copy() {
        return take_backup(world_.folder(), path(), world_.clock().unix_ms(), kGoOn);
    }
    World world_;
};

TEST_F(BackupTest, HoldsOneMomentOfDataThatAreWrittenMeanwhile) {
    for (int i = 1; i <= 2000; ++i) {
        put(world_, document(static_cast<std::uint64_t>(i), i, std::string(400, 'x')));
    }
    int steps = 0;
    std::uint64_t more = 10'000;
    const auto bytes = take_backup(world_.folder(), path(), world_.clock().unix_ms(),
                                   [&](std::int64_t done, std::int64_t total) {
                                       EXPECT_LE(done, total);
                                       ++more;
                                       put(world_, document(more, static_cast<std::int64_t>(more)));
                                       return ++steps > 0;
                                   });
    ASSERT_TRUE(bytes) << bytes.error().detail;
    EXPECT_GT(steps, 2);
    struct stat about {};
    ASSERT_EQ(::stat(path().c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    EXPECT_EQ(about.st_size, *bytes);
    const auto copied = MUST(database::Database::open(path(), store::kApplicationId));
    const auto rows = MUST(copied->query("SELECT count(*) FROM document", "i"));
    EXPECT_EQ(std::get<std::int64_t>(rows.at(0).at(0)), 2000);
    EXPECT_FALSE(std::filesystem::exists(path() + ".part"));
}

TEST_F(BackupTest, OneThatIsEndedLeavesNothing) {
    put(world_, 1, 1);
    const auto ended =
        take_backup(world_.folder(), path(), 1, [](std::int64_t, std::int64_t) { return false; });
    // One step may have been all of it: then it is whole.
    EXPECT_EQ(ended.has_value(), std::filesystem::exists(path()));
    EXPECT_FALSE(std::filesystem::exists(path() + ".part"));
}

TEST_F(BackupTest, NeverReplacesAFile) {
    std::ofstream(path()) << "mine";
    const auto refused = copy();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::bad_field);
    EXPECT_FALSE(take_backup(world_.folder(), "copy.db", 1, kGoOn));
    EXPECT_FALSE(take_backup(world_.folder(), "/nowhere/copy.db", 1, kGoOn));
}

TEST_F(BackupTest, IsNotOpenedAsTheDataThemselves) {
    ASSERT_TRUE(copy());
    const std::string other = world_.folder() + "/other";
    std::filesystem::create_directory(other);
    std::filesystem::copy_file(path(), other + "/sumpd.db");
    const auto opened = store::Store::open(other, world_.clock(), world_.logger(), {});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, base::ErrorCode::config_invalid);
}

TEST_F(BackupTest, TheFolderKeepsTheNewestOnes) {
    const std::string folder = world_.folder() + "/backup";
    std::filesystem::create_directory(folder);
    for (int day = 0; day < 5; ++day) {
        const std::int64_t at_ms = 1'780'000'000'000 + day * kDay;
        ASSERT_TRUE(
            take_backup(world_.folder(), folder + "/" + backup_name(at_ms, "daily"), at_ms, kGoOn));
    }
    std::ofstream(folder + "/mine.db") << "not ours";
    std::ofstream(folder + "/sumpd-20260101-000000-daily.db.part") << "of a kill";
    ASSERT_TRUE(prune_backups(folder, 3));
    const auto left = MUST(list_backups(folder));
    ASSERT_EQ(left.size(), 3U);
    EXPECT_EQ(left[0].taken_ms, 1'780'000'000'000 + 4 * kDay);
    EXPECT_EQ(left[0].why, "daily");
    EXPECT_GT(left[0].bytes, 0);
    EXPECT_TRUE(std::filesystem::exists(folder + "/mine.db"));
    EXPECT_FALSE(std::filesystem::exists(folder + "/sumpd-20260101-000000-daily.db.part"));
}

TEST(BackupName, IsOfItsTime) {
    EXPECT_EQ(backup_name(1'780'000'000'000, "purge"), "sumpd-20260528-202640-purge.db");
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
