#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "devd/runtime/book_tables.h"
#include "hal/os/clock.h"

namespace tillhost::devd::runtime {

/// Pages copied between two commits of the book; a megabyte at SQLite's usual page.
inline constexpr int kBackupPagesPerStep = 256;

/// A copy of the open book under way, by SQLite's online backup on the writer's own connection:
/// what is committed meanwhile goes into it. Made as PATH.part, synced, then named PATH in one
/// step: PATH is whole or not there.
class BookBackup final {
public:
    /// Errors: bad_field (path: not absolute, there already, or its folder cannot be written),
    /// storage_failed.
    static base::Result<std::unique_ptr<BookBackup>> begin(BookTables& book, std::string path,
                                                           std::int64_t taken_at_ms);
    /// Removes what is not whole.
    ~BookBackup();

    /// Copies a little more; the size of the finished file when it is whole and on disk.
    /// Errors: storage_full, storage_failed, system_failed.
    base::Result<std::optional<std::uint64_t>> step();

private:
    BookBackup(std::string path, std::int64_t taken_at_ms)
        : path_(std::move(path)), taken_at_ms_(taken_at_ms) {}
    base::Result<std::uint64_t> finish();

    const std::string path_;
    const std::int64_t taken_at_ms_;
    std::unique_ptr<DatabaseCopy> copy_;
};

struct RestoreOptions {
    /// A copy made by BookBackup, or the book.db of a devd that has ended. Empty: there is none
    /// left, and an empty book is made that knows what it does not know.
    std::string from;
    std::string folder;  ///< state folder; the caller sees to it that no devd uses it
};

struct RestoreReport {
    std::int64_t book_epoch = 0;   ///< Unix time in ms of this restore
    std::int64_t taken_at_ms = 0;  ///< 0: the copy does not say
    std::uint64_t fence_ms = 0;    ///< unknown ids older than this are refused
    std::size_t operations = 0;
    std::size_t for_person = 0;  ///< not settled in the copy: in doubt now
    std::string former;          ///< where the former book was put; empty: none
};

/// Puts a copy in the place of the book (docs/decisions/0013-a-restored-book.md). Nothing of the
/// former book is lost: it is kept beside. May be repeated after any failure.
///
/// Errors: config_invalid (`from` cannot be read; the clock stands before the copy was taken),
/// storage_failed (not a book, damaged), storage_full, system_failed.
base::Result<RestoreReport> restore_book(const RestoreOptions& options, const os::Clock& clock);

}  // namespace tillhost::devd::runtime
