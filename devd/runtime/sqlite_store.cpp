#include "devd/runtime/sqlite_store.h"

#include <cstdlib>

#include "hal/os/files.h"

namespace tillhost::devd::runtime {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

constexpr std::uint64_t kOpenBytesMin = 1024 * 1024;  // log and index of an open book

std::string ballast_of(const StoreOptions& options) { return options.folder + "/ballast"; }

/// On a full disk a book opens from the ballast: what was accepted must be finished.
Result<std::unique_ptr<BookTables>> open_tables(const StoreOptions& options) {
    const std::string path = options.folder + "/book.db";
    auto tables = BookTables::open(path);
    if (tables) {
        return tables;
    }
    const auto free = os::free_bytes(options.folder);
    if (!free || *free >= kOpenBytesMin) {
        return tables;
    }
    TRY(os::remove_file(ballast_of(options)));
    return BookTables::open(path);
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const StoreOptions& options,
                                                       const os::Logger& logger) {
    auto tables = TRY(open_tables(options));
    core::BookImage image = TRY(tables->load());
    os::Wakeup moved = TRY(os::Wakeup::create());
    return std::unique_ptr<SqliteStore>(
        new SqliteStore(options, logger, std::move(tables), std::move(image), std::move(moved)));
}

SqliteStore::SqliteStore(StoreOptions options, const os::Logger& logger,
                         std::unique_ptr<BookTables> tables, core::BookImage image,
                         os::Wakeup moved)
    : options_(std::move(options)),
      logger_(logger),
      tables_(std::move(tables)),
      image_(std::move(image)),
      moved_(std::move(moved)) {
    measure_room();
    writer_ = std::make_unique<os::Thread>("book writer", [this] { run_writer(); });
}

SqliteStore::~SqliteStore() {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        stop_ = true;
    }
    changed_.notify_one();
    writer_->join();
}

core::Position SqliteStore::write(core::BookChange change) {
    core::Position position = 0;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        INVARIANT(queue_.size() < kStoreQueueMax);
        queue_.push_back(std::move(change));
        position = ++last_;
        if (queue_.size() > kStoreQueueMax / 2) {
            room_.store(false, std::memory_order_relaxed);
        }
    }
    changed_.notify_one();
    return position;
}

bool SqliteStore::has_room() const {
    if (room_.load(std::memory_order_relaxed)) {
        return true;
    }
    {
        // While nothing is written nobody else would look again.
        const std::lock_guard<std::mutex> guard(mutex_);
        ask_for_room_ = true;
    }
    changed_.notify_one();
    return false;
}

SqliteStore::Queue SqliteStore::take_group(bool& stopping) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !queue_.empty() || stop_ || ask_for_room_; });
    ask_for_room_ = false;
    Queue group;
    if (queue_.size() <= kGroupChangesMax) {
        group.swap(queue_);
    } else {
        const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(kGroupChangesMax);
        group.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
        queue_.erase(queue_.begin(), end);
    }
    stopping = stop_ && queue_.empty();
    return group;
}

void SqliteStore::run_writer() {
    bool stopping = false;
    while (!stopping) {
        const Queue group = take_group(stopping);
        if (!group.empty()) {
            write_group(group);
            durable_.fetch_add(group.size(), std::memory_order_release);
            moved_.signal();
        }
        measure_room();
    }
}

Done SqliteStore::try_group(const Queue& group) {
    TRY(tables_->begin());
    for (const core::BookChange& change : group) {
        TRY(tables_->apply(change));
    }
    return tables_->commit();
}

void SqliteStore::write_group(const Queue& group) {
    Done written = try_group(group);
    if (!written && written.error().code == ErrorCode::storage_full) {
        logger_.error("the disk is full: the ballast is given up", {{"folder", options_.folder}});
        room_.store(false, std::memory_order_relaxed);
        tables_->roll_back();
        ballast_ = false;
        if (const auto removed = os::remove_file(ballast_of(options_)); !removed) {
            end_process(removed.error());
        }
        tables_->empty_log();
        written = try_group(group);
    }
    if (!written) {
        end_process(written.error());
    }
    commits_.fetch_add(1, std::memory_order_relaxed);
}

void SqliteStore::measure_room() {
    const auto free = os::free_bytes(options_.folder);
    bool room = free && *free >= options_.room_bytes_min;
    if (room && !room_.load(std::memory_order_relaxed)) {
        room = *free >= options_.room_bytes_min + options_.ballast_bytes;
    }
    if (room && !ballast_) {  // it comes back before new work does
        ballast_ = os::reserve_file(ballast_of(options_), options_.ballast_bytes).has_value();
        room = ballast_;
    }
    if (room != room_.exchange(room, std::memory_order_relaxed)) {
        logger_.warning(room ? "there is room for new operations again"
                             : "the disk is nearly full: no new operations are taken",
                        {{"folder", options_.folder}});
    }
}

void SqliteStore::end_process(const base::Error& error) const {
    logger_.error("the operation book cannot be written; ending",
                  {{"error", base::to_text(error)}});
    std::_Exit(kExitStorageFailed);
}

}  // namespace tillhost::devd::runtime
