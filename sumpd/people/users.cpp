#include <algorithm>

#include "sumpd/exchange/json_codec.h"
#include "sumpd/people/edit.h"
#include "sumpd/people/reading.h"
#include "sumpd/store/new_uuid.h"

namespace tillhost::sumpd::people {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;
using exchange::refuse_field;
using store::Sql;

namespace {

UserCard card_from(const UserRow& row, Keeper keeper) {
    const bool is_here = row.origin == store::Origin::here;
    return {.id = row.id,
            .name = row.user.name,
            .login = row.user.login,
            .role_id = row.user.role_id,
            .stores = row.user.stores,
            .enabled = row.user.enabled,
            .valid_to = row.user.valid_to,
            .has_password = !row.secrets.password_hash.empty(),
            .has_pin = !row.secrets.pin_hash.empty(),
            .has_badge = !row.secrets.badge_digest.empty(),
            .pin_locked = row.pin_tries >= kPinTriesMax,
            .origin = is_here ? Origin::here : Origin::accounting,
            .will_be_replaced = is_here && keeper == Keeper::accounting,
            .version = row.seq};
}

bool is_set(const std::optional<exchange::Secret>& secret) {
    return secret && !secret->text.empty();
}

/// In the words of the audit: what was changed, and to what unless it is secret.
std::string told(const UserRow& row, const UserEdit* edit) {
    exchange::Object object = object_of(row);
    auto& user = std::get<exchange::User>(*object.body);
    const auto mark = [](std::optional<exchange::Secret>& to,
                         const std::optional<exchange::Secret>& given) {
        if (given) {
            to = exchange::Secret{given->text.empty() ? "removed" : "changed"};
        }
    };
    if (edit != nullptr) {
        mark(user.password, edit->password);
        mark(user.pin, edit->pin);
        mark(user.badge, edit->badge);
    }
    return exchange::to_json(object);
}

Outcome<Empty> check_user(const std::vector<UserRow>& all, Sql& sql, const UserEdit& edit,
                          const UserRow& made) {
    auto right = check_bounds(object_of(made));
    if (!right) {
        return right;
    }
    for (const UserRow& other : all) {
        if (other.id == made.id) {
            continue;
        }
        if (login_key(other.user.login) == login_key(made.user.login)) {
            return refuse_field("login",
                                "one that nobody else has; " + other.user.name + " has it");
        }
    }
    if (visible_roles(sql, edit.role_id).empty()) {
        return refuse_field("roleId", "a role that there is");
    }
    return Empty{};
}

Outcome<Empty> check_badge(const std::vector<UserRow>& all, const UserRow& made,
                           const store::UserSecrets& secrets) {
    for (const UserRow& other : all) {
        if (other.id != made.id && !secrets.badge_digest.empty() &&
            other.secrets.badge_digest == secrets.badge_digest) {
            return refuse_field("badge",
                                "a card that nobody else has; " + other.user.name + " has it");
        }
    }
    return Empty{};
}

/// What is taken away; what is new was staged with the user.
void remove_secrets(Sql& sql, const std::string& user_id, const UserEdit& edit) {
    const auto is_removed = [](const std::optional<exchange::Secret>& secret) {
        return secret && secret->text.empty();
    };
    if (is_removed(edit.password)) {
        sql.run(
            "UPDATE user_secret SET password_hash = '', password_digest = ''"
            " WHERE user_id = :a",
            {user_id});
    }
    if (is_removed(edit.pin)) {
        sql.run(
            "UPDATE user_secret SET pin_hash = '', pin_digest = '', pin_tries = 0"
            " WHERE user_id = :a",
            {user_id});
    }
    if (is_removed(edit.badge)) {
        sql.run("UPDATE user_secret SET badge_digest = '' WHERE user_id = :a", {user_id});
    }
}

UserRow edited(UserRow row, const UserEdit& edit) {
    row.origin = store::Origin::here;
    row.user = {.name = edit.name,
                .login = edit.login,
                .role_id = edit.role_id,
                .enabled = edit.enabled,
                .stores = edit.stores,
                .valid_to = edit.valid_to};
    return row;
}

/// Fields in the names of the form.
exchange::Fault small_field(exchange::Fault fault) {
    if (fault.field && !fault.field->empty() && fault.field->front() < 'a') {
        fault.field->front() = static_cast<char>(fault.field->front() - 'A' + 'a');
        fault.message.front() = fault.field->front();
    }
    return fault;
}

}  // namespace

Outcome<std::vector<UserCard>> People::users() {
    using Cards = std::vector<UserCard>;
    return store_.transactions().read<Cards>([](Sql& sql) -> Outcome<Cards> {
        const Keeper keeper = keeper_in(sql);
        Cards cards;
        for (const UserRow& row : visible_users(sql)) {
            cards.push_back(card_from(row, keeper));
        }
        std::sort(cards.begin(), cards.end(), [](const UserCard& one, const UserCard& other) {
            return std::tie(one.name, one.id) < std::tie(other.name, other.id);
        });
        return cards;
    });
}

Outcome<UserCard> People::user(const std::string& id) {
    return store_.transactions().read<UserCard>([&](Sql& sql) -> Outcome<UserCard> {
        const auto rows = visible_users(sql, id);
        if (id.empty() || rows.empty()) {
            return refuse(FaultCode::not_found, "there is no such user");
        }
        return card_from(rows.front(), keeper_in(sql));
    });
}

Outcome<UserCard> People::put_user(const Editor& editor, const UserEdit& given) {
    UserEdit edit = given;
    if (edit.id.empty()) {
        edit.id = store::new_uuid();
    }
    if (is_set(edit.password) && edit.password->text.size() < kPasswordBytesMin) {
        return refuse_field("password", "8 bytes at least");
    }
    // Hashed outside of the transaction: 20 ms in which nobody else waits.
    exchange::User user;
    user.password = is_set(edit.password) ? edit.password : std::nullopt;
    user.pin = is_set(edit.pin) ? edit.pin : std::nullopt;
    user.badge = is_set(edit.badge) ? edit.badge : std::nullopt;
    store::KeptDigests none;
    const auto secrets = secrets_.take(edit.id, user, none);
    if (!secrets) {
        return tl::unexpected(small_field(secrets.error()));
    }
    return this->edit<UserCard>([&](Sql& sql, std::int64_t& next) -> Outcome<UserCard> {
        if (!given.id.empty() && visible_users(sql, given.id).empty()) {
            return refuse(FaultCode::not_found, "there is no such user");
        }
        return write_user(sql, next, editor, edit, *secrets);
    });
}

Outcome<UserCard> People::write_user(Sql& sql, std::int64_t& next, const Editor& editor,
                                     const UserEdit& edit, const store::UserSecrets& secrets) {
    const auto all = visible_users(sql);
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const UserRow& row) { return row.id == edit.id; });
    const bool is_new = found == all.end();
    UserRow row = edited(is_new ? UserRow{.id = edit.id} : *found, edit);
    auto right = check_version(edit.version, row.seq);
    right = right ? check_user(all, sql, edit, row) : right;
    right = right ? check_badge(all, row, secrets) : right;
    if (!right) {
        return tl::unexpected(right.error());
    }
    if (is_new && all.size() >= kUsersMax) {
        return refuse(FaultCode::too_large, "there are as many users as there can be");
    }
    store::StagedObject object = store::staged_from(object_of(row), store::Origin::here);
    object.secrets = secrets;
    object.is_renewed = true;  // also where only a secret is another
    row.seq = next;
    store::stage(sql, 0, {object}, next);
    store::make_visible(sql, next);  // the secrets are in their place
    remove_secrets(sql, row.id, edit);
    note(sql, editor, is_new ? "user.add" : "user.change", row.id,
         is_new ? "" : told(*found, nullptr), told(row, &edit));
    return card_from(visible_users(sql, row.id).front(), keeper_in(sql));
}

Outcome<Empty> People::delete_user(const Editor& editor, const std::string& id) {
    return edit<Empty>([&](Sql& sql, std::int64_t& next) -> Outcome<Empty> {
        const auto rows = visible_users(sql, id);
        if (id.empty() || rows.empty()) {
            return refuse(FaultCode::not_found, "there is no such user");
        }
        for (const UserRow& row : rows) {
            store::stage(sql, 0, {store::tombstone("User", row.id, row.scope, store::Origin::here)},
                         next);
        }
        note(sql, editor, "user.delete", id, told(rows.front(), nullptr), "");
        return Empty{};
    });
}

}  // namespace tillhost::sumpd::people
