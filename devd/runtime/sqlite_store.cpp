#include "devd/runtime/sqlite_store.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "hal/os/files.h"
#include "hal/os/random.h"

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

/// A copy put in the book's place by hand would take for new what it has forgotten.
Done refuse_copy(BookTables& tables) {
    const std::int64_t taken = TRY(tables.fact(kFactBackupTaken)).value_or(0);
    if (taken != 0 && TRY(tables.fact(kFactBookEpoch)).value_or(0) < taken) {
        return base::make_error(
            ErrorCode::storage_failed,
            tables.path() + ": this is a copy of a book; it is put back by devd --restore");
    }
    return {};
}

/// Gives a book that has no number one at random. Without room it goes without, for this life.
Done number_book(BookTables& tables) {
    constexpr std::uint64_t kNumberMask = (1ULL << 53U) - 1;  // what JSON can carry
    if (TRY(tables.fact(kFactBookNumber)).value_or(0) != 0) {
        return {};
    }
    const auto number = static_cast<std::int64_t>(os::random_u64() & kNumberMask);
    Done done = tables.begin();
    done = done ? tables.set_fact(kFactBookNumber, std::max<std::int64_t>(number, 1)) : done;
    done = done ? tables.commit() : done;
    if (!done) {
        tables.roll_back();
        return done.error().code == ErrorCode::storage_full ? Done() : done;
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const StoreOptions& options,
                                                       const os::Logger& logger) {
    auto tables = TRY(open_tables(options));
    TRY(refuse_copy(*tables));
    TRY(number_book(*tables));
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
    changed_.wait(lock, [this] {
        return !queue_.empty() || stop_ || ask_for_room_ || backup_wanted_.has_value() ||
               !audit_wanted_.empty();
    });
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
        step_backup();
        answer_audit();
        measure_room();
    }
    if (backup_ != nullptr) {
        end_backup(base::make_error(ErrorCode::shutting_down, "the copy was not finished"));
    }
}

// --- a copy of the book

Done SqliteStore::back_up(std::string path, std::int64_t taken_at_ms) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (backup_wanted_ || backup_done_) {
            return base::make_error(ErrorCode::retry_later, "a copy is being made");
        }
        backup_wanted_.emplace(std::move(path), taken_at_ms);
    }
    changed_.notify_one();
    return {};
}

std::optional<Result<SqliteStore::BackupDone>> SqliteStore::take_backup() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return std::exchange(backup_done_, std::nullopt);
}

void SqliteStore::begin_backup() {
    std::optional<std::pair<std::string, std::int64_t>> wanted;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        wanted = backup_wanted_;
    }
    if (!wanted) {
        return;
    }
    auto begun = BookBackup::begin(*tables_, std::move(wanted->first), wanted->second);
    if (begun) {
        backup_ = std::move(*begun);
    } else {
        end_backup(begun.error());
    }
}

/// One step a turn, so that a commit waits for a megabyte at most.
void SqliteStore::step_backup() {
    if (backup_ == nullptr) {
        begin_backup();
    }
    if (backup_ == nullptr) {
        return;
    }
    const auto stepped = backup_->step();
    if (!stepped) {
        end_backup(stepped.error());
    } else if (*stepped) {
        end_backup(BackupDone{.taken_at_ms = 0, .bytes = **stepped});
    }
}

void SqliteStore::end_backup(Result<BackupDone> outcome) {
    backup_.reset();
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (outcome && backup_wanted_) {
            outcome->taken_at_ms = backup_wanted_->second;
            last_backup_ms_ = outcome->taken_at_ms;
            backups_ += 1;
        }
        backup_wanted_.reset();
        backup_done_ = std::move(outcome);
    }
    moved_.signal();
}

// --- the audit

Done SqliteStore::read_audit(std::uint64_t first, std::size_t limit, AuditRead done) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (audit_wanted_.size() + audit_read_.size() >= kAuditReadsMax) {
            return base::make_error(ErrorCode::retry_later, "others are reading the audit");
        }
        audit_wanted_.push_back({first, limit, std::move(done)});
    }
    changed_.notify_one();
    return {};
}

/// One a turn, so that a commit waits for one page at most.
void SqliteStore::answer_audit() {
    AuditWish wish;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (audit_wanted_.empty()) {
            return;
        }
        wish = std::move(audit_wanted_.front());
        audit_wanted_.pop_front();
    }
    wish.page = tables_->read_audit(wish.first, wish.limit);
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        audit_read_.push_back(std::move(wish));
    }
    moved_.signal();
}

void SqliteStore::hand_over_audit() {
    std::deque<AuditWish> read;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        read.swap(audit_read_);
    }
    for (AuditWish& wish : read) {
        wish.done(std::move(*wish.page));
    }
}

SqliteStore::Figures SqliteStore::figures() const {
    Figures figures;
    figures.commit = commit_time_.read();
    figures.free_bytes = free_bytes_.load(std::memory_order_relaxed);
    figures.room = room_.load(std::memory_order_relaxed);
    const std::lock_guard<std::mutex> guard(mutex_);
    figures.changes_waiting = last_ - std::min(last_, durable());
    figures.backups = backups_;
    figures.last_backup_ms = last_backup_ms_;
    return figures;
}

Done SqliteStore::try_group(const Queue& group) {
    TRY(tables_->begin());
    for (const core::BookChange& change : group) {
        TRY(tables_->apply(change));
    }
    return tables_->commit();
}

void SqliteStore::write_group(const Queue& group) {
    const os::Instant begun = clock_.now();
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
    commit_time_.add(clock_.now() - begun);
}

void SqliteStore::measure_room() {
    const auto free = os::free_bytes(options_.folder);
    free_bytes_.store(free.value_or(0), std::memory_order_relaxed);
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
