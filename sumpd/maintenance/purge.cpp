#include "sumpd/maintenance/purge.h"

#include <fmt/format.h>

#include <array>

#include "sumpd/maintenance/retention.h"
#include "sumpd/store/command_fence.h"
#include "sumpd/store/new_uuid.h"
#include "sumpd/store/staging.h"

namespace tillhost::sumpd::maintenance {

using exchange::FaultCode;
using exchange::Outcome;
using store::integer;
using store::Need;
using store::Row;
using store::Sql;
using store::text;

namespace {

struct Reach {
    std::int64_t place = 0;
    std::int64_t seq = 0;
};

Reach reach_of(Sql& sql) {
    return {sql.number("SELECT number FROM counter WHERE name = 'purge_place'"),
            sql.number("SELECT number FROM counter WHERE name = 'purge_seq'")};
}

void set_reach(Sql& sql, const Reach& reach) {
    sql.run("UPDATE counter SET number = :a WHERE name = 'purge_place'", {reach.place});
    sql.run("UPDATE counter SET number = :a WHERE name = 'purge_seq'", {reach.seq});
}

std::int64_t purge_documents(Sql& sql, const Reach& reach) {
    std::vector<std::string> ids;
    for (const Row& row :
         sql.query("SELECT doc_id FROM document WHERE place <= :a AND state IN (3, 4, 6)"
                   " AND waiting = 0 ORDER BY place LIMIT :b",
                   "t", {reach.place, kSliceRows})) {
        ids.push_back(text(row[0]));
    }
    return make_known(sql, ids);
}

std::int64_t purge_objects(Sql& sql, const Reach& reach) {
    const auto rows = sql.query(
        "SELECT seq FROM object WHERE seq <= :a AND kind NOT IN ('User', 'Role')"
        " ORDER BY seq LIMIT :b",
        "i", {reach.seq, kSliceRows});
    for (const Row& row : rows) {
        sql.run("DELETE FROM object WHERE seq = :a", {integer(row[0])});
    }
    return static_cast<std::int64_t>(rows.size());
}

/// By primary key, so that a slice costs the same at its beginning and at its end.
std::int64_t purge_rows(Sql& sql, const char* table, const char* key, const char* condition) {
    const auto rows =
        sql.query(fmt::format("SELECT {} FROM {} WHERE {} LIMIT :a", key, table, condition), "t",
                  {kSliceRows});
    for (const Row& row : rows) {
        sql.run(fmt::format("DELETE FROM {} WHERE {} = :a AND {}", table, key, condition),
                {text(row[0])});
    }
    return static_cast<std::int64_t>(rows.size());
}

std::int64_t purge_messages(Sql& sql) {
    const auto rows = sql.query(
        "SELECT no FROM out_message WHERE acked_ms > 0 AND NOT EXISTS (SELECT 1 FROM document d"
        " WHERE d.message_no > 0 AND d.message_no = out_message.no) ORDER BY no LIMIT :a",
        "i", {kSliceRows});
    for (const Row& row : rows) {
        sql.run("DELETE FROM out_message WHERE no = :a", {integer(row[0])});
    }
    return static_cast<std::int64_t>(rows.size());
}

std::int64_t purge_commands(Sql& sql, std::int64_t now_ms) {
    const auto rows = sql.query(
        "SELECT id FROM device_command"
        " WHERE stage IN (3, 4) AND told = 1 AND owed = 0 LIMIT :a",
        "t", {kSliceRows});
    for (const Row& row : rows) {
        store::forget_command(sql, text(row[0]), now_ms);
    }
    return static_cast<std::int64_t>(rows.size());
}

std::int64_t slice(Sql& sql, std::int64_t now_ms) {
    const Reach reach = reach_of(sql);
    std::int64_t gone = purge_documents(sql, reach);
    gone = gone > 0 ? gone : purge_objects(sql, reach);
    gone = gone > 0 ? gone : purge_messages(sql);
    gone = gone > 0 ? gone : purge_commands(sql, now_ms);
    gone = gone > 0 ? gone : purge_rows(sql, "document_quarantine", "doc_id", "resolved_by <> ''");
    gone = gone > 0 ? gone : purge_rows(sql, "task_lock", "task_id", "1 = 1");
    return gone;
}

void add(std::vector<PurgeBar>& bars, Bar bar, std::int64_t count) {
    if (count > 0) {
        bars.push_back({bar, count});
    }
}

}  // namespace

std::string_view name_of(Bar bar) {
    constexpr std::array<std::string_view, 5> kNames = {"documents", "commands", "conflicts",
                                                        "message", "import"};
    return kNames.at(static_cast<std::size_t>(bar));
}

std::vector<PurgeBar> purge_bars(Sql& sql) {
    std::vector<PurgeBar> bars;
    const std::int64_t frozen = sql.number("SELECT count(*) FROM out_message WHERE acked_ms = 0");
    const std::int64_t in_it =
        sql.number("SELECT coalesce(sum(documents), 0) FROM out_message WHERE acked_ms = 0");
    add(bars, Bar::documents,
        sql.number("SELECT count(*) FROM document WHERE waiting = 1") + in_it);
    add(bars, Bar::commands,
        sql.number("SELECT count(*) FROM device_command WHERE stage IN (1, 2, 5, 6)"));
    add(bars, Bar::conflicts,
        sql.number("SELECT count(*) FROM document_quarantine WHERE resolved_by = ''"));
    add(bars, Bar::message, frozen);
    add(bars, Bar::import, sql.number("SELECT count(*) FROM in_message WHERE state = 2"));
    return bars;
}

std::string text_of(const std::vector<PurgeBar>& bars) {
    std::string words;
    for (const PurgeBar& one : bars) {
        words += fmt::format("{}{} {}", words.empty() ? "" : ", ", one.count, name_of(one.bar));
    }
    return words;
}

Outcome<void> decide_purge(store::Store& store, const std::string& actor,
                           const std::string& address, const std::string& copy) {
    const auto decided = store.transactions().run<bool>(
        [&](Sql& sql) -> Outcome<bool> {
            const auto bars = purge_bars(sql);
            if (!bars.empty()) {
                return exchange::refuse(FaultCode::message_conflict,
                                        "not while these are open: " + text_of(bars));
            }
            const Reach reach{sql.number("SELECT number FROM counter WHERE name = 'place'"),
                              std::max<std::int64_t>(1, store::visible_seq(sql))};
            set_reach(sql, reach);
            store.audit().note(sql,
                               {.actor = actor,
                                .address = address,
                                .action = "data.purge",
                                .target = copy,
                                .before = fmt::format("{} documents, {} objects",
                                                      sql.number("SELECT count(*) FROM document"),
                                                      sql.number("SELECT count(*) FROM object")),
                                .after = "purged"});
            return true;
        },
        Need::nothing);
    return decided ? Outcome<void>() : tl::unexpected(decided.error());
}

Outcome<bool> is_purging(store::Transactions& transactions) {
    return transactions.read<bool>(
        [](Sql& sql) -> Outcome<bool> { return reach_of(sql).seq != 0; });
}

Outcome<std::int64_t> purge_slice(store::Store& store, std::int64_t now_ms) {
    return store.transactions().run<std::int64_t>(
        [now_ms](Sql& sql) -> Outcome<std::int64_t> { return slice(sql, now_ms); }, Need::nothing);
}

Outcome<void> end_purge(store::Store& store) {
    struct Anew {
        std::string epoch{};
        std::int64_t visible = 0;
    };
    const auto anew = store.transactions().run<Anew>(
        [](Sql& sql) -> Outcome<Anew> {
            // A number that nothing has: whoever looks by the newest number sees that it moved.
            const Anew made{store::new_uuid(), store::visible_seq(sql) + 1};
            sql.run("UPDATE meta SET text = :a WHERE name = 'epoch'", {made.epoch});
            sql.run("UPDATE counter SET number = :a WHERE name = 'visible'", {made.visible});
            sql.run("UPDATE counter SET number = 0 WHERE name = 'floor'");
            sql.run("DELETE FROM visible_at");
            set_reach(sql, {});
            return made;
        },
        Need::nothing);
    if (!anew) {
        return tl::unexpected(anew.error());
    }
    store.changes().begin_anew(anew->epoch, anew->visible);
    return {};
}

}  // namespace tillhost::sumpd::maintenance
