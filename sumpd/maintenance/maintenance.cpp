#include "sumpd/maintenance/maintenance.h"

#include <fmt/format.h>

#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "hal/os/files.h"
#include "hal/os/thread.h"
#include "sumpd/maintenance/backup.h"
#include "sumpd/maintenance/facts.h"
#include "sumpd/maintenance/purge.h"
#include "sumpd/maintenance/retention.h"

namespace tillhost::sumpd::maintenance {

using exchange::Fault;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;
using store::Need;
using store::Sql;

namespace {

constexpr unsigned kFolderMode = 0700;
constexpr std::int64_t kBusyRetryMs = 2000;
constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;
constexpr std::string_view kSelf = "sumpd";

exchange::Fault fault_of(const base::Error& error) {
    return {.code = error.code == base::ErrorCode::storage_full ? FaultCode::disk_full
                                                                : FaultCode::internal,
            .message = base::to_text(error)};
}

Outcome<void> done_of(const Outcome<bool>& done) {
    return done ? Outcome<void>() : tl::unexpected(done.error());
}

}  // namespace

std::string_view name_of(Task task) {
    constexpr std::array<std::string_view, 4> kNames = {"none", "compaction", "backup", "purge"};
    return kNames.at(static_cast<std::size_t>(task));
}

struct Maintenance::Machine {
    explicit Machine(Parts with) : parts(std::move(with)), settings(parts.settings) {
        if (settings.backups.empty()) {
            settings.backups = settings.folder + "/backup";
        }
    }

    Parts parts;
    Settings settings;

    std::mutex mutex;
    std::condition_variable changed;
    bool stop = false;             // guarded by mutex
    bool is_wanted = false;        // guarded by mutex: `activity` is to be begun
    Activity activity{};           // guarded by mutex
    std::string address{};         // guarded by mutex: where `activity` was asked from
    std::optional<Facts> facts{};  // guarded by mutex
    os::Instant facts_at{};        // guarded by mutex
    std::unique_ptr<os::Thread> thread;

    store::Transactions& transactions() { return parts.store.transactions(); }
    std::int64_t now_ms() const { return parts.clock.unix_ms(); }

    // ---- its callers

    /// Under mutex: the thread takes it up.
    Outcome<void> want(Task task, const std::string& actor, const std::string& from) {
        if (activity.is_running) {
            return tl::unexpected(Fault{
                .code = FaultCode::too_many,
                .message = fmt::format("a {} is running", maintenance::name_of(activity.task)),
                .retry_after_ms = kBusyRetryMs});
        }
        activity = {.task = task, .is_running = true, .by = actor, .started_ms = now_ms()};
        address = from;
        is_wanted = true;
        changed.notify_all();
        return {};
    }
    Outcome<void> ask(Task task, const std::string& actor, const std::string& from) {
        const std::lock_guard<std::mutex> guard(mutex);
        return want(task, actor, from);
    }

    Outcome<void> check_room(std::uint64_t bytes) const {
        const auto free = os::free_bytes(settings.folder);
        const auto there = os::free_bytes(settings.backups);
        if (!free || !there || std::min(*free, *there) < bytes) {
            return refuse(FaultCode::disk_full, fmt::format("it needs {} bytes of room", bytes));
        }
        return {};
    }
    /// A copy and what documents need while it is made.
    Outcome<void> check_room_for_copy() {
        const auto bytes = transactions().read<std::int64_t>(
            [](Sql& sql) -> Outcome<std::int64_t> { return sizes_of(sql).bytes; });
        if (!bytes) {
            return tl::unexpected(bytes.error());
        }
        return check_room(static_cast<std::uint64_t>(*bytes) + store::Floors{}.spare_bytes);
    }

    // ---- its thread

    bool is_stopping() {
        const std::lock_guard<std::mutex> guard(mutex);
        return stop;
    }
    void progress(std::int64_t done, std::int64_t total) {
        const std::lock_guard<std::mutex> guard(mutex);
        activity.done = done;
        activity.total = total;
    }
    Activity now_running(std::string& from) {
        const std::lock_guard<std::mutex> guard(mutex);
        from = address;
        return activity;
    }

    void run() {
        resume_purge();
        while (!is_stopping()) {
            turn();
            std::unique_lock<std::mutex> lock(mutex);
            changed.wait_for(lock, kTurnEvery, [this] { return stop || is_wanted; });
            const bool begin = std::exchange(is_wanted, false) && !stop;
            lock.unlock();
            if (begin) {
                carry_out();
            }
        }
    }

    void carry_out() {
        std::string from;
        const Activity asked = now_running(from);
        Outcome<void> done;
        switch (asked.task) {
            case Task::compaction: done = compact(asked, from); break;
            case Task::backup: done = back_up(asked, from, "manual"); break;
            case Task::purge: done = purge(asked, from); break;
            case Task::none: break;
        }
        end(done);
    }

