#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sumpd/exchange/objects.h"
#include "sumpd/people/people.h"
#include "sumpd/store/sql.h"
#include "sumpd/store/staging.h"

// Users and roles as they can be seen now, in a transaction.
namespace tillhost::sumpd::people {

struct UserRow {
    std::string id{};
    std::string scope{};
    std::int64_t seq = 0;
    store::Origin origin = store::Origin::accounting;
    exchange::User user{};
    store::UserSecrets secrets{};
    std::int64_t pin_tries = 0;
};
struct RoleRow {
    std::string id{};
    std::string scope{};
    std::int64_t seq = 0;
    store::Origin origin = store::Origin::accounting;
    exchange::Role role{};
};

/// All of them, or those of that id (one for each scope).
std::vector<UserRow> visible_users(store::Sql& sql, const std::string& id = "");
std::vector<RoleRow> visible_roles(store::Sql& sql, const std::string& id = "");

/// A text without regard to the case of ASCII letters: how logins are compared.
std::string login_key(std::string login);

/// An object as a message would bring it.
exchange::Object object_of(const UserRow& row);
exchange::Object object_of(const RoleRow& row);

/// The setting that says who keeps users; `accounting` where nothing was set.
Keeper keeper_in(store::Sql& sql);

/// What a role may in that store: the row for the store goes before the one for all.
std::vector<exchange::Permission> permissions_in(store::Sql& sql, const std::string& role_id,
                                                 const std::string& store_id);

}  // namespace tillhost::sumpd::people
