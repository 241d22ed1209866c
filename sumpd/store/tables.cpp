#include "sumpd/store/tables.h"

#include <fmt/format.h>

#include "sumpd/store/new_uuid.h"

namespace tillhost::sumpd::store {
namespace {

using Statements = std::vector<std::string>;

void append(Statements& to, const Statements& more) {
    to.insert(to.end(), more.begin(), more.end());
}

Statements of_the_server() {
    return {
        "CREATE TABLE meta (name TEXT PRIMARY KEY, text TEXT NOT NULL)",
        "CREATE TABLE counter (name TEXT PRIMARY KEY, number BIGINT NOT NULL)",
        "CREATE TABLE setting (name TEXT NOT NULL, scope TEXT NOT NULL, value TEXT NOT NULL,"
        " origin TEXT NOT NULL, updated_ms BIGINT NOT NULL, updated_by TEXT NOT NULL,"
        " PRIMARY KEY (name, scope))",
        "CREATE TABLE node (id BIGINT PRIMARY KEY CHECK (id = 1), code TEXT NOT NULL,"
        " sent_no BIGINT NOT NULL, acked_no BIGINT NOT NULL, received_no BIGINT NOT NULL,"
        " received_id TEXT NOT NULL, received_sha256 TEXT NOT NULL, received_job TEXT NOT NULL,"
        " last_in_ms BIGINT NOT NULL, last_out_ms BIGINT NOT NULL)",
    };
}

Statements of_objects() {
    return {
        "CREATE TABLE object (kind TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL,"
        " seq BIGINT NOT NULL, superseded_by BIGINT NOT NULL, deleted BIGINT NOT NULL,"
        " seen_in BIGINT NOT NULL, hash TEXT NOT NULL, body TEXT NOT NULL,"
        " PRIMARY KEY (kind, id, scope, seq))",
        "CREATE UNIQUE INDEX object_seq ON object (seq)",
        "CREATE INDEX object_superseded ON object (superseded_by) WHERE superseded_by > 0",
        "CREATE TABLE user_secret (user_id TEXT PRIMARY KEY, password_hash TEXT NOT NULL,"
        " pin_hash TEXT NOT NULL)",
        "CREATE TABLE staged_secret (user_id TEXT PRIMARY KEY, password_hash TEXT NOT NULL,"
        " pin_hash TEXT NOT NULL)",
        "CREATE TABLE staged_verdict (doc_id TEXT PRIMARY KEY, status BIGINT NOT NULL,"
        " error TEXT NOT NULL, erp_ref TEXT NOT NULL, erp_number TEXT NOT NULL)",
        "CREATE TABLE task_lock (task_id TEXT PRIMARY KEY, device_id TEXT NOT NULL,"
        " until_ms BIGINT NOT NULL)",
    };
}

Statements of_apps() {
    return {
        "CREATE TABLE app_device (id TEXT PRIMARY KEY, install_id TEXT NOT NULL UNIQUE,"
        " model TEXT NOT NULL, os TEXT NOT NULL, app TEXT NOT NULL, version TEXT NOT NULL,"
        " key_hash TEXT NOT NULL, former_key_hash TEXT NOT NULL,"
        " former_key_until_s BIGINT NOT NULL, state BIGINT NOT NULL, enrolled_s BIGINT NOT NULL)",
        "CREATE TABLE enroll_token (hash TEXT PRIMARY KEY, made_by TEXT NOT NULL,"
        " expires_s BIGINT NOT NULL, used_by TEXT NOT NULL)",
        "CREATE TABLE session (hash TEXT PRIMARY KEY, device_id TEXT NOT NULL,"
        " user_id TEXT NOT NULL, store_id TEXT NOT NULL, created_s BIGINT NOT NULL,"
        " seen_s BIGINT NOT NULL)",
        "CREATE TABLE device_command (id TEXT PRIMARY KEY, app_device TEXT NOT NULL,"
        " device_ref TEXT NOT NULL, op TEXT NOT NULL, payload TEXT NOT NULL,"
        " sha256 TEXT NOT NULL, start_before_ms BIGINT NOT NULL, stage BIGINT NOT NULL,"
        " result TEXT NOT NULL, error TEXT NOT NULL, told BIGINT NOT NULL)",
        "CREATE INDEX device_command_untold ON device_command (app_device, sha256)"
        " WHERE told = 0",
        "CREATE INDEX device_command_open ON device_command (stage) WHERE stage IN (1, 2, 5)",
        "CREATE TABLE device_seq (device_id TEXT PRIMARY KEY, last_seq BIGINT NOT NULL)",
        "CREATE TABLE seq_gap (device_id TEXT NOT NULL, from_seq BIGINT NOT NULL,"
        " to_seq BIGINT NOT NULL, found_ms BIGINT NOT NULL, PRIMARY KEY (device_id, from_seq))",
    };
}

Statements of_documents() {
    return {
        "CREATE TABLE document (doc_id TEXT PRIMARY KEY, place BIGINT NOT NULL UNIQUE,"
        " device_id TEXT NOT NULL, device_seq BIGINT NOT NULL, kind TEXT NOT NULL,"
        " schema_version BIGINT NOT NULL, user_id TEXT NOT NULL, created_ms BIGINT NOT NULL,"
        " received_ms BIGINT NOT NULL, sha256 TEXT NOT NULL, body TEXT NOT NULL,"
        " state BIGINT NOT NULL, waiting BIGINT NOT NULL, due_ms BIGINT NOT NULL,"
        " message_no BIGINT NOT NULL, error TEXT NOT NULL, erp_ref TEXT NOT NULL,"
        " erp_number TEXT NOT NULL, supersedes TEXT NOT NULL, UNIQUE (device_id, device_seq))",
        "CREATE INDEX document_waiting ON document (place) WHERE waiting = 1",
        "CREATE INDEX document_message ON document (message_no) WHERE message_no > 0",
        "CREATE TABLE document_quarantine (doc_id TEXT NOT NULL, sha256 TEXT NOT NULL,"
        " device_id TEXT NOT NULL, device_seq BIGINT NOT NULL, body TEXT NOT NULL,"
        " reason TEXT NOT NULL, at_ms BIGINT NOT NULL, resolved_by TEXT NOT NULL,"
        " PRIMARY KEY (doc_id, sha256))",
        "CREATE INDEX document_quarantine_device ON document_quarantine (device_id)",
    };
}

Statements of_messages() {
    return {
        "CREATE TABLE out_message (no BIGINT PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
        " sha256 TEXT NOT NULL, bytes BIGINT NOT NULL, part_size BIGINT NOT NULL,"
        " part_count BIGINT NOT NULL, documents BIGINT NOT NULL, created_ms BIGINT NOT NULL,"
        " acked_ms BIGINT NOT NULL)",
        "CREATE TABLE in_message (id TEXT PRIMARY KEY, state BIGINT NOT NULL, no BIGINT NOT NULL,"
        " ack_no BIGINT NOT NULL, sha256 TEXT NOT NULL, part_count BIGINT NOT NULL,"
        " is_full BIGINT NOT NULL, job BIGINT NOT NULL, at_ms BIGINT NOT NULL)",
        "CREATE TABLE in_part (message_id TEXT NOT NULL, part_no BIGINT NOT NULL,"
        " sha256 TEXT NOT NULL, bytes BIGINT NOT NULL, PRIMARY KEY (message_id, part_no))",
        "CREATE TABLE job (number BIGINT PRIMARY KEY, kind TEXT NOT NULL,"
        " message_id TEXT NOT NULL, state BIGINT NOT NULL, started_ms BIGINT NOT NULL,"
        " ended_ms BIGINT NOT NULL, result TEXT NOT NULL)",
    };
}

Statements of_the_audit() {
    return {
        "CREATE TABLE audit (number BIGINT PRIMARY KEY, text TEXT NOT NULL,"
        " hash TEXT NOT NULL)"};
}

/// What is kept of documents that are over, and what their removal needs.
Statements of_maintenance() {
    return {
        "CREATE TABLE document_known (doc_id TEXT PRIMARY KEY, device_id TEXT NOT NULL,"
        " device_seq BIGINT NOT NULL, sha256 TEXT NOT NULL, received_ms BIGINT NOT NULL,"
        " state BIGINT NOT NULL, error TEXT NOT NULL, erp_number TEXT NOT NULL,"
        " UNIQUE (device_id, device_seq))",
        "CREATE INDEX document_rejected ON document (state) WHERE state = 4",
        "CREATE INDEX object_deleted ON object (seq) WHERE deleted = 1",
        "CREATE INDEX device_command_told ON device_command (start_before_ms) WHERE told = 1",
        "CREATE TABLE visible_at (seq BIGINT PRIMARY KEY, at_ms BIGINT NOT NULL)",
        "ALTER TABLE in_message ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0",
        "UPDATE in_message SET bytes = (SELECT coalesce(sum(in_part.bytes), 0) FROM in_part"
        " WHERE in_part.message_id = in_message.id)",
    };
}

/// Who made an object, what was replaced, digests of secrets, and which limits documents broke.
Statements of_people() {
    Statements all = {
        "ALTER TABLE object ADD COLUMN origin BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE user_secret ADD COLUMN pin_tries BIGINT NOT NULL DEFAULT 0",
        "CREATE TABLE replaced (number BIGINT PRIMARY KEY, at_ms BIGINT NOT NULL,"
        " kind TEXT NOT NULL, id TEXT NOT NULL, here TEXT NOT NULL, came TEXT NOT NULL)",
        "ALTER TABLE document ADD COLUMN flags TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX document_flagged ON document (place) WHERE flags <> ''",
    };
    for (const std::string table : {"user_secret", "staged_secret"}) {
        for (const std::string column : {"password_digest", "pin_digest", "badge_digest"}) {
            all.push_back("ALTER TABLE " + table + " ADD COLUMN " + column +
                          " TEXT NOT NULL DEFAULT ''");
        }
    }
    return all;
}

Statements of_apps_for_administrators() {
    const auto with = [](const char* table, const char* column) {
        return fmt::format("ALTER TABLE {} ADD COLUMN {}", table, column);
    };
    constexpr auto kNoText = "TEXT NOT NULL DEFAULT ''";
    Statements statements;
    for (const char* name : {"name", "store_id", "role_id"}) {
        for (const char* table : {"app_device", "enroll_token"}) {
            statements.push_back(with(table, fmt::format("{} {}", name, kNoText).c_str()));
        }
    }
    append(statements,
           {with("app_device", "kind BIGINT NOT NULL DEFAULT 1"),
            with("app_device", "packet_bytes BIGINT NOT NULL DEFAULT 0"),
            with("app_device", "rescue_until_s BIGINT NOT NULL DEFAULT 0"),
            with("enroll_token", "kind BIGINT NOT NULL DEFAULT 0"),
            with("session", "lease_id TEXT NOT NULL DEFAULT ''"),
            with("document_quarantine", "kind TEXT NOT NULL DEFAULT ''"),
            with("document_quarantine", "rescued BIGINT NOT NULL DEFAULT 0"),
            "CREATE INDEX document_quarantine_waiting ON document_quarantine (doc_id, sha256)"
            " WHERE resolved_by = ''",
            "CREATE TABLE task_unlocked (doc_id TEXT PRIMARY KEY, task_id TEXT NOT NULL,"
            " holder_id TEXT NOT NULL)",
            "CREATE TABLE app_command (number BIGINT PRIMARY KEY, device_id TEXT NOT NULL,"
            " kind BIGINT NOT NULL, text TEXT NOT NULL, made_by TEXT NOT NULL,"
            " made_s BIGINT NOT NULL)",
            "CREATE TABLE app_sight (device_id TEXT PRIMARY KEY, last_try_ms BIGINT NOT NULL,"
            " last_ok_ms BIGINT NOT NULL, address TEXT NOT NULL, heartbeat TEXT NOT NULL,"
            " heartbeat_ms BIGINT NOT NULL, skew_ms BIGINT NOT NULL, position TEXT NOT NULL)"});
    return statements;
}

Statements of_the_console() {
    return {"CREATE TABLE device_choice (device_ref TEXT PRIMARY KEY, visible BIGINT NOT NULL)"};
}

/// What the accounting system was refused, and those that were it before.
Statements of_the_node() {
    return {
        "CREATE TABLE node_refusal (code TEXT PRIMARY KEY, message TEXT NOT NULL,"
        " at_ms BIGINT NOT NULL)",
        "CREATE TABLE node_former (code TEXT PRIMARY KEY, until_ms BIGINT NOT NULL)"};
}

/// The book that a command was handed to, and who settled what no device could.
Statements of_handed_commands() {
    return {"ALTER TABLE device_command ADD COLUMN book BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE device_command ADD COLUMN decided_by TEXT NOT NULL DEFAULT ''",
            "DROP INDEX device_command_open",
            "CREATE INDEX device_command_open ON device_command (stage)"
            " WHERE stage IN (1, 2, 5, 6)"};
}

Statements of_web_tills() {
    return {
        "CREATE TABLE web_token (name TEXT PRIMARY KEY, origin TEXT NOT NULL,"
        " role TEXT NOT NULL, devices TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,"
        " made_ms BIGINT NOT NULL)"};
}

/// Default devices of users, apps and stores, which rule chose a command's device, and whether a
/// person is asked for its result.
Statements of_default_devices() {
    return {
        "CREATE TABLE default_device (rule BIGINT NOT NULL, of_id TEXT NOT NULL,"
        " kind BIGINT NOT NULL, device_ref TEXT NOT NULL, PRIMARY KEY (rule, of_id, kind))",
        "ALTER TABLE device_command ADD COLUMN default_rule BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE device_command ADD COLUMN asks_person BIGINT NOT NULL DEFAULT 0"};
}

/// What a person decided is owed to devd, which may say otherwise.
Statements of_decided_commands() {
    return {"ALTER TABLE device_command ADD COLUMN owed BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE device_command ADD COLUMN device_says TEXT NOT NULL DEFAULT ''",
            "UPDATE device_command SET owed = 1 WHERE decided_by <> ''",
            "CREATE INDEX device_command_owed ON device_command (id) WHERE owed = 1",
            "CREATE INDEX device_command_contradicted ON device_command (id)"
            " WHERE device_says <> ''"};
}

}  // namespace

std::vector<std::vector<std::string>> table_steps() {
    Statements first = of_the_server();
    append(first, of_objects());
    append(first, of_apps());
    append(first, of_documents());
    append(first, of_messages());
    Statements second = of_the_audit();
    append(second, of_maintenance());
    append(second, of_people());
    append(second, of_apps_for_administrators());
    append(second, of_handed_commands());
    append(second, of_web_tills());
    append(second, of_the_node());
    append(second, of_the_console());
    Statements third = of_default_devices();
    return {first, second, third, of_decided_commands()};
}

base::Done put_first_values(database::Database& database, std::int64_t now_ms) {
    TRY(database.begin());
    for (const char* name : {"server_id", "epoch"}) {
        TRY(database.run("INSERT INTO meta VALUES (:a, :b) ON CONFLICT (name) DO NOTHING",
                         {std::string(name), new_uuid()}));
    }
    TRY(database.run("INSERT INTO meta VALUES (:a, :b) ON CONFLICT (name) DO NOTHING",
                     {std::string("created_ms"), std::to_string(now_ms)}));
    for (const char* name : {"place", "visible", "job", "floor", "purge_place", "purge_seq"}) {
        TRY(database.run("INSERT INTO counter VALUES (:a, 0) ON CONFLICT (name) DO NOTHING",
                         {std::string(name)}));
    }
    TRY(
        database.run("INSERT INTO node VALUES (1, '', 0, 0, 0, '', '', '', 0, 0)"
                     " ON CONFLICT (id) DO NOTHING"));
    return database.commit();
}

}  // namespace tillhost::sumpd::store
