#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::maintenance {

/// How long what is over is kept. What is not over is kept for ever: a document that the accounting
/// system has not acknowledged, a command whose end is not known or not told, a conflict that
/// nobody has resolved.
struct Retention {
    std::int64_t documents_days = 90;   ///< behind the acknowledgement; then id, hash and verdict
    std::int64_t tombstones_days = 90;  ///< an app that was away longer reads all again
    std::int64_t commands_days = 90;    ///< finished, and the end was told
    std::int64_t conflicts_days = 90;   ///< resolved
    std::int64_t parts_days = 7;        ///< of messages that were never committed
};
inline constexpr std::int64_t kRetentionDaysMin = 1;
inline constexpr std::int64_t kRetentionDaysMax = 3650;

inline constexpr std::int64_t kBackupsKeptMin = 1;
inline constexpr std::int64_t kBackupsKeptMax = 365;

/// Facts are read anew when they are older.
inline constexpr os::Duration kFactsEvery = std::chrono::seconds(2);
/// How often it is looked whether anything is over, and whether the daily copy is due.
inline constexpr std::chrono::seconds kTurnEvery{600};
inline constexpr std::int64_t kBackupEveryMs = 24LL * 3600 * 1000;
/// Pages that one transaction of a compaction moves: a megabyte.
inline constexpr int kSlicePages = 256;
/// Free room that a compaction needs, for the write-ahead log.
inline constexpr std::uint64_t kCompactionRoomBytes = 16ULL * 1024 * 1024;

struct Settings {
    std::string folder{};       ///< where sumpd.db is
    std::string server_name{};  ///< the word that a purge wants
    std::string backups{};      ///< folder of copies; empty: "backup" in `folder`
    std::int64_t backups_kept = 14;
    bool backup_daily = true;
    Retention retention{};
};

enum class Task : std::uint8_t { none, compaction, backup, purge };
std::string_view name_of(Task task);

/// What is being done, or was done last. One at a time.
struct Activity {
    Task task = Task::none;
    bool is_running = false;
    std::string by{};               ///< actor of the audit; "sumpd": by itself
    std::int64_t started_ms = 0;    ///< Unix time
    std::int64_t ended_ms = 0;      ///< 0: it runs
    std::int64_t done = 0;          ///< pages (compaction), rows (purge), bytes (backup)
    std::int64_t total = 0;         ///< 0: not known
    std::int64_t bytes_before = 0;  ///< of the database's file (compaction, purge)
    std::int64_t bytes_after = 0;
    std::string file{};   ///< name of the copy (backup, purge)
    std::string fault{};  ///< why it failed, for people; empty: it did not
};

/// A copy in the folder of copies.
struct BackupFile {
    std::string name{};  ///< "sumpd-20261127-200838-daily.db"
    std::int64_t taken_ms = 0;
    std::int64_t bytes = 0;
    std::string why{};  ///< "daily", "manual", "purge"
};

/// Why a purge is refused.
enum class Bar : std::uint8_t {
    documents,  ///< that the accounting system has not got or not acknowledged
    commands,   ///< of apps at devices that are not finished
    conflicts,  ///< second bodies that nobody has resolved: they are kept nowhere else
    message,    ///< frozen, not acknowledged
    import,     ///< a message is being applied
};
std::string_view name_of(Bar bar);
struct PurgeBar {
    Bar bar = Bar::documents;
    std::int64_t count = 0;
};

