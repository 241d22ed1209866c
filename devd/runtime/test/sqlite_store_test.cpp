// Claim: what the store calls durable is there after any end of the process, and nothing damaged is
// ever read as if it were whole. Shown on real files: writers killed with SIGKILL, cut and
// overwritten files, a file system that is full.
#include "devd/runtime/sqlite_store.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "hal/os/fake/kept_log.h"
#include "hal/os/files.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;

constexpr int kWaitMsMax = 30'000;

base::OperationId id_of(std::uint64_t number) {
    return base::OperationId::make(1'780'000'000'000 + number, {number, ~number});
}

core::OperationRow accepted(std::uint64_t number, std::size_t payload_bytes = 20) {
    contract::PrintText text;
    text.lines.assign(1, std::string(std::min<std::size_t>(payload_bytes, 128), 'x'));
    core::OperationRow row;
    row.id = id_of(number);
    row.device = "kassa";
    row.command = contract::Command(text);
    row.content_hash = std::string(64, 'a');
    row.client = "pos";
    row.state = contract::OperationState::accepted;
    row.accepted_at_ms = 1'780'000'000'000;
    row.sequence = number;
    return row;
}

core::OperationRow full_row(std::uint64_t number) {
    core::OperationRow row = accepted(number);
    row.sale_ref = "42/7";
    row.state = contract::OperationState::in_doubt;
    row.version = 5;
    row.attempt = 2;
    row.start_before_ms = 17;
    row.settled_at_ms = 18;
    row.acknowledged = true;
    contract::FiscalMarker marker;
    marker.identity.serial = "0000123";
    marker.last_document_number = 4'294'967'295;
    marker.clock_offset_s = -7;
    row.marker = contract::Marker(marker);
    row.evidence = {{"pending_answer", {std::byte{0}, std::byte{255}}}, {"frame", {}}};
    contract::FiscalResult result;
    result.registered = true;
    result.printed = contract::Printed::not_printed;
    row.result = contract::OperationResult(result);
    row.error = contract::Error{"paper_out", base::Reaction::ask_operator, base::Effect::unknown,
                                "текст", 3};
    row.decision = "seen on paper";
    return row;
}

core::BookChange put(core::OperationRow row) {
    core::BookChange change;
    change.put.push_back(std::move(row));
    return change;
}

std::vector<core::OperationRow> sorted(std::vector<core::OperationRow> rows) {
    std::sort(rows.begin(), rows.end(),
              [](const auto& a, const auto& b) { return a.sequence < b.sequence; });
    return rows;
}

void wait_durable(const SqliteStore& store, core::Position position) {
    while (store.durable() < position) {
        pollfd moved{store.moved().fd(), POLLIN, 0};
        ASSERT_EQ(::poll(&moved, 1, kWaitMsMax), 1);
        store.moved().clear();
    }
}

class SqliteStoreTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        options_.folder = name;
        options_.ballast_bytes = 256 * 1024;
        options_.room_bytes_min = 512 * 1024;
    }
    void TearDown() override { std::filesystem::remove_all(options_.folder); }
    std::unique_ptr<SqliteStore> open() const {
        return MUST(SqliteStore::open(options_, os::Logger(log_)));
    }
    base::Error open_error() const {
        const auto store = SqliteStore::open(options_, os::Logger(log_));
        return store ? base::make_error(ErrorCode::unspecified, "it opened") : store.error();
    }
    std::string book() const { return options_.folder + "/book.db"; }

    StoreOptions options_;
    mutable os::KeptLog log_;
};

TEST_F(SqliteStoreTest, ReadsBackEveryFieldOfEveryRow) {
    core::OperationRow tombstone;
    tombstone.id = id_of(3);
    tombstone.device = "kassa";
    tombstone.state = contract::OperationState::never_accepted;
    tombstone.sequence = 3;
    {
        const auto store = open();
        EXPECT_TRUE(store->take_image().operations.empty());
        store->write(put(accepted(1)));
        store->write(put(full_row(2)));
        store->write(put(tombstone));
    }
    const auto rows = sorted(open()->take_image().operations);
    EXPECT_EQ(rows, (std::vector<core::OperationRow>{accepted(1), full_row(2), tombstone}));
}

