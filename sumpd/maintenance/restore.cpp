#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "hal/base/text.h"
#include "hal/database/database.h"
#include "hal/os/files.h"
#include "sumpd/maintenance/backup.h"
#include "sumpd/maintenance/file_steps.h"
#include "sumpd/maintenance/kept_files.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/command_fence.h"
#include "sumpd/store/new_uuid.h"
#include "sumpd/store/staging.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::maintenance {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using exchange::Outcome;
using store::Sql;

namespace {

constexpr unsigned kFolderMode = 0700;
/// Numbers of messages and jobs leap by so much and by the seconds since the copy was taken: what
/// the lost part of the server gave, and what a restore of the same copy before this one gave, lies
/// below, as long as it gave fewer than so many and one a second beside.
constexpr std::int64_t kNumberLeap = 1'000'000;
constexpr std::int64_t kMsOfSecond = 1000;

/// What the database in place says, if it can be read.
struct Former {
    bool is_there = false;
    std::int64_t sent_no = 0;
    std::int64_t job = 0;
};

std::int64_t number_in(database::Database& database, const std::string& statement) {
    const auto rows = database.query(statement, "i");
    return rows && !rows->empty() ? std::get<std::int64_t>(rows->at(0).at(0)) : 0;
}

/// Its log is moved into its file, so that the file alone is all of it. One that is damaged says
/// nothing, and is kept as it is.
Result<Former> close_former(const std::string& path) {
    Former former{.is_there = is_there(path)};
    if (!former.is_there) {
        return former;
    }
    auto opened = database::Database::open(path, store::kApplicationId);
    if (!opened) {
        return former;
    }
    TRY((*opened)->empty_log());
    former.sent_no = number_in(**opened, "SELECT sent_no FROM node WHERE id = 1");
    former.job = number_in(**opened, "SELECT number FROM counter WHERE name = 'job'");
    return former;
}

std::int64_t taken_of(Sql& sql) {
    const auto taken =
        base::parse_decimal(sql.text("SELECT text FROM meta WHERE name = 'copy_taken_ms'"));
    return taken && taken->scale == 0 ? taken->units : 0;
}

/// What the lost part may have done is done again under no number that it may have used.
void leap(Sql& sql, const Former& former, std::int64_t now_ms, RestoreReport& report) {
    const std::int64_t since = kNumberLeap + (now_ms - report.taken_ms) / kMsOfSecond;
    const std::int64_t sent = sql.number("SELECT sent_no FROM node WHERE id = 1");
    const std::int64_t job = sql.number("SELECT number FROM counter WHERE name = 'job'");
    report.sent_no = std::max(sent, former.sent_no) + since;
    sql.run("UPDATE node SET sent_no = :a WHERE id = 1", {report.sent_no});
    sql.run("UPDATE counter SET number = :a WHERE name = 'job'",
            {std::max(job, former.job) + since});
}

/// Its documents wait again: whether the accounting system has booked them it says by DocId.
void unfreeze(Sql& sql, RestoreReport& report) {
    report.documents_again = sql.number("SELECT count(*) FROM document WHERE state = 2");
    sql.run(
        "UPDATE document SET state = 1, waiting = 1, due_ms = 0, message_no = 0 WHERE state = 2");
    sql.run("DELETE FROM out_message WHERE acked_ms = 0");
}

/// Parts are no part of a copy: what was not applied comes again.
void drop_incoming(Sql& sql) {
    store::unstage(sql);
    sql.run("DELETE FROM in_part");
    sql.run("DELETE FROM in_message WHERE state IN (1, 2, 4)");
    sql.run("UPDATE job SET state = :a, result = '' WHERE state IN (1, 2)",
            {static_cast<std::int64_t>(exchange::JobState::failed)});
}

/// Each may have been carried out, or refused and made anew under another id. As overdue ones devd
/// is asked about them, and sees to it that nothing comes of those that it does not know.
void fence_commands(Sql& sql, std::int64_t now_ms, RestoreReport& report) {
    store::fence_commands_of_copy(sql, now_ms);
    report.commands_asked =
        sql.number("SELECT count(*) FROM device_command WHERE stage IN (1, 2, 5)");
    sql.run(
        "UPDATE device_command SET stage = 5, start_before_ms = 1,"
        " error = 'the server was restored: the device host is asked what became of it'"
        " WHERE stage IN (1, 2, 5)");
    // A person may have decided about an orphaned one since, so that it was made anew.
    sql.run("UPDATE device_command SET start_before_ms = 1 WHERE stage = 6");
}

void begin_anew(Sql& sql, std::int64_t now_ms) {
    sql.run("UPDATE meta SET text = :a WHERE name = 'epoch'", {store::new_uuid()});
    sql.run("DELETE FROM meta WHERE name IN ('copy_taken_ms', 'restored_ms', 'needs_full')");
    sql.run("INSERT INTO meta VALUES ('restored_ms', :a)", {std::to_string(now_ms)});
    if (!sql.text("SELECT code FROM node WHERE id = 1").empty()) {
        sql.run("INSERT INTO meta VALUES ('needs_full', '1')");
    }
    sql.run("UPDATE counter SET number = 0 WHERE name IN ('floor', 'purge_place', 'purge_seq')");
    for (const char* table :
         {"visible_at", "session", "enroll_token", "task_lock", "app_command"}) {
        sql.run(fmt::format("DELETE FROM {}", table));
    }
}

Outcome<RestoreReport> fence_off(Sql& sql, const store::Audit& audit, const Former& former,
                                 std::int64_t now_ms) {
    RestoreReport report{.taken_ms = taken_of(sql)};
    if (now_ms < report.taken_ms) {
        return exchange::refuse(exchange::FaultCode::bad_request,
                                "this machine's clock stands before the time at which the copy "
                                "was taken: set it first");
    }
    leap(sql, former, now_ms, report);
    if (report.sent_no > exchange::kMessageNoMax - kNumberLeap) {
        return exchange::refuse(exchange::FaultCode::bad_request,
                                "the numbers of messages are used up");
    }
    unfreeze(sql, report);
    drop_incoming(sql);
    fence_commands(sql, now_ms, report);
    begin_anew(sql, now_ms);
    audit.note(sql, {.actor = "sumpd",
                     .action = "data.restore",
                     .before = fmt::format("copy of {}", report.taken_ms),
                     .after = fmt::format("{} documents go again, messages from {} on",
                                          report.documents_again, report.sent_no + 1)});
    return report;
}

/// In one transaction, in a folder of its own. Behind it the file stands alone.
Result<RestoreReport> make_ready(const std::string& work, const Former& former,
                                 const os::Clock& clock, const os::Logger& logger) {
    const std::string path = work + "/sumpd.db";
    {
        const auto copy = TRY(database::Database::open(path, store::kApplicationId));
        TRY(copy->check());
    }
    RestoreReport report;
    {
        const auto transactions = TRY(store::Transactions::open(work, clock, logger));
        const store::Audit audit(*transactions, clock);
        const auto fenced = transactions->run<RestoreReport>(
            [&](Sql& sql) { return fence_off(sql, audit, former, clock.unix_ms()); },
            store::Need::nothing);
        if (!fenced) {
            const bool ours = fenced.error().code == exchange::FaultCode::bad_request;
            return make_error(ours ? ErrorCode::config_invalid : ErrorCode::storage_failed,
                              fenced.error().message);
        }
        report = *fenced;
    }
    const auto alone = TRY(database::Database::open(path, store::kApplicationId));
    TRY(alone->empty_log());
    return report;
}

/// Links, so that until the last step the database is in its place as well.
Result<std::string> keep_former(const std::string& folder, std::int64_t now_ms) {
    const std::string name = fmt::format("{}/former-{}", folder, now_ms);
    std::string kept = name;
    for (int again = 2; is_there(kept); ++again) {  // of a restore that was killed
        kept = fmt::format("{}-{}", name, again);
    }
    TRY(os::make_folder(kept, kFolderMode));
    TRY(os::make_folder(kept + "/out", kFolderMode));
    for (const char* file : {"/sumpd.db", "/sumpd.db-wal"}) {
        if (is_there(folder + file)) {
            TRY(link_new(folder + file, kept + file));
        }
    }
    for (const std::string& file : TRY(kept_file_names(folder))) {
        TRY(link_new(folder + "/" + file, kept + "/" + file));
    }
    if (is_there(folder + "/out")) {
        for (const std::string& file : TRY(os::list_files(folder + "/out", ""))) {
            TRY(link_new(folder + "/out/" + file, kept + "/out/" + file));
        }
    }
    for (const std::string& path : {kept + "/out", kept}) {
        TRY(give_to_owner(path, folder));
        TRY(sync_path(path, true));
    }
    return kept;
}

Done copy_from(const std::string& from, const std::string& to) {
    TRY(copy_file(from, to, kCopyMode));
    if (is_there(from + "-wal")) {  // of a server that did not end in order
        TRY(copy_file(from + "-wal", to + "-wal", kCopyMode));
    }
    return {};
}

}  // namespace

Result<RestoreReport> restore(const std::string& from, const std::string& folder,
                              const os::Clock& clock, const os::Logger& logger) {
    const std::string path = folder + "/sumpd.db";
    const std::string work = folder + "/restoring";
    const std::string made = work + "/sumpd.db";
    TRY(os::make_folder(work, kFolderMode));
    TRY(remove_with_logs(made));
    TRY(copy_from(from, made));
    const Former former = TRY(close_former(path));
    RestoreReport report = TRY(make_ready(work, former, clock, logger));
    if (former.is_there) {
        report.former = TRY(keep_former(folder, clock.unix_ms()));
    }
    TRY(put_kept_files_back(made, folder));
    TRY(give_to_owner(made, folder));
    TRY(sync_path(made, false));
    // A log that stayed behind would be taken for the new file's.
    TRY(os::remove_file(path + "-wal"));
    TRY(os::remove_file(path + "-shm"));
    TRY(rename_over(made, path));
    TRY(sync_path(folder, true));
    static_cast<void>(::rmdir(work.c_str()));  // one that stays is used by the next restore
    return report;
}

}  // namespace tillhost::sumpd::maintenance
