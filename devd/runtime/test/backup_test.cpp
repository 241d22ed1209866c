// Claim: a copy taken while the book is written is whole, holds everything that was durable when it
// was asked for, and never replaces a file. Put back, it has a new epoch and a fence, nothing in it
// can be begun again, no host's epoch comes twice, and the former book is kept beside.
// Shown on real files with a store that is written to meanwhile.
#include "devd/runtime/backup.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "devd/core/operation_book.h"
#include "devd/runtime/sqlite_store.h"
#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using contract::OperationState;

constexpr int kWaitMsMax = 30'000;

core::OperationRow row_of(std::uint64_t number, OperationState state) {
    core::OperationRow row;
    row.id = base::OperationId::make(1'780'000'000'000 + number, {number, ~number});
    row.device = "kassa";
    contract::CashIn cash;
    cash.amount_minor = static_cast<std::int64_t>(number);
    cash.currency = "RUB";
    row.command = contract::Command(cash);
    row.content_hash = std::string(64, 'a');
    row.client = "pos";
    row.state = state;
    row.version = 3;
    row.sequence = number;
    return row;
}

class BackupTest : public testing::Test {
protected:
    void SetUp() override {
        std::string folder = testing::TempDir() + "tillhost.XXXXXX";
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
        std::filesystem::create_directory(folder_ + "/state");
        open();
    }
    void TearDown() override {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    StoreOptions options() const {
        return {.folder = folder_ + "/state", .ballast_bytes = 4096, .room_bytes_min = 4096};
    }
    void open() { store_ = MUST(SqliteStore::open(options(), os::Logger(log_))); }
    core::Position write(core::OperationRow row) {
        core::BookChange change;
        change.put.push_back(std::move(row));
        return store_->write(std::move(change));
    }
    /// Until the store has something new to say.
    void wait() const {
        pollfd one{.fd = store_->moved().fd(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&one, 1, kWaitMsMax), 1);
        store_->moved().clear();
    }
    void reach(core::Position position) const {
        while (store_->durable() < position && !HasFatalFailure()) {
            wait();
        }
    }
    base::Result<SqliteStore::BackupDone> back_up(const std::string& path) {
        const auto begun = store_->back_up(path, clock_.unix_ms());
        EXPECT_TRUE(begun);
        while (!HasFatalFailure()) {
            if (auto done = store_->take_backup()) {
                return *done;
            }
            wait();
        }
        return base::make_error(ErrorCode::internal, "no answer");
    }
    core::BookImage image_of(const std::string& path) const {
        const auto tables = MUST(BookTables::open(path));
        return MUST(tables->load());
    }
    base::Result<RestoreReport> restore(const std::string& from) {
        store_.reset();
        return restore_book({.from = from, .folder = folder_ + "/state"}, clock_);
    }

    std::string folder_;
    os::KeptLog log_;
    os::FakeClock clock_;
    std::unique_ptr<SqliteStore> store_;
};

TEST_F(BackupTest, OfABookInUseIsWholeAndHoldsWhatWasDurable) {
    core::Position last = 0;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        last = write(row_of(i, OperationState::done));
    }
    reach(last);
    const std::string copy = folder_ + "/copy";
    ASSERT_TRUE(store_->back_up(copy, clock_.unix_ms()));
    EXPECT_EQ(store_->back_up(folder_ + "/other", 1).error().code, ErrorCode::retry_later);
    for (std::uint64_t i = 5001; i <= 6000; ++i) {
        last = write(row_of(i, OperationState::done));
    }
    std::optional<base::Result<SqliteStore::BackupDone>> done;
    while (!(done = store_->take_backup())) {
        wait();
    }
    ASSERT_TRUE(*done) << base::to_text(done->error());
    reach(last);
    const auto image = image_of(copy);
    EXPECT_GE(image.operations.size(), 5000U);
    EXPECT_EQ((*done)->taken_at_ms, clock_.unix_ms());
    EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
    struct stat found {};
    ASSERT_EQ(::stat(copy.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07U, 0U) << "every sale is in it";
    EXPECT_EQ(store_->figures().backups, 1U);
}

TEST_F(BackupTest, NeverReplacesAFileAndNamesWhatIsWrongWithThePath) {
    std::ofstream(folder_ + "/mine") << "mine";
    for (const std::string& path : {folder_ + "/mine", std::string("copy"), folder_ + "/no/copy",
                                    folder_ + "/state/", folder_ + "/state/book.db"}) {
        const auto done = back_up(path);
        ASSERT_FALSE(done) << path;
        EXPECT_EQ(done.error().code, ErrorCode::bad_field) << path;
    }
    std::ifstream mine(folder_ + "/mine");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(mine), {}), "mine");
    reach(write(row_of(1, OperationState::done)));
    EXPECT_TRUE(back_up(folder_ + "/copy")) << "and it goes on";
}