    void end(const Outcome<void>& done) {
        const std::lock_guard<std::mutex> guard(mutex);
        activity.is_running = false;
        activity.ended_ms = now_ms();
        activity.fault = done ? "" : done.error().message;
        facts.reset();
        if (done) {
            parts.logger.notice(
                "maintenance is done",
                {{"task", std::string(maintenance::name_of(activity.task))}, {"by", activity.by}});
        } else {
            parts.logger.warning("maintenance failed",
                                 {{"task", std::string(maintenance::name_of(activity.task))},
                                  {"reason", activity.fault}});
        }
    }

    Outcome<std::int64_t> database_bytes() {
        return transactions().read<std::int64_t>(
            [](Sql& sql) -> Outcome<std::int64_t> { return sizes_of(sql).bytes; });
    }
    void note_sizes(std::int64_t before, std::int64_t after) {
        const std::lock_guard<std::mutex> guard(mutex);
        activity.bytes_before = before;
        activity.bytes_after = after;
    }

    Outcome<void> compact(const Activity& asked, const std::string& from) {
        const std::int64_t before = database_bytes().value_or(0);
        note_sizes(before, before);
        std::int64_t moved = 0;
        for (bool more = true; more && !is_stopping();) {
            const auto pages = transactions().run<std::int64_t>(
                [](Sql& sql) -> Outcome<std::int64_t> { return sql.shrink(kSlicePages); },
                Need::nothing);
            if (!pages) {
                return tl::unexpected(pages.error());
            }
            moved += *pages;
            progress(moved, 0);
            more = *pages > 0;
        }
        const std::int64_t after = database_bytes().value_or(0);
        note_sizes(before, after);
        return done_of(parts.store.audit().note({.actor = asked.by,
                                                 .address = from,
                                                 .action = "data.compact",
                                                 .before = fmt::format("{} bytes", before),
                                                 .after = fmt::format("{} bytes", after)}));
    }

    Outcome<void> back_up(const Activity& asked, const std::string& from, std::string_view why) {
        const std::int64_t at_ms = now_ms();
        const std::string name = backup_name(at_ms, why);
        const auto bytes = take_backup(settings.folder, settings.backups + "/" + name, at_ms,
                                       [this](std::int64_t done, std::int64_t total) {
                                           progress(done, total);
                                           return !is_stopping();
                                       });
        if (!bytes) {
            return tl::unexpected(fault_of(bytes.error()));
        }
        {
            const std::lock_guard<std::mutex> guard(mutex);
            activity.file = name;
        }
        if (const auto pruned = prune_backups(settings.backups, settings.backups_kept); !pruned) {
            parts.logger.warning("old copies cannot be removed",
                                 {{"reason", base::to_text(pruned.error())}});
        }
        return done_of(parts.store.audit().note({.actor = asked.by,
                                                 .address = from,
                                                 .action = "data.backup",
                                                 .target = name,
                                                 .after = fmt::format("{} bytes", *bytes)}));
    }

    Outcome<void> purge(const Activity& asked, const std::string& from) {
        note_sizes(database_bytes().value_or(0), 0);
        if (auto copied = back_up(asked, from, "purge"); !copied) {
            return copied;
        }
        std::string copy;
        copy = now_running(copy).file;
        if (auto decided = decide_purge(parts.store, asked.by, from, copy); !decided) {
            return decided;
        }
        return go_on_purging();
    }

    /// A stop leaves it decided: the next start goes on.
    Outcome<void> go_on_purging() {
        std::int64_t gone = 0;
        for (bool more = true; more;) {
            if (is_stopping()) {
                return refuse(FaultCode::internal, "it goes on at the next start");
            }
            const auto rows = purge_slice(parts.store, now_ms());
            if (!rows) {
                return tl::unexpected(rows.error());
            }
            gone += *rows;
            progress(gone, 0);
            more = *rows > 0;
        }
        if (const auto parts_gone = parts.store.exchange().forget_abandoned(INT64_MAX);
            !parts_gone) {
            return tl::unexpected(parts_gone.error());
        }
        return end_purge(parts.store);
    }

    void resume_purge() {
        const auto is_on = is_purging(transactions());
        if (!is_on || !*is_on) {
            return;
        }
        {
            const std::lock_guard<std::mutex> guard(mutex);
            activity = {.task = Task::purge,
                        .is_running = true,
                        .by = std::string(kSelf),
                        .started_ms = now_ms()};
        }
        end(go_on_purging());
    }

    // ---- by itself

    void turn() {
        if (const auto noted = note_visible(transactions(), now_ms()); !noted) {
            return;  // the disk or the queue: at the next turn
        }
        for (const Grade grade : kGrades) {
            forget(grade);
        }
        const std::int64_t parts_before = now_ms() - settings.retention.parts_days * kDayMs;
        static_cast<void>(parts.store.exchange().forget_abandoned(parts_before));
        if (parts.forget_logins) {
            parts.forget_logins();
        }
        if (settings.backup_daily && !is_stopping()) {
            back_up_daily();
        }
    }