/// Everything in numbers, read at one moment.
struct Facts {
    // the disk
    std::int64_t database_bytes = 0;
    std::int64_t reusable_bytes = 0;  ///< of these: what compaction gives back to the disk
    std::int64_t log_bytes = 0;       ///< of the write-ahead log
    std::int64_t parts_bytes = 0;     ///< files of messages
    std::int64_t disk_free_bytes = 0;
    bool has_room = true;   ///< documents are taken
    bool has_spare = true;  ///< messages of the accounting system are taken too
    bool can_compact =
        true;  ///< false: a file of an old version whose disk had no room to renew it
    // documents
    std::int64_t documents = 0;  ///< whole ones, of any state
    std::int64_t documents_waiting = 0;
    std::int64_t documents_deferred = 0;  ///< of those that wait
    std::int64_t documents_in_message = 0;
    std::int64_t documents_rejected = 0;
    std::int64_t documents_known = 0;   ///< removed by retention or purge, known by id
    std::int64_t oldest_unsent_ms = 0;  ///< when the oldest that waits came; 0: none waits
    std::int64_t conflicts_open = 0;
    std::int64_t gaps = 0;  ///< ranges of DeviceSeq that did not come
    // exchange
    std::int64_t sent_no = 0;
    std::int64_t acked_no = 0;
    std::int64_t received_no = 0;
    std::int64_t last_in_ms = 0;   ///< a message of the accounting system was applied
    std::int64_t last_out_ms = 0;  ///< one was made for it
    std::int64_t import_job = 0;   ///< of the message that is queued or being applied; 0: none
    std::int64_t objects = 0;
    // devices and people
    std::int64_t apps_active = 0;
    std::int64_t apps_revoked = 0;
    std::int64_t sessions = 0;
    std::int64_t commands_open = 0;     ///< queued or handed to devd
    std::int64_t commands_unknown = 0;  ///< nobody knows yet what became of them
    // the server
    std::string epoch{};
    std::int64_t restored_ms = 0;        ///< when a copy was put back last; 0: never
    bool needs_full_message = false;     ///< since then no full message has come: goods may be old
    std::int64_t last_backup_ms = 0;     ///< newest copy in the folder; 0: none
    std::int64_t commits = 0;            ///< since the start
    std::int64_t writes_waiting = 0;     ///< for the writer
    std::vector<PurgeBar> purge_bars{};  ///< empty: a purge is possible
    Activity activity{};
};

/// Sees to it that sumpd's data stay small, copied and whole. Any thread. Its own thread makes the
/// daily copy, forgets what is over (Retention), and carries out compaction, backup and purge, so
/// that documents are taken meanwhile: each touch of the database is a slice of kSliceRows or
/// kSlicePages.
class Maintenance final {
public:
    struct Parts {
        store::Store& store;
        const os::Clock& clock;
        os::Logger logger;
        Settings settings;
        /// Forgets sessions and codes that are over; called now and then on its thread.
        std::function<void()> forget_logins{};
    };
    /// Goes on with a purge that a kill interrupted. Errors: system_failed (the folder of copies).
    static base::Result<std::unique_ptr<Maintenance>> start(Parts parts);
    ~Maintenance();
    /// Ends what runs behind its present slice; a purge goes on at the next start.
    void stop();

    /// Blocks for the disk; read anew at most every kFactsEvery. Faults: too_many, internal.
    exchange::Outcome<Facts> facts();
    Activity activity();
    const Settings& settings() const;
    /// Newest first. Faults: internal (the folder cannot be read).
    exchange::Outcome<std::vector<BackupFile>> backups() const;

    // The three below begin at once and go on on the thread: activity() tells. `actor` and
    // `address` are for the audit. Faults of each: too_many (another of them runs; RetryAfterMs).

    /// Gives room that deleted rows left back to the disk, in slices. Faults: message_conflict (a
    /// message is being applied), disk_full (pages that move need room in the log), forbidden (see
    /// Facts::can_compact).
    exchange::Outcome<void> compact(const std::string& actor, const std::string& address);
    /// A copy in the folder of copies; the oldest above `backups_kept` go. Faults: disk_full.
    exchange::Outcome<void> back_up(const std::string& actor, const std::string& address);
    /// Forgets all documents, objects (but users and roles), messages and commands, behind a copy
    /// of its own. What stays: enrolments, logins, users, roles, settings, the audit, the numbers
    /// of both directions, DeviceSeq and what is missing of it, and of each document id, hash and
    /// verdict. Apps get resync_required. Faults: bad_request with Field "word" (it is not the
    /// server's name), message_conflict (Facts::purge_bars says what is in the way), disk_full.
    exchange::Outcome<void> purge(const std::string& actor, const std::string& address,
                                  const std::string& word);

private:
    struct Machine;
    explicit Maintenance(std::unique_ptr<Machine> machine);
    std::unique_ptr<Machine> machine_;
};

}  // namespace tillhost::sumpd::maintenance
