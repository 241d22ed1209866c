#include "sumpd/people/reading.h"

#include <algorithm>

#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::people {

using store::integer;
using store::Row;
using store::Sql;
using store::text;

namespace {

/// Nothing if the body is none that can be read: it was checked when it came.
template <class Body>
std::optional<Body> body_of(const std::string& json) {
    auto object = exchange::from_json<exchange::Object>(json);
    if (!object || !object->body || !std::holds_alternative<Body>(*object->body)) {
        return std::nullopt;
    }
    return std::get<Body>(std::move(*object->body));
}

constexpr const char* kUsers =
    "SELECT o.id, o.scope, o.seq, o.origin, o.body, COALESCE(s.password_hash, ''),"
    " COALESCE(s.pin_hash, ''), COALESCE(s.pin_digest, ''), COALESCE(s.badge_digest, ''),"
    " COALESCE(s.pin_tries, 0) FROM object o LEFT JOIN user_secret s ON s.user_id = o.id"
    " WHERE o.kind = 'User' AND (:a = '' OR o.id = :b) AND o.deleted = 0 AND o.seq <= :c"
    " AND (o.superseded_by = 0 OR o.superseded_by > :d) ORDER BY o.id, o.scope";
constexpr const char* kRoles =
    "SELECT id, scope, seq, origin, body FROM object WHERE kind = 'Role'"
    " AND (:a = '' OR id = :b) AND deleted = 0 AND seq <= :c"
    " AND (superseded_by = 0 OR superseded_by > :d) ORDER BY id, scope";

template <class Body>
exchange::Object object_from(const std::string& kind, const std::string& id,
                             const std::string& scope, Body body) {
    exchange::Object object{.kind = kind, .id = id};
    if (!scope.empty()) {
        object.scope = scope;
    }
    object.body = std::move(body);
    return object;
}

}  // namespace

std::vector<UserRow> visible_users(Sql& sql, const std::string& id) {
    const std::int64_t seen = store::visible_seq(sql);
    std::vector<UserRow> users;
    for (const Row& row : sql.query(kUsers, "ttiittttti", {id, id, seen, seen})) {
        auto user = body_of<exchange::User>(text(row[4]));
        if (!user) {
            continue;
        }
        UserRow& one = users.emplace_back();
        one.id = text(row[0]);
        one.scope = text(row[1]);
        one.seq = integer(row[2]);
        one.origin = static_cast<store::Origin>(integer(row[3]));
        one.user = std::move(*user);
        one.secrets.password_hash = text(row[5]);
        one.secrets.pin_hash = text(row[6]);
        one.secrets.pin_digest = text(row[7]);
        one.secrets.badge_digest = text(row[8]);
        one.pin_tries = integer(row[9]);
    }
    return users;
}

std::vector<RoleRow> visible_roles(Sql& sql, const std::string& id) {
    const std::int64_t seen = store::visible_seq(sql);
    std::vector<RoleRow> roles;
    for (const Row& row : sql.query(kRoles, "ttiit", {id, id, seen, seen})) {
        if (auto role = body_of<exchange::Role>(text(row[4]))) {
            roles.push_back({.id = text(row[0]),
                             .scope = text(row[1]),
                             .seq = integer(row[2]),
                             .origin = static_cast<store::Origin>(integer(row[3])),
                             .role = std::move(*role)});
        }
    }
    return roles;
}

std::string login_key(std::string login) {
    std::transform(login.begin(), login.end(), login.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return login;
}

exchange::Object object_of(const UserRow& row) {
    return object_from("User", row.id, row.scope, row.user);
}

exchange::Object object_of(const RoleRow& row) {
    return object_from("Role", row.id, row.scope, row.role);
}

Keeper keeper_in(Sql& sql) {
    return keeper_from(sql.text("SELECT value FROM setting WHERE name = 'users.keeper'"
                                " AND scope = ''"))
        .value_or(Keeper::accounting);
}

std::vector<exchange::Permission> permissions_in(Sql& sql, const std::string& role_id,
                                                 const std::string& store_id) {
    std::vector<exchange::Permission> found = none_allowed();
    for (const RoleRow& row : visible_roles(sql, role_id)) {  // the one for all comes first
        if (row.scope.empty() || row.scope == store_id) {
            found = effective(row.id, row.role.permissions);
        }
    }
    return found;
}

}  // namespace tillhost::sumpd::people
