// Rows come back as they were written, also after a crash of the process; foreign files are
// refused. Shown with files of SQLite in a folder of the test's own.
#include "hal/database/database.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace tillhost::database {
namespace {

constexpr std::int32_t kOwn = 0x74686c64;

class DatabaseTest : public ::testing::Test {
protected:
    void SetUp() override { std::filesystem::remove_all(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string path() {
        std::filesystem::create_directories(folder_);
        return folder_ + "/one.db";
    }
    std::unique_ptr<Database> open() { return MUST(Database::open(path(), kOwn)); }

    const std::vector<std::vector<std::string>> steps_{
        {"CREATE TABLE thing (number BIGINT PRIMARY KEY, name TEXT NOT NULL)"}};

private:
    const std::string folder_ = ::testing::TempDir() + "database_test";
};

TEST_F(DatabaseTest, KeepsRows) {
    {
        const auto one = open();
        ASSERT_TRUE(one->migrate(steps_));
        for (std::int64_t i = 0; i < 3; ++i) {
            ASSERT_TRUE(one->run("INSERT INTO thing VALUES (:number, :name)",
                                 {i, "n'" + std::to_string(i) + std::string(1, '\t')}));
        }
    }
    const auto again = open();
    ASSERT_TRUE(again->migrate(steps_));
    const auto rows =
        again->query("SELECT number, name FROM thing WHERE number > :least ORDER BY number", "it",
                     {std::int64_t{0}});
    ASSERT_TRUE(rows);
    EXPECT_EQ(*rows, (std::vector<Row>{{std::int64_t{1}, "n'1\t"}, {std::int64_t{2}, "n'2\t"}}));
}

TEST_F(DatabaseTest, SyncsEachCommit) {
    constexpr std::int64_t kFull = 2;
    EXPECT_EQ(MUST(open()->query("PRAGMA synchronous", "i")), (std::vector<Row>{{kFull}}));
}

TEST_F(DatabaseTest, OpeningAFileThatIsThereDisturbsNoWriter) {
    const auto one = open();
    ASSERT_TRUE(one->migrate(steps_));
    ASSERT_TRUE(one->begin());
    ASSERT_TRUE(one->query("SELECT count(*) FROM thing", "i"));
    const auto other = Database::open(path(), kOwn);
    ASSERT_TRUE(other) << other.error().detail;
    EXPECT_TRUE(one->run("INSERT INTO thing VALUES (:number, :name)", {std::int64_t{1}, "a"}));
    EXPECT_TRUE(one->commit());
    EXPECT_EQ(MUST((*other)->query("SELECT count(*) FROM thing", "i")),
              (std::vector<Row>{{std::int64_t{1}}}));
}

TEST_F(DatabaseTest, WhatIsNotCommittedIsGone) {
    {
        const auto one = open();
        ASSERT_TRUE(one->migrate(steps_));
        ASSERT_TRUE(one->begin());
        ASSERT_TRUE(one->run("INSERT INTO thing VALUES (:number, :name)", {std::int64_t{1}, "a"}));
    }
    EXPECT_TRUE(MUST(open()->query("SELECT number FROM thing", "i")).empty());
}

TEST_F(DatabaseTest, TakesBackAPartOfATransactionAlone) {
    const auto one = open();
    ASSERT_TRUE(one->migrate(steps_));
    const std::string insert = "INSERT INTO thing VALUES (:number, :name)";
    ASSERT_TRUE(one->begin());
    for (std::int64_t i = 1; i <= 4; ++i) {
        ASSERT_TRUE(one->savepoint());
        ASSERT_TRUE(one->run(insert, {i, "a"}));
        ASSERT_TRUE(i % 2 == 0 ? one->take_back() : one->keep());
    }
    ASSERT_TRUE(one->savepoint());
    ASSERT_FALSE(one->run(insert, {std::int64_t{1}, "again"}));
    ASSERT_TRUE(one->take_back());
    ASSERT_TRUE(one->commit());
    EXPECT_EQ(MUST(open()->query("SELECT number FROM thing ORDER BY number", "i")),
              (std::vector<Row>{{std::int64_t{1}}, {std::int64_t{3}}}));
}

TEST_F(DatabaseTest, AQueryAskedAgainGivesTheRowsOfNow) {
    const auto one = open();
    const auto writer = open();
    ASSERT_TRUE(one->migrate(steps_));
    for (std::int64_t i = 1; i <= 3; ++i) {
        ASSERT_TRUE(writer->run("INSERT INTO thing VALUES (:number, :name)",
                                {i, std::string(static_cast<std::size_t>(i), 'x')}));
        const auto rows =
            one->query("SELECT name FROM thing WHERE number >= :a ORDER BY number", "t", {i - 1});
        ASSERT_TRUE(rows);
        EXPECT_EQ(rows->back(), Row{std::string(static_cast<std::size_t>(i), 'x')});
        EXPECT_EQ(rows->size(), i == 1 ? 1U : 2U);
    }
}

TEST_F(DatabaseTest, TellsTheStatementAndNoValue) {
    const auto one = open();
    ASSERT_TRUE(one->migrate(steps_));
    const Row row{std::int64_t{1}, "secret"};
    ASSERT_TRUE(one->run("INSERT INTO thing VALUES (:number, :name)", row));
    const auto twice = one->run("INSERT INTO thing VALUES (:number, :name)", row);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, base::ErrorCode::storage_failed);
    EXPECT_EQ(twice.error().detail.find("secret"), std::string::npos);
    EXPECT_TRUE(one->run("INSERT INTO thing VALUES (:number, :name)", {std::int64_t{2}, "b"}));
}

TEST_F(DatabaseTest, RefusesAForeignAndANewerFile) {
    {
        const auto other = MUST(Database::open(path(), kOwn + 1));
        ASSERT_TRUE(other->migrate(steps_));
    }
    EXPECT_FALSE(Database::open(path(), kOwn));
    const auto own = MUST(Database::open(path(), kOwn + 1));
    EXPECT_FALSE(own->migrate({}));
}

TEST_F(DatabaseTest, FreedPagesAreGivenBackInSlices) {
    const auto one = open();
    ASSERT_TRUE(one->migrate(steps_));
    ASSERT_TRUE(one->begin());
    for (std::int64_t i = 0; i < 500; ++i) {
        ASSERT_TRUE(
            one->run("INSERT INTO thing VALUES (:number, :name)", {i, std::string(4000, 'x')}));
    }
    ASSERT_TRUE(one->commit());
    ASSERT_TRUE(one->run("DELETE FROM thing WHERE number > 1"));
    ASSERT_TRUE(MUST(one->can_shrink()));
    ASSERT_TRUE(one->begin());
    EXPECT_EQ(MUST(one->shrink(100)), 100);
    ASSERT_TRUE(one->savepoint());
    EXPECT_EQ(MUST(one->shrink(100)), 100);
    ASSERT_TRUE(one->take_back());
    ASSERT_TRUE(one->commit());
    std::int64_t pages = 0;
    for (std::int64_t more = 1; more > 0; pages += more) {
        more = MUST(one->shrink(100));
    }
    EXPECT_GT(pages, 250);
    EXPECT_EQ(MUST(one->query("SELECT number FROM thing", "i")).size(), 2U);
    EXPECT_TRUE(one->check());
    EXPECT_TRUE(one->empty_log());
}

TEST_F(DatabaseTest, AReaderOfItsOwnSeesWhatIsThereAndWritesNothing) {
    EXPECT_FALSE(Database::open_to_read(path(), kOwn));
    const auto one = open();
    ASSERT_TRUE(one->migrate(steps_));
    const auto reader = MUST(Database::open_to_read(path(), kOwn));
    ASSERT_TRUE(one->run("INSERT INTO thing VALUES (1, 'a')"));
    EXPECT_EQ(MUST(reader->query("SELECT number FROM thing", "i")).size(), 1U);
    EXPECT_FALSE(reader->run("INSERT INTO thing VALUES (2, 'b')"));
    EXPECT_FALSE(Database::open_to_read(path(), kOwn + 1));
}

}  // namespace
}  // namespace tillhost::database