TEST_F(BackupTest, PutBackBeginsNothingAgainAndHasAFence) {
    for (const auto& [number, state] :
         std::map<std::uint64_t, OperationState>{{1, OperationState::done},
                                                 {2, OperationState::accepted},
                                                 {3, OperationState::in_doubt},
                                                 {4, OperationState::failed}}) {
        write(row_of(number, state));
    }
    core::OperationRow paper = row_of(5, OperationState::accepted);
    paper.command = contract::Command(contract::CutPaper{});
    write(paper);
    core::BookChange epoch;
    epoch.host_epoch = {"kassa", 9};
    reach(store_->write(epoch));
    ASSERT_TRUE(back_up(folder_ + "/copy"));
    reach(write(row_of(6, OperationState::done)));  // lost with what follows
    clock_.advance(std::chrono::hours(2));
    const auto report = restore(folder_ + "/copy");
    ASSERT_TRUE(report) << base::to_text(report.error());
    EXPECT_EQ(report->operations, 5U);
    EXPECT_EQ(report->for_person, 2U);
    EXPECT_EQ(report->book_epoch, clock_.unix_ms());
    const auto lead = std::chrono::duration_cast<std::chrono::milliseconds>(core::kIdLeadMax);
    EXPECT_EQ(report->fence_ms, static_cast<std::uint64_t>(clock_.unix_ms() + lead.count()));
    open();
    const core::BookImage image = store_->take_image();
    EXPECT_EQ(image.book_epoch, report->book_epoch);
    EXPECT_EQ(image.restore_fence_ms, report->fence_ms);
    ASSERT_EQ(image.host_epochs.size(), 1U);
    EXPECT_GT(image.host_epochs.front().second, 1000U);
    std::map<std::uint64_t, OperationState> states;
    for (const core::OperationRow& row : image.operations) {
        states[row.sequence] = row.state;
        EXPECT_EQ(core::is_restored_doubt(row), row.sequence == 2 || row.sequence == 3);
        EXPECT_EQ(row.version > 3, row.sequence == 2 || row.sequence == 3 || row.sequence == 5)
            << "a decision on what was seen before does not count";
    }
    using enum OperationState;
    EXPECT_EQ(states, (std::map<std::uint64_t, OperationState>{
                          {1, done}, {2, in_doubt}, {3, in_doubt}, {4, failed}, {5, failed}}));
    EXPECT_EQ(image_of(report->former).operations.size(), 6U) << "the former book is kept";
    constexpr auto kOthers = std::filesystem::perms::others_all;
    EXPECT_EQ(std::filesystem::status(report->former).permissions() & kOthers,
              std::filesystem::perms::none);
}

TEST_F(BackupTest, ThatIsLostTooLeavesAnEmptyBookWithAFence) {
    reach(write(row_of(1, OperationState::done)));
    const auto report = restore("");
    ASSERT_TRUE(report) << base::to_text(report.error());
    EXPECT_EQ(report->operations, 0U);
    EXPECT_EQ(image_of(report->former).operations.size(), 1U) << "what was there is kept";
    open();
    const core::BookImage image = store_->take_image();
    EXPECT_EQ(image.restore_fence_ms, report->fence_ms);
    EXPECT_EQ(image.book_epoch, clock_.unix_ms());
}

