#include "sumpd/maintenance/retention.h"

#include <array>
#include <string>
#include <vector>

#include "sumpd/store/command_fence.h"
#include "sumpd/store/staging.h"

namespace tillhost::sumpd::maintenance {

using exchange::Outcome;
using store::integer;
using store::Need;
using store::Row;
using store::Sql;
using store::text;

namespace {

constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

/// What a slice takes away: by id or by number, whichever the grade has.
struct Chosen {
    std::vector<std::string> ids{};
    std::vector<std::int64_t> numbers{};
    std::size_t size() const { return ids.size() + numbers.size(); }
};

Chosen ids_of(const std::vector<Row>& rows) {
    Chosen chosen;
    for (const Row& row : rows) {
        chosen.ids.push_back(text(row[0]));
    }
    return chosen;
}

Chosen numbers_of(const std::vector<Row>& rows) {
    Chosen chosen;
    for (const Row& row : rows) {
        chosen.numbers.push_back(integer(row[0]));
    }
    return chosen;
}

// Of documents: their message was acknowledged so long ago.
Chosen choose_documents(Sql& sql, const Retention& retention, std::int64_t now_ms) {
    return ids_of(
        sql.query("SELECT d.doc_id FROM out_message m JOIN document d ON d.message_no = m.no"
                  " WHERE m.acked_ms > 0 AND m.acked_ms <= :a AND d.message_no > 0"
                  " AND d.state IN (3, 4, 6) AND d.waiting = 0 ORDER BY m.no LIMIT :b",
                  "t", {now_ms - retention.documents_days * kDayMs, kSliceRows}));
}
std::int64_t remove_documents(Sql& sql, const Chosen& chosen) {
    return make_known(sql, chosen.ids);
}

constexpr const char* kNoDocuments =
    " AND NOT EXISTS (SELECT 1 FROM document d WHERE d.message_no > 0"
    " AND d.message_no = out_message.no)";

Chosen choose_messages(Sql& sql, const Retention& retention, std::int64_t now_ms) {
    return numbers_of(
        sql.query(std::string("SELECT no FROM out_message WHERE acked_ms > 0 AND acked_ms <= :a") +
                      kNoDocuments + " ORDER BY no LIMIT :b",
                  "i", {now_ms - retention.documents_days * kDayMs, kSliceRows}));
}
std::int64_t remove_messages(Sql& sql, const Chosen& chosen) {
    for (const std::int64_t no : chosen.numbers) {
        sql.run(
            std::string("DELETE FROM out_message WHERE no = :a AND acked_ms > 0") + kNoDocuments,
            {no});
    }
    return static_cast<std::int64_t>(chosen.size());
}

// Of tombstones: what could be seen so long ago.
Chosen choose_tombstones(Sql& sql, const Retention& retention, std::int64_t now_ms) {
    const std::int64_t seen =
        sql.number("SELECT coalesce(max(seq), 0) FROM visible_at WHERE at_ms <= :a",
                   {now_ms - retention.tombstones_days * kDayMs});
    return numbers_of(
        sql.query("SELECT seq FROM object WHERE deleted = 1 AND superseded_by = 0 AND seq <= :a"
                  " ORDER BY seq LIMIT :b",
                  "i", {seen, kSliceRows}));
}
std::int64_t remove_tombstones(Sql& sql, const Chosen& chosen) {
    for (const std::int64_t seq : chosen.numbers) {
        // One that an import is about to replace is the import's.
        sql.run("DELETE FROM object WHERE seq = :a AND deleted = 1 AND superseded_by = 0", {seq});
    }
    if (!chosen.numbers.empty()) {
        sql.run("UPDATE counter SET number = :a WHERE name = 'floor' AND number < :b",
                {chosen.numbers.back(), chosen.numbers.back()});
        sql.run("DELETE FROM visible_at WHERE seq < :a", {chosen.numbers.back()});
    }
    return static_cast<std::int64_t>(chosen.size());
}

// Of commands: the time is up to which they might have begun.
Chosen choose_commands(Sql& sql, const Retention& retention, std::int64_t now_ms) {
    return ids_of(
        sql.query("SELECT id FROM device_command WHERE told = 1 AND start_before_ms <= :a"
                  " AND stage IN (3, 4) ORDER BY start_before_ms LIMIT :b",
                  "t", {now_ms - retention.commands_days * kDayMs, kSliceRows}));
}
std::int64_t remove_commands(Sql& sql, const Chosen& chosen, std::int64_t now_ms) {
    for (const std::string& id : chosen.ids) {
        store::forget_command(sql, id, now_ms);
    }
    return static_cast<std::int64_t>(chosen.size());
}

Chosen choose_conflicts(Sql& sql, const Retention& retention, std::int64_t now_ms) {
    return ids_of(
        sql.query("SELECT doc_id FROM document_quarantine WHERE resolved_by <> '' AND at_ms <= :a"
                  " ORDER BY at_ms LIMIT :b",
                  "t", {now_ms - retention.conflicts_days * kDayMs, kSliceRows}));
}
std::int64_t remove_conflicts(Sql& sql, const Chosen& chosen, const Retention& retention,
                              std::int64_t now_ms) {
    for (const std::string& id : chosen.ids) {
        sql.run(
            "DELETE FROM document_quarantine WHERE doc_id = :a AND resolved_by <> ''"
            " AND at_ms <= :b",
            {id, now_ms - retention.conflicts_days * kDayMs});
    }
    return static_cast<std::int64_t>(chosen.size());
}

Chosen choose_locks(Sql& sql, const Retention& /*retention*/, std::int64_t now_ms) {
    return ids_of(sql.query("SELECT task_id FROM task_lock WHERE until_ms <= :a LIMIT :b", "t",
                            {now_ms - kDayMs, kSliceRows}));
}
std::int64_t remove_locks(Sql& sql, const Chosen& chosen, std::int64_t now_ms) {
    for (const std::string& id : chosen.ids) {
        sql.run("DELETE FROM task_lock WHERE task_id = :a AND until_ms <= :b",
                {id, now_ms - kDayMs});
    }
    return static_cast<std::int64_t>(chosen.size());
}

Chosen choose(Sql& sql, Grade grade, const Retention& retention, std::int64_t now_ms) {
    switch (grade) {
        case Grade::documents: return choose_documents(sql, retention, now_ms);
        case Grade::messages: return choose_messages(sql, retention, now_ms);
        case Grade::tombstones: return choose_tombstones(sql, retention, now_ms);
        case Grade::commands: return choose_commands(sql, retention, now_ms);
        case Grade::conflicts: return choose_conflicts(sql, retention, now_ms);
        case Grade::locks: return choose_locks(sql, retention, now_ms);
    }
    return {};
}

std::int64_t remove(Sql& sql, Grade grade, const Chosen& chosen, const Retention& retention,
                    std::int64_t now_ms) {
    switch (grade) {
        case Grade::documents: return remove_documents(sql, chosen);
        case Grade::messages: return remove_messages(sql, chosen);
        case Grade::tombstones: return remove_tombstones(sql, chosen);
        case Grade::commands: return remove_commands(sql, chosen, now_ms);
        case Grade::conflicts: return remove_conflicts(sql, chosen, retention, now_ms);
        case Grade::locks: return remove_locks(sql, chosen, now_ms);
    }
    return 0;
}

}  // namespace

std::string_view name_of(Grade grade) {
    constexpr std::array<std::string_view, 6> kNames = {"documents", "messages",  "tombstones",
                                                        "commands",  "conflicts", "locks"};
    return kNames.at(static_cast<std::size_t>(grade));
}

std::int64_t make_known(Sql& sql, const std::vector<std::string>& doc_ids) {
    for (const std::string& id : doc_ids) {
        sql.run(
            "INSERT INTO document_known SELECT doc_id, device_id, device_seq, sha256, received_ms,"
            " state, error, erp_number FROM document WHERE doc_id = :a AND state IN (3, 4, 6)"
            " AND waiting = 0",
            {id});
        sql.run("DELETE FROM document WHERE doc_id = :a AND state IN (3, 4, 6) AND waiting = 0",
                {id});
        sql.run(
            "DELETE FROM task_unlocked WHERE doc_id = :a AND NOT EXISTS (SELECT 1 FROM document d"
            " WHERE d.doc_id = task_unlocked.doc_id)",
            {id});
    }
    return static_cast<std::int64_t>(doc_ids.size());
}

Outcome<std::int64_t> forget_slice(store::Transactions& transactions, Grade grade,
                                   const Retention& retention, std::int64_t now_ms) {
    const auto chosen = transactions.read<Chosen>(
        [&](Sql& sql) -> Outcome<Chosen> { return choose(sql, grade, retention, now_ms); });
    if (!chosen) {
        return tl::unexpected(chosen.error());
    }
    if (chosen->size() == 0) {
        return 0;
    }
    return transactions.run<std::int64_t>(
        [&](Sql& sql) -> Outcome<std::int64_t> {
            return remove(sql, grade, *chosen, retention, now_ms);
        },
        Need::nothing);
}

Outcome<void> note_visible(store::Transactions& transactions, std::int64_t now_ms) {
    const auto noted = transactions.run<bool>(
        [&](Sql& sql) -> Outcome<bool> {
            const std::int64_t visible = store::visible_seq(sql);
            if (visible > 0) {
                sql.run("INSERT INTO visible_at VALUES (:a, :b) ON CONFLICT (seq) DO NOTHING",
                        {visible, now_ms});
            }
            return true;
        },
        Need::nothing);
    return noted ? Outcome<void>() : tl::unexpected(noted.error());
}

}  // namespace tillhost::sumpd::maintenance
