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

RoleCard card_from(const RoleRow& row, const std::vector<UserRow>& users, Keeper keeper) {
    const bool is_here = row.origin == store::Origin::here;
    RoleCard card{.id = row.id,
                  .name = row.role.name,
                  .predefined = predefined_from(row.id),
                  .permissions = effective(row.id, row.role.permissions),
                  .origin = is_here ? Origin::here : Origin::accounting,
                  .will_be_replaced = is_here && keeper == Keeper::accounting,
                  .version = row.seq};
    card.users = static_cast<std::size_t>(
        std::count_if(users.begin(), users.end(),
                      [&](const UserRow& user) { return user.user.role_id == row.id; }));
    return card;
}

/// Predefined ones first, in their order.
std::size_t rank_of(const RoleCard& card) {
    return card.predefined ? static_cast<std::size_t>(*card.predefined) : kPredefinedCount;
}

/// The leaves that the edit names, over those that the role has.
Outcome<std::vector<exchange::Permission>> permissions_of(const RoleRow& row,
                                                          const RoleEdit& edit) {
    auto all = effective(row.id, row.role.permissions);
    for (const exchange::Permission& one : edit.permissions) {
        const auto leaf = leaf_from(one.name);
        if (!leaf) {
            return refuse_field(one.name, "there is no such permission");
        }
        auto value = value_from(*leaf, one.value);
        if (!value) {
            return tl::unexpected(value.error());
        }
        all[static_cast<std::size_t>(*leaf)].value = std::move(*value);
    }
    return all;
}

Outcome<Empty> check_name(const std::vector<RoleRow>& all, const RoleRow& made) {
    for (const RoleRow& other : all) {
        if (other.id != made.id && other.role.name == made.role.name) {
            return refuse_field("name", "one that no other role has");
        }
    }
    return check_bounds(object_of(made));
}

}  // namespace

std::string_view name_in(http::Language language, const RoleCard& role) {
    if (role.predefined) {
        const PredefinedRow& row = predefined_roles()[static_cast<std::size_t>(*role.predefined)];
        if (role.name == row.name.en) {
            return http::text_of(row.name, language);
        }
    }
    return role.name;
}

Outcome<std::vector<RoleCard>> People::roles() {
    using Cards = std::vector<RoleCard>;
    return store_.transactions().read<Cards>([](Sql& sql) -> Outcome<Cards> {
        const Keeper keeper = keeper_in(sql);
        const auto users = visible_users(sql);
        Cards cards;
        for (const RoleRow& row : visible_roles(sql)) {
            cards.push_back(card_from(row, users, keeper));
        }
        std::sort(cards.begin(), cards.end(), [](const RoleCard& one, const RoleCard& other) {
            return std::make_tuple(rank_of(one), one.name, one.id) <
                   std::make_tuple(rank_of(other), other.name, other.id);
        });
        return cards;
    });
}

Outcome<RoleCard> People::role(const std::string& id) {
    return store_.transactions().read<RoleCard>([&](Sql& sql) -> Outcome<RoleCard> {
        const auto rows = visible_roles(sql, id);
        if (id.empty() || rows.empty()) {
            return refuse(FaultCode::not_found, "there is no such role");
        }
        return card_from(rows.front(), visible_users(sql), keeper_in(sql));
    });
}

Outcome<RoleCard> People::put_role(const Editor& editor, const RoleEdit& given) {
    return edit<RoleCard>([&](Sql& sql, std::int64_t& next) -> Outcome<RoleCard> {
        return write_role(sql, next, editor, given);
    });
}

Outcome<RoleCard> People::write_role(Sql& sql, std::int64_t& next, const Editor& editor,
                                     const RoleEdit& edit) {
    const auto all = visible_roles(sql);
    const bool is_new = edit.id.empty();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const RoleRow& row) { return row.id == edit.id; });
    if (!is_new && found == all.end()) {
        return refuse(FaultCode::not_found, "there is no such role");
    }
    if (is_new && all.size() >= kRolesMax) {
        return refuse(FaultCode::too_large, "there are as many roles as there can be");
    }
    RoleRow row = is_new ? RoleRow{.id = store::new_uuid()} : *found;
    if (auto right = check_version(edit.version, row.seq); !right) {
        return tl::unexpected(right.error());
    }
    auto permissions = permissions_of(row, edit);
    if (!permissions) {
        return tl::unexpected(permissions.error());
    }
    row.role = {.name = edit.name, .permissions = std::move(*permissions)};
    row.origin = store::Origin::here;
    if (auto right = check_name(all, row); !right) {
        return tl::unexpected(right.error());
    }
    auto object = store::staged_from(object_of(row), store::Origin::here);
    object.is_renewed = true;
    row.seq = next;
    store::stage(sql, 0, {object}, next);
    note(sql, editor, is_new ? "role.add" : "role.change", row.id,
         is_new ? "" : exchange::to_json(object_of(*found)), exchange::to_json(object_of(row)));
    return card_from(row, visible_users(sql), keeper_in(sql));
}

Outcome<Empty> People::delete_role(const Editor& editor, const std::string& id) {
    return edit<Empty>([&](Sql& sql, std::int64_t& next) -> Outcome<Empty> {
        const auto rows = visible_roles(sql, id);
        if (id.empty() || rows.empty()) {
            return refuse(FaultCode::not_found, "there is no such role");
        }
        if (predefined_from(id)) {
            return refuse(FaultCode::forbidden, "a predefined role is not deleted");
        }
        if (card_from(rows.front(), visible_users(sql), Keeper::here).users != 0) {
            return refuse(FaultCode::forbidden, "users have this role; give them another first");
        }
        for (const RoleRow& row : rows) {
            store::stage(sql, 0, {store::tombstone("Role", row.id, row.scope, store::Origin::here)},
                         next);
        }
        note(sql, editor, "role.delete", id, exchange::to_json(object_of(rows.front())), "");
        return Empty{};
    });
}

}  // namespace tillhost::sumpd::people