TEST_F(SqliteStoreTest, AChangeReplacesForgetsAndRemembersAsOne) {
    {
        const auto store = open();
        store->write(put(accepted(1)));
        store->write(put(accepted(2)));
        core::BookChange change;
        core::OperationRow later = full_row(1);
        change.put.push_back(later);
        change.forget.push_back(id_of(2));
        change.host_epoch = {"kassa", 7};
        change.retention_watermark_ms = 1'700'000'000'000;
        store->write(change);
    }
    const auto image = open()->take_image();
    EXPECT_EQ(image.operations, std::vector<core::OperationRow>{full_row(1)});
    ASSERT_EQ(image.host_epochs.size(), 1U);
    EXPECT_EQ(image.host_epochs.front(), (std::pair<std::string, std::uint64_t>{"kassa", 7}));
    EXPECT_EQ(image.retention_watermark_ms, 1'700'000'000'000U);
}

TEST_F(SqliteStoreTest, PositionsBecomeDurableInOrderAndManyShareACommit) {
    const auto store = open();
    constexpr core::Position kChanges = 500;
    for (core::Position number = 1; number <= kChanges; ++number) {
        EXPECT_EQ(store->write(put(accepted(number))), number);
    }
    wait_durable(*store, kChanges);
    EXPECT_EQ(store->durable(), kChanges);
    EXPECT_LT(store->commits(), kChanges / 2);
    EXPECT_GE(store->commits(), 1U);
}

/// A child that writes for ever and tells every durable position; it ends by SIGKILL only.
[[noreturn]] void write_and_tell(const StoreOptions& options, int tell_fd) {
    os::KeptLog log;
    const auto store = MUST(SqliteStore::open(options, os::Logger(log)));
    core::Position last = 0;
    while (true) {
        for (int burst = 0; burst < 3; ++burst) {
            ++last;
            store->write(put(accepted(last, 100)));
        }
        wait_durable(*store, last);
        if (::write(tell_fd, &last, sizeof last) != sizeof last) {
            ::_exit(1);
        }
    }
}

TEST_F(SqliteStoreTest, NothingDurableIsLostWhenTheWriterIsKilled) {
    for (int round = 0; round < 5; ++round) {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            write_and_tell(options_, ends[1]);
        }
        const os::Descriptor told(ends[0]);
        ::close(ends[1]);
        core::Position durable = 0;
        for (int messages = 0; messages < 20 + 10 * round; ++messages) {
            ASSERT_EQ(::read(told.get(), &durable, sizeof durable),
                      static_cast<ssize_t>(sizeof durable));
        }
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        while (::read(told.get(), &durable, sizeof durable) > 0) {
        }
        const auto rows = sorted(open()->take_image().operations);
        ASSERT_GE(rows.size(), durable);
        for (core::Position number = 1; number <= durable; ++number) {
            ASSERT_EQ(rows[number - 1], accepted(number, 100));
        }
    }
}

