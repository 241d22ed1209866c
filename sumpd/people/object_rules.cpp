#include "sumpd/people/object_rules.h"

#include <map>

#include "sumpd/exchange/json_codec.h"
#include "sumpd/people/reading.h"
#include "sumpd/store/staging.h"

namespace tillhost::sumpd::people {

using exchange::FaultCode;
using store::integer;
using store::Row;
using store::Sql;
using store::text;

namespace {

constexpr std::int64_t kNoJob = 0;

bool is_people(const std::string& kind) { return kind == "User" || kind == "Role"; }

/// A user of a message whose login somebody has who was made here.
struct SameLogin {
    UserRow here{};
    std::string came_id{};
    std::string came{};  ///< JSON
};

/// Logins of the users that the message brings.
std::map<std::string, std::pair<std::string, std::string>> staged_logins(Sql& sql) {
    std::map<std::string, std::pair<std::string, std::string>> logins;
    for (const Row& row :
         sql.query("SELECT id, body FROM object WHERE seq > :a AND kind = 'User' AND deleted = 0"
                   " AND origin = 0",
                   "tt", {store::visible_seq(sql)})) {
        const auto object = exchange::from_json<exchange::Object>(text(row[1]));
        const auto* const user =
            object && object->body ? std::get_if<exchange::User>(&*object->body) : nullptr;
        if (user != nullptr) {
            logins[login_key(user->login)] = {text(row[0]), text(row[1])};
        }
    }
    return logins;
}

std::vector<SameLogin> same_logins(Sql& sql) {
    const auto logins = staged_logins(sql);
    std::vector<SameLogin> same;
    if (logins.empty()) {
        return same;
    }
    for (UserRow& row : visible_users(sql)) {
        const auto found = logins.find(login_key(row.user.login));
        const bool is_other =
            row.origin == Origin::here && found != logins.end() && found->second.first != row.id;
        // One that the message itself names is settled by that.
        if (is_other &&
            sql.number("SELECT superseded_by FROM object WHERE seq = :a", {row.seq}) == 0) {
            same.push_back({std::move(row), found->second.first, found->second.second});
        }
    }
    return same;
}

/// Whoever had the login keeps the password. A PIN cannot go along: its pepper has the user's id.
void hand_over_password(Sql& sql, const std::string& from, const std::string& to) {
    sql.run(
        "INSERT INTO user_secret (user_id, password_hash, pin_hash, badge_digest)"
        " SELECT CAST(:a AS TEXT), password_hash, '', badge_digest FROM user_secret"
        " WHERE user_id = :b ON CONFLICT (user_id) DO NOTHING",
        {to, from});
}

void note_replaced(Sql& sql, std::int64_t now_ms, const std::string& kind, const std::string& id,
                   const std::string& here, const std::string& came) {
    const std::int64_t number = sql.number("SELECT COALESCE(MAX(number), 0) FROM replaced") + 1;
    sql.run("INSERT INTO replaced VALUES (:a, :b, :c, :d, :e, :f)",
            {number, now_ms, kind, id, here, came});
    sql.run("DELETE FROM replaced WHERE number <= :a", {number - kReplacedKept});
}

/// Versions made here that the message puts others in the place of.
void note_all_replaced(Sql& sql, std::int64_t now_ms) {
    for (const Row& row :
         sql.query("SELECT here.kind, here.id, here.body, came.body, came.deleted"
                   " FROM object here JOIN object came ON came.seq = here.superseded_by"
                   " WHERE here.superseded_by > 0 AND here.superseded_by > :a"
                   " AND here.origin = 1 AND here.deleted = 0 AND here.body <> came.body",
                   "tttti", {store::visible_seq(sql)})) {
        note_replaced(sql, now_ms, text(row[0]), text(row[1]), text(row[2]),
                      integer(row[4]) != 0 ? "" : text(row[3]));
    }
}

RoleRow new_predefined(const PredefinedRow& one) {
    return {.id = std::string(one.id),
            .origin = Origin::here,
            .role = {.name = std::string(one.name.en), .permissions = effective(one.id, {})}};
}

}  // namespace

void PeopleRules::complete(Sql& sql, std::int64_t& next) {
    std::vector<store::StagedObject> objects;
    for (const PredefinedRow& one : predefined_roles()) {
        auto rows = visible_roles(sql, std::string(one.id));
        if (rows.empty()) {
            rows.push_back(new_predefined(one));
        }
        for (RoleRow& row : rows) {
            if (row.origin == Origin::here) {
                row.role.permissions = effective(row.id, row.role.permissions);
                objects.push_back(store::staged_from(object_of(row), Origin::here));
            }
        }
    }
    store::stage(sql, kNoJob, objects, next);
}

void PeopleRules::begin(Sql& sql) {
    keeper_ = keeper_in(sql);
    named_.clear();
    skipped_.clear();
}

store::ObjectRules::Verdict PeopleRules::look(exchange::Object& object) {
    if (!is_people(object.kind)) {
        return {};
    }
    named_.insert(object.kind);
    if (keeper_ == Keeper::here) {
        Verdict verdict{.skip = true};
        if (skipped_.insert(object.kind).second) {  // once, not for each of a thousand
            verdict.errors.push_back(
                {.kind = object.kind,
                 .code = FaultCode::forbidden,
                 .message = "users and roles are kept at this server; objects of the kind " +
                            object.kind + " are skipped"});
        }
        return verdict;
    }
    return object.kind == "Role" ? look_at_role(object) : Verdict{};
}

store::ObjectRules::Verdict PeopleRules::look_at_role(exchange::Object& object) {
    Verdict verdict;
    const auto tell = [&](FaultCode code, std::string message) {
        verdict.errors.push_back({object.kind, object.id, code, std::move(message)});
    };
    auto* const role = object.body ? std::get_if<exchange::Role>(&*object.body) : nullptr;
    if (role == nullptr) {
        verdict.skip = predefined_from(object.id).has_value();
        if (verdict.skip) {
            tell(FaultCode::forbidden, "a predefined role is not deleted");
        }
        return verdict;
    }
    std::vector<exchange::Permission> right;
    for (exchange::Permission& one : role->permissions) {
        const auto leaf = leaf_from(one.name);
        auto value = leaf ? value_from(*leaf, one.value)
                          : exchange::refuse_field(one.name, "there is no such permission");
        if (value) {
            right.push_back({one.name, std::move(*value)});
        } else {
            tell(FaultCode::schema_invalid, "ignored: " + value.error().message);
        }
    }
    role->permissions = std::move(right);
    return verdict;
}

bool PeopleRules::spares(const std::string& kind, const std::string& id, Origin origin) const {
    if (!is_people(kind)) {
        return false;
    }
    if (keeper_ == Keeper::here || (kind == "Role" && predefined_from(id))) {
        return true;
    }
    // A message without any of the kind comes from a system that knows nothing of it.
    return origin == Origin::here && named_.count(kind) == 0;
}

void PeopleRules::end(Sql& sql, std::int64_t job, std::int64_t now_ms, std::int64_t& next) {
    if (keeper_ == Keeper::here) {
        return;
    }
    note_all_replaced(sql, now_ms);
    for (const SameLogin& one : same_logins(sql)) {
        const auto gone = store::tombstone("User", one.here.id, one.here.scope, Origin::accounting);
        store::stage(sql, job, {gone}, next);
        hand_over_password(sql, one.here.id, one.came_id);
        note_replaced(sql, now_ms, "User", one.here.id, exchange::to_json(object_of(one.here)),
                      one.came);
    }
}

}  // namespace tillhost::sumpd::people
