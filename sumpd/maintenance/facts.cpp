#include "sumpd/maintenance/facts.h"

#include "hal/base/text.h"
#include "hal/os/files.h"
#include "sumpd/maintenance/backup.h"
#include "sumpd/maintenance/file_steps.h"
#include "sumpd/maintenance/purge.h"

namespace tillhost::sumpd::maintenance {

using exchange::Outcome;
using store::integer;
using store::Sql;

namespace {

/// Of sessions, as the registry judges them: without use, and at all.
constexpr std::int64_t kSessionIdleS = 12 * 3600;
constexpr std::int64_t kSessionLifeS = 24 * 3600;

std::int64_t meta_number(Sql& sql, const char* name) {
    const auto number =
        base::parse_decimal(sql.text("SELECT text FROM meta WHERE name = :a", {std::string(name)}));
    return number && number->scale == 0 ? number->units : 0;
}

void read_documents(Sql& sql, Facts& facts) {
    facts.documents = sql.number("SELECT count(*) FROM document");
    facts.documents_waiting = sql.number("SELECT count(*) FROM document WHERE waiting = 1");
    facts.documents_deferred =
        sql.number("SELECT count(*) FROM document WHERE waiting = 1 AND state = 5");
    facts.documents_in_message =
        sql.number("SELECT coalesce(sum(documents), 0) FROM out_message WHERE acked_ms = 0");
    facts.documents_rejected = sql.number("SELECT count(*) FROM document WHERE state = 4");
    facts.documents_known = sql.number("SELECT count(*) FROM document_known");
    facts.oldest_unsent_ms =
        sql.number("SELECT received_ms FROM document WHERE waiting = 1 ORDER BY place LIMIT 1");
    facts.conflicts_open =
        sql.number("SELECT count(*) FROM document_quarantine WHERE resolved_by = ''");
    facts.gaps = sql.number("SELECT count(*) FROM seq_gap");
}

void read_exchange(Sql& sql, Facts& facts) {
    const auto node = sql.first(
        "SELECT sent_no, acked_no, received_no, last_in_ms, last_out_ms FROM node WHERE id = 1",
        "iiiii");
    if (node) {
        facts.sent_no = integer((*node)[0]);
        facts.acked_no = integer((*node)[1]);
        facts.received_no = integer((*node)[2]);
        facts.last_in_ms = integer((*node)[3]);
        facts.last_out_ms = integer((*node)[4]);
    }
    facts.import_job = sql.number("SELECT job FROM in_message WHERE state = 2");
    facts.objects =
        sql.number("SELECT count(*) FROM object WHERE superseded_by = 0 AND deleted = 0");
    facts.parts_bytes =
        sql.number("SELECT coalesce(sum(bytes), 0) FROM in_part") +
        sql.number("SELECT coalesce(sum(bytes), 0) FROM out_message WHERE acked_ms = 0");
}

void read_apps(Sql& sql, Facts& facts, std::int64_t now_ms) {
    facts.apps_active = sql.number("SELECT count(*) FROM app_device WHERE state = 1");
    facts.apps_revoked = sql.number("SELECT count(*) FROM app_device WHERE state = 2");
    facts.sessions = sql.number("SELECT count(*) FROM session WHERE seen_s > :a AND created_s > :b",
                                {now_ms / 1000 - kSessionIdleS, now_ms / 1000 - kSessionLifeS});
    facts.commands_open = sql.number(
        "SELECT count(*) FROM device_command WHERE stage IN (1, 2, 5, 6)"
        " AND (stage IN (1, 2) OR stage = 5 AND asks_person = 1)");
    facts.commands_unknown = sql.number(
        "SELECT count(*) FROM device_command WHERE stage IN (1, 2, 5, 6)"
        " AND (stage = 6 OR stage = 5 AND asks_person = 0)");
}

void read_server(Sql& sql, Facts& facts) {
    const Sizes sizes = sizes_of(sql);
    facts.database_bytes = sizes.bytes;
    facts.reusable_bytes = sizes.reusable_bytes;
    facts.epoch = sql.text("SELECT text FROM meta WHERE name = 'epoch'");
    facts.restored_ms = meta_number(sql, "restored_ms");
    facts.needs_full_message = meta_number(sql, "needs_full") != 0;
    facts.purge_bars = purge_bars(sql);
}

}  // namespace

Sizes sizes_of(Sql& sql) {
    const std::int64_t page = sql.number("PRAGMA page_size");
    return {page * sql.number("PRAGMA page_count"), page * sql.number("PRAGMA freelist_count")};
}

Outcome<Facts> read_facts(store::Store& store, const Settings& settings, std::int64_t now_ms) {
    auto facts = store.transactions().read<Facts>([&](Sql& sql) -> Outcome<Facts> {
        Facts read;
        read_documents(sql, read);
        read_exchange(sql, read);
        read_apps(sql, read, now_ms);
        read_server(sql, read);
        return read;
    });
    if (!facts) {
        return facts;
    }
    facts->log_bytes = file_bytes(settings.folder + "/sumpd.db-wal").value_or(0);
    facts->disk_free_bytes = static_cast<std::int64_t>(os::free_bytes(settings.folder).value_or(0));
    facts->has_room = store.transactions().has_room(store::Need::room);
    facts->has_spare = store.transactions().has_room(store::Need::spare);
    facts->can_compact = store.transactions().can_shrink();
    facts->commits = static_cast<std::int64_t>(store.transactions().commits());
    facts->writes_waiting = static_cast<std::int64_t>(store.transactions().waiting());
    if (const auto copies = list_backups(settings.backups); copies && !copies->empty()) {
        facts->last_backup_ms = copies->front().taken_ms;
    }
    return facts;
}

}  // namespace tillhost::sumpd::maintenance
