#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devd/core/book_store.h"
#include "devd/runtime/backup.h"
#include "devd/runtime/book_tables.h"
#include "devd/runtime/latency_histogram.h"
#include "hal/os/descriptor.h"
#include "hal/os/log.h"
#include "hal/os/thread.h"

namespace tillhost::devd::runtime {

struct StoreOptions {
    std::string folder;  ///< holds book.db, its log and the ballast
    /// Freed when the disk is full, so that what was accepted can be finished.
    std::uint64_t ballast_bytes = 8ULL * 1024 * 1024;
    /// Below this much free room no new money operation is taken.
    std::uint64_t room_bytes_min = 16ULL * 1024 * 1024;
};

/// Changes that wait for the disk. Core's own bounds keep far below it; has_room() is false from
/// the half on, and reaching it ends the process.
inline constexpr std::size_t kStoreQueueMax = 200'000;
/// Changes in one transaction at most.
inline constexpr std::size_t kGroupChangesMax = 4096;
/// Reads of the audit that may wait for the writer.
inline constexpr std::size_t kAuditReadsMax = 16;
/// Exit status of a process that could not write its book (EX_IOERR of sysexits.h).
inline constexpr int kExitStorageFailed = 74;

/// The operation book in SQLite: one writer thread, which commits together what has gathered while
/// it wrote the last group. A failed commit or sync logs one line and ends the process.
class SqliteStore final : public core::BookStore {
public:
    /// Opens or makes the book and reads it through. Blocks for the disk. Errors: storage_failed
    /// (damaged, foreign or newer file, or a copy that was not put back by restore_book; the detail
    /// names it), storage_full (not even the ballast
    /// made room), system_failed.
    static base::Result<std::unique_ptr<SqliteStore>> open(const StoreOptions& options,
                                                           const os::Logger& logger);
    /// Writes what is queued, then ends the writer.
    ~SqliteStore() override;

    /// What the book held when it was opened. Once.
    core::BookImage take_image() { return std::move(image_); }

    core::Position write(core::BookChange change) override;
    core::Position durable() const override { return durable_.load(std::memory_order_acquire); }
    bool has_room() const override;

    /// Readable after durable() has moved; clear it before reading durable().
    const os::Wakeup& moved() const { return moved_; }
    /// Transactions so far: the bench compares them with operations.
    std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }

    /// A finished copy, or why there is none.
    struct BackupDone {
        std::int64_t taken_at_ms = 0;
        std::uint64_t bytes = 0;
    };
    /// Begins a copy of the book (backup.h) on the writer, between its commits. Errors: retry_later
    /// (one is under way).
    base::Done back_up(std::string path, std::int64_t taken_at_ms);
    /// What came of it, once, after moved() was signalled.
    std::optional<base::Result<BackupDone>> take_backup();

    using AuditPage = core::OperatorPort::AuditPage;
    using AuditRead = std::function<void(base::Result<AuditPage>)>;
    /// Reads records of the audit on the writer, between its commits. Errors: retry_later
    /// (kAuditReadsMax are under way).
    base::Done read_audit(std::uint64_t first, std::size_t limit, AuditRead done);
    /// Calls `done` of what was read, after moved() was signalled.
    void hand_over_audit();

    struct Figures {
        LatencyHistogram::Counts commit{};
        std::uint64_t changes_waiting = 0;
        std::uint64_t free_bytes = 0;  ///< as last measured
        bool room = true;
        std::uint64_t backups = 0;        ///< made since the start
        std::int64_t last_backup_ms = 0;  ///< Unix time at which the last was taken; 0: none
    };
    Figures figures() const;

private:
    using Queue = std::deque<core::BookChange>;
    SqliteStore(StoreOptions options, const os::Logger& logger, std::unique_ptr<BookTables> tables,
                core::BookImage image, os::Wakeup moved);

    void run_writer();
    Queue take_group(bool& stopping);
    void write_group(const Queue& group);
    base::Done try_group(const Queue& group);
    void measure_room();
    void begin_backup();
    void step_backup();
    void end_backup(base::Result<BackupDone> outcome);
    void answer_audit();
    [[noreturn]] void end_process(const base::Error& error) const;

    const StoreOptions options_;
    os::Logger logger_;
    std::unique_ptr<BookTables> tables_;  ///< the writer's from the constructor on
    core::BookImage image_;
    os::Wakeup moved_;
    std::atomic<core::Position> durable_{0};
    std::atomic<std::uint64_t> commits_{0};
    std::atomic<bool> room_{true};
    std::atomic<std::uint64_t> free_bytes_{0};
    LatencyHistogram commit_time_;

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    Queue queue_;                        // guarded by mutex_
    core::Position last_ = 0;            // guarded by mutex_
    bool stop_ = false;                  // guarded by mutex_
    mutable bool ask_for_room_ = false;  // guarded by mutex_
    /// What is wanted, until it is done.
    std::optional<std::pair<std::string, std::int64_t>> backup_wanted_;  // guarded by mutex_
    std::optional<base::Result<BackupDone>> backup_done_;                // guarded by mutex_
    struct AuditWish {
        std::uint64_t first = 0;
        std::size_t limit = 0;
        AuditRead done;
        std::optional<base::Result<AuditPage>> page{};
    };
    std::deque<AuditWish> audit_wanted_;  // guarded by mutex_
    std::deque<AuditWish> audit_read_;    // guarded by mutex_
    std::uint64_t backups_ = 0;           // guarded by mutex_
    std::int64_t last_backup_ms_ = 0;     // guarded by mutex_

    const os::SystemClock clock_{};       ///< to measure commits
    std::unique_ptr<BookBackup> backup_;  ///< the writer's
    bool ballast_ = false;                ///< the writer's
    std::unique_ptr<os::Thread> writer_;  ///< last: it uses all the others
};

}  // namespace tillhost::devd::runtime
