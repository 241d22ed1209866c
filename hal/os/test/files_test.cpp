// Claim: files are replaced whole, reads are bounded, and a lock has one holder at a time.
// Shown in a new folder of the file system; a full disk by the limit on file size.
#include "hal/os/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace tillhost::os {
namespace {

class FilesTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    std::string folder_;
};

TEST_F(FilesTest, AWrittenFileIsReadBackAndLeavesNothingBesideIt) {
    ASSERT_TRUE(write_atomically(path("a"), base::bytes_of("one")));
    ASSERT_TRUE(write_atomically(path("a"), base::bytes_of("two")));
    EXPECT_EQ(base::string_of(MUST(read_file(path("a"), 100))), "two");
    EXPECT_FALSE(std::filesystem::exists(path("a.new")));
}

TEST_F(FilesTest, AFileMadeOfPiecesIsThereWhenItIsFinished) {
    const auto writer = MUST(FileWriter::create(path("a")));
    ASSERT_TRUE(writer->write(base::bytes_of("one ")));
    ASSERT_TRUE(writer->write(base::bytes_of("two")));
    EXPECT_FALSE(std::filesystem::exists(path("a")));
    ASSERT_TRUE(writer->finish());
    EXPECT_EQ(base::string_of(MUST(read_file(path("a"), 100))), "one two");
    ASSERT_TRUE(MUST(FileWriter::create(path("b")))->write(base::bytes_of("dropped")));
    EXPECT_EQ(MUST(list_files(folder_, "")), std::vector<std::string>{"a"});
}

TEST_F(FilesTest, ReadsAPieceAmidAFile) {
    ASSERT_TRUE(write_atomically(path("a"), base::bytes_of("0123456789")));
    EXPECT_EQ(base::string_of(MUST(read_file_at(path("a"), 3, 4))), "3456");
    EXPECT_EQ(base::string_of(MUST(read_file_at(path("a"), 8, 4))), "89");
    EXPECT_TRUE(MUST(read_file_at(path("a"), 10, 4)).empty());
}

TEST_F(FilesTest, RefusesAFileAboveTheBound) {
    ASSERT_TRUE(write_atomically(path("a"), base::bytes_of("four")));
    EXPECT_TRUE(read_file(path("a"), 4));
    EXPECT_EQ(read_file(path("a"), 3).error().code, base::ErrorCode::too_large);
}

TEST_F(FilesTest, NamesTheFileThatIsMissing) {
    const auto read = read_file(path("none"), 10);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().detail, path("none") + ": No such file or directory");
}

TEST_F(FilesTest, AFailedWriteKeepsTheOldFileAndSaysThatTheDiskIsFull) {
    ASSERT_TRUE(write_atomically(path("a"), base::bytes_of("old")));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit tiny{4, before.rlim_max};
    ::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tiny), 0);
    const auto written = write_atomically(path("a"), base::bytes_of("too long"));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, base::ErrorCode::storage_full);
    EXPECT_EQ(base::string_of(MUST(read_file(path("a"), 100))), "old");
}

TEST_F(FilesTest, AppendsBehindTheEndAndMakesTheFile) {
    ASSERT_TRUE(append_durably(path("a"), base::bytes_of("one\n"), 0600));
    ASSERT_TRUE(append_durably(path("a"), base::bytes_of("two\n"), 0600));
    EXPECT_EQ(base::string_of(MUST(read_file(path("a"), 100))), "one\ntwo\n");
    struct stat state {};
    ASSERT_EQ(::stat(path("a").c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777U, 0600U);
    EXPECT_FALSE(append_durably(path("none/a"), {}));
}

TEST_F(FilesTest, ListsFilesByEndingInOrderWithoutHiddenOnes) {
    for (const char* name : {"b.toml", "a.toml", ".c.toml", "d.txt", ".toml"}) {
        ASSERT_TRUE(write_atomically(path(name), {}));
    }
    EXPECT_EQ(MUST(list_files(folder_, ".toml")), (std::vector<std::string>{"a.toml", "b.toml"}));
}

TEST_F(FilesTest, ReservesRoomOnTheDisk) {
    ASSERT_TRUE(reserve_file(path("ballast"), 100'000));
    struct stat state {};
    ASSERT_EQ(::stat(path("ballast").c_str(), &state), 0);
    EXPECT_GE(state.st_blocks * 512, 100'000);
    EXPECT_GT(MUST(free_bytes(folder_)), 0U);
}

TEST_F(FilesTest, ALockHasOneHolderAndNamesIt) {
    auto lock = MUST(FileLock::take(path("lock")));
    const auto second = FileLock::take(path("lock"));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::ErrorCode::already_running);
    EXPECT_NE(second.error().detail.find(std::to_string(::getpid())), std::string::npos);
    lock.reset();
    EXPECT_TRUE(FileLock::take(path("lock")));
}

TEST_F(FilesTest, ALockIsHeldByWhoeverHasACopyOfItsDescriptor) {
    auto lock = MUST(FileLock::take(path("lock")));
    Descriptor copy(::dup(lock->fd()));
    lock.reset();
    EXPECT_FALSE(FileLock::take(path("lock")));
    copy.reset();
    EXPECT_TRUE(FileLock::take(path("lock")));
}

}  // namespace
}  // namespace tillhost::os