TEST_F(SqliteStoreTest, RefusesAFileThatIsNoBook) {
    std::ofstream(book()) << std::string(10'000, 'x');
    EXPECT_EQ(open_error().code, ErrorCode::storage_failed);
    EXPECT_NE(open_error().detail.find("book.db: file is not a database"), std::string::npos)
        << open_error().detail;
}

TEST_F(SqliteStoreTest, RefusesTheDatabaseOfAnotherProgram) {
    {
        const auto database = MUST(Database::open(book()));
        ASSERT_TRUE(database->run("CREATE TABLE theirs (x)"));
    }
    EXPECT_NE(open_error().detail.find("not an operation book"), std::string::npos);
}

TEST_F(SqliteStoreTest, RefusesABookOfANewerVersion) {
    open();
    {
        const auto database = MUST(Database::open(book()));
        ASSERT_TRUE(database->run("PRAGMA user_version = 99"));
    }
    EXPECT_NE(open_error().detail.find("newer devd (book version 99"), std::string::npos);
}

TEST_F(SqliteStoreTest, RefusesADamagedBookAndNamesIt) {
    {
        const auto store = open();
        for (std::uint64_t number = 1; number <= 200; ++number) {
            store->write(put(full_row(number)));
        }
    }
    const auto size = std::filesystem::file_size(book());
    ASSERT_GT(size, 40'000U);
    {
        std::fstream file(book(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(20'000);
        file << std::string(12'000, '\x5a');
    }
    EXPECT_EQ(open_error().code, ErrorCode::storage_failed);
    EXPECT_NE(open_error().detail.find("book.db"), std::string::npos);
    std::filesystem::resize_file(book(), size / 2);
    EXPECT_EQ(open_error().code, ErrorCode::storage_failed);
}

TEST_F(SqliteStoreTest, NamesTheOperationWhoseRowCannotBeRead) {
    { open()->write(put(full_row(1))); }
    {
        const auto database = MUST(Database::open(book()));
        ASSERT_TRUE(database->run("UPDATE operation SET marker = x'c1'"));
    }
    EXPECT_NE(open_error().detail.find("operation " + id_of(1).to_text()), std::string::npos);
}

/// A file system of its own, small enough to be filled.
class FullDiskTest : public SqliteStoreTest {
protected:
    void SetUp() override {
        SqliteStoreTest::SetUp();
        options_.ballast_bytes = 6 * 1024 * 1024;
        // In a mount namespace of this thread, so that nothing stays behind whatever happens.
        mounted_ = ::unshare(CLONE_NEWNS) == 0 &&
                   ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                   ::mount("till", options_.folder.c_str(), "tmpfs", 0, "size=16m") == 0;
        if (!mounted_) {
            GTEST_SKIP() << "may not mount a file system here";
        }
    }
    void TearDown() override {
        if (mounted_) {
            ::umount2(options_.folder.c_str(), MNT_DETACH);
        }
        SqliteStoreTest::TearDown();
    }
    /// Takes all but that much of the room.
    void fill(std::uint64_t leave_bytes) const {
        const auto free = MUST(os::free_bytes(options_.folder));
        ASSERT_TRUE(os::reserve_file(options_.folder + "/filler", free - leave_bytes));
    }
    bool mounted_ = false;
};

TEST_F(FullDiskTest, RefusesNewWorkEarlyAndFinishesTheAcceptedFromTheBallast) {
    const auto store = open();
    EXPECT_TRUE(store->has_room());
    wait_durable(*store, store->write(put(accepted(1))));
    fill(100 * 1024);
    wait_durable(*store, store->write(put(accepted(2))));
    core::Position last = store->write(put(accepted(3)));
    wait_durable(*store, last);
    EXPECT_FALSE(store->has_room());
    for (std::uint64_t number = 4; number < 300; ++number) {  // more than the disk has left
        last = store->write(put(accepted(number, 128)));
        wait_durable(*store, last);
    }
    EXPECT_TRUE(log_.holds("ballast is given up"));
    EXPECT_FALSE(store->has_room());
    ASSERT_TRUE(os::remove_file(options_.folder + "/filler"));
    while (!store->has_room()) {  // measured again because it was asked for
        last = store->write(put(accepted(1)));
        wait_durable(*store, last);
    }
    EXPECT_EQ(std::filesystem::file_size(options_.folder + "/ballast"), options_.ballast_bytes);
}

TEST_F(FullDiskTest, OpensAnExistingBookOnAFullDisk) {
    { open()->write(put(accepted(1))); }
    fill(0);
    const auto store = open();
    EXPECT_EQ(store->take_image().operations.size(), 1U);
    EXPECT_FALSE(store->has_room());
    wait_durable(*store, store->write(put(full_row(1))));
}

TEST_F(FullDiskTest, EndsTheProcessWhenNothingMoreCanBeWritten) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(60);
        write_and_tell(options_, ends[1]);
    }
    ::close(ends[1]);
    const os::Descriptor told(ends[0]);
    core::Position durable = 0;
    core::Position told_last = 0;
    while (::read(told.get(), &durable, sizeof durable) > 0) {
        told_last = durable;
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), kExitStorageFailed);
    ASSERT_TRUE(os::remove_file(options_.folder + "/ballast"));
    ASSERT_EQ(::mount("till", options_.folder.c_str(), nullptr, MS_REMOUNT, "size=32m"), 0);
    EXPECT_GE(open()->take_image().operations.size(), told_last);
}

}  // namespace
}  // namespace tillhost::devd::runtime
