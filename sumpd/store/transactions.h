#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "hal/os/thread.h"
#include "sumpd/store/sql.h"

namespace tillhost::sumpd::store {

/// Changes that may wait for the writer; one more is refused.
inline constexpr std::size_t kWriteQueueMax = 1024;
/// Changes of one commit.
inline constexpr std::size_t kGroupMax = 256;
/// Connections that only read.
inline constexpr std::size_t kReadersMax = 4;
/// Callers that may wait for one of them; one more is refused.
inline constexpr std::size_t kReadWaitersMax = 256;
inline constexpr std::int64_t kBusyRetryMs = 200;
/// Free room below which something is refused. Documents are the last: what an app sells is nowhere
/// else, while the accounting system keeps what it sends.
struct Floors {
    std::uint64_t room_bytes = 64ULL * 1024 * 1024;    ///< of Need::room
    std::uint64_t spare_bytes = 256ULL * 1024 * 1024;  ///< of Need::spare
};
inline constexpr os::Duration kRoomLookedAtEvery = std::chrono::seconds(1);
/// Exit status of a process that could not commit (EX_IOERR of sysexits.h).
inline constexpr int kExitStorageFailed = 74;

/// What a change needs of the disk: `room` brings something new; `spare` brings much, and somebody
/// keeps it elsewhere; `nothing` settles old things.
enum class Need : std::uint8_t { room, spare, nothing };

/// sumpd.db (docs/formats/sumpd-database.md): one writer thread, which puts all changes that wait
/// into one transaction and wakes their callers when the disk has it, and a few readers.
///
/// run() and read() may be called from any thread, not from within a body. A body runs on another
/// thread than its caller (run) while the caller waits, so that it may use what stands in the
/// caller's frame; it must not wait for anything itself. A commit that fails ends the process: what
/// was answered is on the disk, and a restart is cheap.
class Transactions final {
public:
    template <class T>
    using Body = std::function<exchange::Outcome<T>(Sql&)>;

    /// Opens or makes the database in the folder and brings its tables to the newest form. Errors:
    /// storage_failed, storage_full, system_failed.
    static base::Result<std::unique_ptr<Transactions>> open(const std::string& folder,
                                                            const os::Clock& clock,
                                                            const os::Logger& logger,
                                                            Floors floors = {});
    /// Carries out what waits.
    ~Transactions();

    /// Durable when it returns a value. A Fault of the body takes back the body's own changes only.
    /// Faults of its own: too_many with RetryAfterMs (the queue is full), disk_full (room is needed
    /// and short), internal (a statement is refused).
    template <class T>
    exchange::Outcome<T> run(const Body<T>& body, Need need = Need::room) {
        exchange::Outcome<T> outcome = exchange::refuse(exchange::FaultCode::internal, "not run");
        const Change change = [&](Sql& sql) {
            outcome = body(sql);
            return outcome.has_value();
        };
        if (auto fault = write(change, need)) {
            return tl::unexpected(std::move(*fault));
        }
        return outcome;
    }

    /// Reads one state of the database, without waiting for the writer. Faults of its own: too_many
    /// (too many wait for a reader), internal.
    template <class T>
    exchange::Outcome<T> read(const Body<T>& body) {
        exchange::Outcome<T> outcome = exchange::refuse(exchange::FaultCode::internal, "not run");
        if (auto fault = look([&](Sql& sql) {
                outcome = body(sql);
                return true;
            })) {
            return tl::unexpected(std::move(*fault));
        }
        return outcome;
    }

    /// Always of Need::nothing. The disk is looked at every kRoomLookedAtEvery.
    bool has_room(Need need = Need::room);
    /// Whether Sql::shrink() gives anything back: false for a file of an old form for whose renewal
    /// the disk had no room at the start.
    bool can_shrink() const { return can_shrink_; }
    /// Changes whose callers wait for the writer to take them.
    std::size_t waiting();
    std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }

private:
    using Change = std::function<bool(Sql&)>;  // false: take it back
    struct Waiting;
    Transactions(std::string folder, const os::Clock& clock, const os::Logger& logger,
                 Floors floors)
        : folder_(std::move(folder)), clock_(clock), logger_(logger), floors_(floors) {}
    base::Done renew_old_form();

    std::optional<exchange::Fault> write(const Change& change, Need need);
    std::optional<exchange::Fault> look(const Change& body);
    std::unique_ptr<database::Database> take_reader(std::optional<exchange::Fault>& fault);
    void write_groups();
    bool take(std::vector<Waiting*>& group);
    base::Done try_group(const std::vector<Waiting*>& group);
    base::Done try_one(Waiting& one);

    const std::string folder_;
    const os::Clock& clock_;
    os::Logger logger_;
    const Floors floors_;
    std::unique_ptr<database::Database> writing_;  ///< the writer's
    bool can_shrink_ = true;                       ///< set before the threads begin
    std::atomic<std::uint64_t> commits_{0};

    std::mutex room_mutex_;
    std::optional<os::Instant> looked_at_;  // guarded by room_mutex_
    std::uint64_t free_bytes_ = 0;          // guarded by room_mutex_; 0: cannot be told

    std::mutex readers_mutex_;
    std::condition_variable reader_free_;
    std::vector<std::unique_ptr<database::Database>> readers_;  // guarded by readers_mutex_
    std::size_t read_waiters_ = 0;                              // guarded by readers_mutex_

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Waiting*> queue_;         // guarded by mutex_
    bool stop_ = false;                   // guarded by mutex_
    std::unique_ptr<os::Thread> writer_;  ///< last: it uses the others
};

}  // namespace tillhost::sumpd::store