TEST_F(BackupTest, PutBackTwiceHasTwoEpochsAndTheLaterFence) {
    reach(write(row_of(1, OperationState::done)));
    ASSERT_TRUE(back_up(folder_ + "/copy"));
    const auto first = restore(folder_ + "/copy");
    ASSERT_TRUE(first);
    const auto second = restore(folder_ + "/copy");
    ASSERT_TRUE(second) << base::to_text(second.error());
    EXPECT_GT(second->book_epoch, first->book_epoch) << "though the clock stands";
}

TEST_F(BackupTest, IsNotPutBackFromWhatIsNoBookOrBeforeItsTime) {
    reach(write(row_of(1, OperationState::done)));
    ASSERT_TRUE(back_up(folder_ + "/copy"));
    std::ofstream(folder_ + "/text") << std::string(8192, 'x');
    EXPECT_EQ(restore(folder_ + "/text").error().code, ErrorCode::storage_failed);
    EXPECT_EQ(restore(folder_ + "/none").error().code, ErrorCode::config_invalid);
    clock_.set_unix_ms_at_zero(1'000'000'000'000);
    EXPECT_EQ(restore(folder_ + "/copy").error().code, ErrorCode::config_invalid);
    EXPECT_EQ(image_of(folder_ + "/state/book.db").operations.size(), 1U)
        << "the book stays as it was";
}

TEST_F(BackupTest, PutBackByRootBelongsToTheOwnerOfItsFolder) {
    constexpr uid_t kOther = 12345;
    if (::geteuid() != 0) {
        GTEST_SKIP() << "only root can give files away";
    }
    reach(write(row_of(1, OperationState::done)));
    ASSERT_TRUE(back_up(folder_ + "/copy"));
    ASSERT_EQ(::chown((folder_ + "/state").c_str(), kOther, kOther), 0);
    ASSERT_TRUE(restore(folder_ + "/copy"));
    struct stat found {};
    ASSERT_EQ(::stat((folder_ + "/state/book.db").c_str(), &found), 0);
    EXPECT_EQ(found.st_uid, kOther);
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/state/book.db-wal"))
        << "it would be root's, and devd could not write it";
}

TEST_F(BackupTest, PutInTheBooksPlaceByHandIsRefused) {
    reach(write(row_of(1, OperationState::done)));
    ASSERT_TRUE(back_up(folder_ + "/copy"));
    store_.reset();
    std::filesystem::rename(folder_ + "/copy", folder_ + "/state/book.db");
    const auto opened = SqliteStore::open(options(), os::Logger(log_));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::storage_failed);
    ASSERT_TRUE(
        restore_book({.from = folder_ + "/state/book.db", .folder = folder_ + "/state"}, clock_));
    open();
    clock_.advance(std::chrono::seconds(1));
    ASSERT_TRUE(back_up(folder_ + "/again")) << "a copy of a restored book is a copy too";
    store_.reset();
    std::filesystem::rename(folder_ + "/again", folder_ + "/state/book.db");
    EXPECT_FALSE(SqliteStore::open(options(), os::Logger(log_)));
}

TEST_F(BackupTest, TakesAlsoABookWhoseLogWasNotEmptied) {
    reach(write(row_of(1, OperationState::done)));
    std::filesystem::copy(folder_ + "/state/book.db", folder_ + "/raw.db");
    std::filesystem::copy(folder_ + "/state/book.db-wal", folder_ + "/raw.db-wal");
    const auto report = restore(folder_ + "/raw.db");
    ASSERT_TRUE(report) << base::to_text(report.error());
    EXPECT_EQ(report->operations, 1U);
    EXPECT_EQ(report->taken_at_ms, 0) << "it does not say";
}

}  // namespace
}  // namespace tillhost::devd::runtime