    void forget(Grade grade) {
        std::int64_t gone = 0;
        for (bool more = true; more && !is_stopping();) {
            const auto rows = forget_slice(transactions(), grade, settings.retention, now_ms());
            gone += rows.value_or(0);
            more = rows.value_or(0) == kSliceRows;
        }
        if (gone > 0) {
            parts.logger.info("forgotten, as it is over",
                              {{"what", std::string(maintenance::name_of(grade))},
                               {"rows", std::to_string(gone)}});
        }
    }

    void back_up_daily() {
        const auto copies = list_backups(settings.backups);
        const std::int64_t newest = copies && !copies->empty() ? copies->front().taken_ms : 0;
        if (!copies || now_ms() < newest + kBackupEveryMs) {
            return;
        }
        {
            const std::lock_guard<std::mutex> guard(mutex);
            if (activity.is_running) {
                return;
            }
            activity = {.task = Task::backup,
                        .is_running = true,
                        .by = std::string(kSelf),
                        .started_ms = now_ms()};
        }
        auto room = check_room_for_copy();
        end(room ? back_up({.by = std::string(kSelf)}, "", "daily") : room);
    }
};

Maintenance::Maintenance(std::unique_ptr<Machine> machine) : machine_(std::move(machine)) {}
Maintenance::~Maintenance() { stop(); }

base::Result<std::unique_ptr<Maintenance>> Maintenance::start(Parts parts) {
    auto machine = std::make_unique<Machine>(std::move(parts));
    TRY(os::make_folder(machine->settings.backups, kFolderMode));
    TRY(prune_backups(machine->settings.backups, machine->settings.backups_kept));
    machine->thread =
        std::make_unique<os::Thread>("sumpd maintain", [to = machine.get()] { to->run(); });
    return std::unique_ptr<Maintenance>(new Maintenance(std::move(machine)));
}

void Maintenance::stop() {
    {
        const std::lock_guard<std::mutex> guard(machine_->mutex);
        machine_->stop = true;
    }
    machine_->changed.notify_all();
    machine_->thread.reset();
}

const Settings& Maintenance::settings() const { return machine_->settings; }

Activity Maintenance::activity() {
    const std::lock_guard<std::mutex> guard(machine_->mutex);
    return machine_->activity;
}

Outcome<Facts> Maintenance::facts() {
    Machine& machine = *machine_;
    const os::Instant now = machine.parts.clock.now();
    {
        const std::lock_guard<std::mutex> guard(machine.mutex);
        if (machine.facts && now - machine.facts_at < kFactsEvery) {
            Facts facts = *machine.facts;
            facts.activity = machine.activity;
            return facts;
        }
    }
    auto facts = read_facts(machine.parts.store, machine.settings, machine.now_ms());
    const std::lock_guard<std::mutex> guard(machine.mutex);
    if (facts) {
        machine.facts = *facts;
        machine.facts_at = now;
        facts->activity = machine.activity;
    }
    return facts;
}

Outcome<std::vector<BackupFile>> Maintenance::backups() const {
    auto copies = list_backups(machine_->settings.backups);
    if (!copies) {
        return tl::unexpected(fault_of(copies.error()));
    }
    return std::move(*copies);
}

Outcome<void> Maintenance::compact(const std::string& actor, const std::string& address) {
    store::Transactions& transactions = machine_->transactions();
    if (!transactions.can_shrink()) {
        return refuse(FaultCode::forbidden,
                      "the database has an old form: make room on the disk and start sumpd anew");
    }
    const auto importing = transactions.read<bool>([](Sql& sql) -> Outcome<bool> {
        return sql.number("SELECT count(*) FROM in_message WHERE state = 2") > 0;
    });
    if (!importing) {
        return tl::unexpected(importing.error());
    }
    if (*importing) {
        return refuse(FaultCode::message_conflict, "a message is being applied; when it is done");
    }
    if (auto room = machine_->check_room(kCompactionRoomBytes); !room) {
        return room;
    }
    return machine_->ask(Task::compaction, actor, address);
}

Outcome<void> Maintenance::back_up(const std::string& actor, const std::string& address) {
    if (auto room = machine_->check_room_for_copy(); !room) {
        return room;
    }
    return machine_->ask(Task::backup, actor, address);
}

Outcome<void> Maintenance::purge(const std::string& actor, const std::string& address,
                                 const std::string& word) {
    if (word.empty() || word != machine_->settings.server_name) {
        return exchange::refuse_field("word",
                                      "the name of the server: " + machine_->settings.server_name);
    }
    const auto bars = machine_->transactions().read<std::vector<PurgeBar>>(
        [](Sql& sql) -> Outcome<std::vector<PurgeBar>> { return purge_bars(sql); });
    if (!bars) {
        return tl::unexpected(bars.error());
    }
    if (!bars->empty()) {
        return refuse(FaultCode::message_conflict, "not while these are open: " + text_of(*bars));
    }
    if (auto room = machine_->check_room_for_copy(); !room) {
        return room;
    }
    return machine_->ask(Task::purge, actor, address);
}

}  // namespace tillhost::sumpd::maintenance
