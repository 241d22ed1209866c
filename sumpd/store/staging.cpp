#include "sumpd/store/staging.h"

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::store {
namespace {

/// The newest version of an object, seen or staged.
struct Version {
    std::int64_t seq = 0;
    bool deleted = false;
    std::string hash{};
    Origin origin = Origin::accounting;
};

std::optional<Version> version_from(const std::optional<Row>& row) {
    return row ? std::optional(Version{integer((*row)[0]), integer((*row)[1]) != 0, text((*row)[2]),
                                       static_cast<Origin>(integer((*row)[3]))})
               : std::nullopt;
}

std::optional<Version> newest_of(Sql& sql, const StagedObject& one) {
    return version_from(
        sql.first("SELECT seq, deleted, hash, origin FROM object"
                  " WHERE kind = :a AND id = :b AND scope = :c AND superseded_by = 0",
                  "iiti", {one.kind, one.id, one.scope}));
}

void mark_seen(Sql& sql, std::int64_t job, std::int64_t seq) {
    sql.run("UPDATE object SET seen_in = :a WHERE seq = :b", {job, seq});
}

void insert(Sql& sql, std::int64_t job, const StagedObject& one, std::int64_t seq) {
    sql.run(
        "INSERT INTO object (kind, id, scope, seq, superseded_by, deleted, seen_in, hash, body,"
        " origin) VALUES (:a, :b, :c, :d, 0, :e, :f, :g, :h, :i)",
        {one.kind, one.id, one.scope, seq, std::int64_t{one.deleted}, job, one.hash, one.body,
         static_cast<std::int64_t>(one.origin)});
}

/// A version beside what can be seen now, or nothing where that is the same.
bool stage_beside(Sql& sql, std::int64_t job, const StagedObject& one,
                  const std::optional<Version>& seen, std::int64_t& next) {
    const bool is_same = seen && seen->hash == one.hash && seen->origin == one.origin &&
                         !one.is_renewed && !one.secrets.any();
    if (is_same || (seen && seen->deleted && one.deleted)) {
        mark_seen(sql, job, seen->seq);
        return false;
    }
    if (!seen && one.deleted) {
        return false;
    }
    insert(sql, job, one, next);
    if (seen) {
        sql.run("UPDATE object SET superseded_by = :a WHERE seq = :b", {next, seen->seq});
    }
    ++next;
    return true;
}

/// The message names the object a second time: as if its first version had never come.
std::optional<Version> take_away(Sql& sql, std::int64_t staged_seq) {
    const auto seen =
        version_from(sql.first("SELECT seq, deleted, hash, origin FROM object"
                               " WHERE superseded_by > 0 AND superseded_by = :a",
                               "iiti", {staged_seq}));
    sql.run("DELETE FROM object WHERE seq = :a", {staged_seq});
    sql.run("UPDATE object SET superseded_by = 0 WHERE superseded_by > 0 AND superseded_by = :a",
            {staged_seq});
    return seen;
}

/// "x = CASE …": the new value, or the former one where there is no new one.
std::string kept_or_new(const std::string& table, const std::string& column,
                        const std::string& told_by) {
    return column + " = CASE WHEN excluded." + told_by + " = '' THEN " + table + "." + column +
           " ELSE excluded." + column + " END";
}

std::string merged_secrets(const std::string& table) {
    return " ON CONFLICT (user_id) DO UPDATE SET " +
           kept_or_new(table, "password_hash", "password_hash") + ", " +
           kept_or_new(table, "password_digest", "password_hash") + ", " +
           kept_or_new(table, "pin_hash", "pin_hash") + ", " +
           kept_or_new(table, "pin_digest", "pin_hash") + ", " +
           kept_or_new(table, "badge_digest", "badge_digest");
}

void stage_secrets(Sql& sql, const StagedObject& one) {
    if (!one.secrets.any()) {
        return;
    }
    static const std::string kInsert =
        "INSERT INTO staged_secret (user_id, password_hash, pin_hash, password_digest, pin_digest,"
        " badge_digest) VALUES (:a, :b, :c, :d, :e, :f)" +
        merged_secrets("staged_secret");
    sql.run(kInsert,
            {one.id, one.secrets.password_hash, one.secrets.pin_hash, one.secrets.password_digest,
             one.secrets.pin_digest, one.secrets.badge_digest});
}

}  // namespace

StagedObject staged_from(const exchange::Object& object, Origin origin) {
    StagedObject staged{.kind = object.kind,
                        .id = object.id,
                        .scope = object.scope.value_or(""),
                        .deleted = object.deleted,
                        .body = exchange::to_json(object),
                        .origin = origin};
    staged.hash = os::sha256_hex(base::bytes_of(staged.body));
    return staged;
}

StagedObject tombstone(const std::string& kind, const std::string& id, const std::string& scope,
                       Origin origin) {
    exchange::Object object{.kind = kind, .id = id, .deleted = true};
    if (!scope.empty()) {
        object.scope = scope;
    }
    return staged_from(object, origin);
}

bool is_importing(Sql& sql) {
    return sql.number("SELECT count(*) FROM in_message WHERE state = 2") != 0;
}

std::int64_t visible_seq(Sql& sql) {
    return sql.number("SELECT number FROM counter WHERE name = 'visible'");
}

void unstage(Sql& sql) {
    const std::int64_t visible = visible_seq(sql);
    sql.run("DELETE FROM object WHERE seq > :a", {visible});
    sql.run("UPDATE object SET superseded_by = 0 WHERE superseded_by > 0 AND superseded_by > :a",
            {visible});
    sql.run("DELETE FROM staged_secret");
    sql.run("DELETE FROM staged_verdict");
}

StageCounts stage(Sql& sql, std::int64_t job, const std::vector<StagedObject>& objects,
                  std::int64_t& next) {
    const std::int64_t visible = visible_seq(sql);
    StageCounts counts;
    for (const StagedObject& one : objects) {
        auto newest = newest_of(sql, one);
        if (newest && newest->seq > visible) {
            newest = take_away(sql, newest->seq);
            --counts.applied;
        }
        const bool is_new = stage_beside(sql, job, one, newest, next);
        (is_new ? counts.applied : counts.skipped) += 1;
        stage_secrets(sql, one);
    }
    return counts;
}

void keep_named(Sql& sql, std::int64_t job, const std::string& kind, const std::string& id) {
    sql.run("UPDATE object SET seen_in = :a WHERE kind = :b AND id = :c AND superseded_by = 0",
            {job, kind, id});
}

AbsentCounts stage_absent(Sql& sql, std::int64_t job, const ObjectRules* rules,
                          std::int64_t& behind, std::int64_t limit, std::int64_t& next) {
    const auto rows = sql.query(
        "SELECT seq, kind, id, scope, origin FROM object WHERE seq > :a AND seq <= :b"
        " AND superseded_by = 0 AND deleted = 0 AND seen_in <> :c ORDER BY seq LIMIT :d",
        "ittti", {behind, visible_seq(sql), job, limit});
    AbsentCounts counts{.looked_at = static_cast<std::int64_t>(rows.size())};
    for (const Row& row : rows) {
        behind = integer(row[0]);
        if (rules != nullptr &&
            rules->spares(text(row[1]), text(row[2]), static_cast<Origin>(integer(row[4])))) {
            continue;
        }
        insert(sql, job, tombstone(text(row[1]), text(row[2]), text(row[3]), Origin::accounting),
               next);
        sql.run("UPDATE object SET superseded_by = :a WHERE seq = :b", {next, behind});
        ++next;
        ++counts.deleted;
    }
    return counts;
}

void make_visible(Sql& sql, std::int64_t next) {
    static const std::string kMove =
        "INSERT INTO user_secret (user_id, password_hash, pin_hash, password_digest, pin_digest,"
        " badge_digest) SELECT user_id, password_hash, pin_hash, password_digest, pin_digest,"
        " badge_digest FROM staged_secret WHERE 1 = 1" +
        merged_secrets("user_secret") +
        // A new PIN has no wrong tries.
        ", pin_tries = CASE WHEN excluded.pin_hash = '' THEN user_secret.pin_tries ELSE 0 END";
    sql.run(kMove);
    sql.run("DELETE FROM staged_secret");
    sql.run(
        // One who was moved to another scope is deleted in the former one only.
        "DELETE FROM user_secret WHERE user_id IN (SELECT id FROM object WHERE kind = 'User'"
        " AND deleted = 1 AND superseded_by = 0) AND user_id NOT IN (SELECT id FROM object"
        " WHERE kind = 'User' AND deleted = 0 AND superseded_by = 0)");
    sql.run("UPDATE counter SET number = :a WHERE name = 'visible'", {next - 1});
}

bool tidy(Sql& sql, std::int64_t limit) {
    const auto rows =
        sql.query("SELECT seq FROM object WHERE superseded_by > 0 AND superseded_by <= :a LIMIT :b",
                  "i", {visible_seq(sql), limit});
    for (const Row& row : rows) {
        sql.run("DELETE FROM object WHERE seq = :a", {integer(row[0])});
    }
    return static_cast<std::int64_t>(rows.size()) == limit;
}

}  // namespace tillhost::sumpd::store
