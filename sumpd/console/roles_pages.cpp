#include "ipc/http/form.h"
#include "sumpd/console/pages.h"

// User roles: the tree of permissions, in two levels.
namespace tillhost::sumpd::console {

using http::Access;
using http::fill;
using http::Method;
using http::Response;
using http::Visit;
using people::LeafRow;
using people::LeafType;
using people::RoleCard;

namespace {

constexpr std::string_view kList = "/roles";

std::string role_path(std::string_view id) {
    return std::string(kList) + "/" + http::percent_encode(id);
}

std::string value_of(const RoleCard& role, const LeafRow& leaf) {
    for (const exchange::Permission& one : role.permissions) {
        if (one.name == leaf.name) {
            return one.value;
        }
    }
    return std::string(leaf.otherwise());
}

Response list(const Parts& parts, const View& view) {
    const auto roles = parts.people.roles();
    const auto say = [&](Text which) { return text(view.language, which); };
    if (!roles) {
        return message_page(view, Section::roles, say(Text::no_answer), 503);
    }
    Markup rows;
    for (const RoleCard& one : *roles) {
        std::string kept(say(one.origin == people::Origin::accounting ? Text::origin_accounting
                                                                      : Text::origin_here));
        if (one.will_be_replaced) {
            kept += "; " + std::string(say(Text::will_be_replaced));
        }
        rows += panel::row(
            panel::cell_of(panel::link(role_path(one.id), people::name_in(view.language, one))) +
            panel::code_cell(one.id) + panel::cell(yes_no(view, one.predefined.has_value())) +
            panel::number_cell(static_cast<std::int64_t>(one.users)) + panel::cell(kept));
    }
    return page(view, Section::roles,
                panel::heading(say(Text::roles)) +
                    panel::table(say(Text::roles),
                                 table_head(view, {Text::name, Text::id, Text::predefined,
                                                   Text::users, Text::kept_by}),
                                 rows) +
                    link_line("/roles/new", say(Text::add_role)));
}

Markup leaf_field(const View& view, const LeafRow& leaf, const std::string& value) {
    const std::string name = "may." + std::string(leaf.name);
    const std::string_view label = http::text_of(leaf.text, view.language);
    switch (leaf.type) {
        case LeafType::boolean: return panel::tick(label, name, value == "true");
        case LeafType::word: {
            std::vector<panel::Option> options;
            for (const std::string_view one : people::choices_of(leaf)) {
                options.push_back({std::string(one), std::string(one)});
            }
            return panel::choice(label, name, options, value);
        }
        case LeafType::percent:
        case LeafType::money:
        case LeafType::hours: break;
    }
    const Text unit = leaf.type == LeafType::percent ? Text::in_percent
                      : leaf.type == LeafType::hours ? Text::in_hours
                                                     : Text::in_money;
    return panel::input(text(view.language, unit, label), {.name = name, .value = value});
}

Markup tree(const View& view, const RoleCard& role) {
    Markup html;
    for (const people::GroupRow& group : people::groups()) {
        Markup fields;
        for (const LeafRow& leaf : people::leaves()) {
            if (leaf.group == group.group) {
                fields += leaf_field(view, leaf, value_of(role, leaf));
            }
        }
        html += fill("<fieldset class=\"tree\"><legend>{name}</legend>\n{fields}</fieldset>\n",
                     {{"name", http::text_of(group.text, view.language)}, {"fields", fields}});
    }
    return html;
}

Response edit(const View& view, const RoleCard& role) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const bool is_new = role.id.empty();
    const std::string_view name =
        is_new ? std::string_view(role.name) : people::name_in(view.language, role);
    Markup html = panel::heading(is_new ? say(Text::add_role) : name);
    if (role.will_be_replaced || (!is_new && role.origin == people::Origin::accounting)) {
        html += panel::paragraph(say(Text::replaced_warning));
    }
    html +=
        form(view, "/roles/save",
             panel::hidden("id", role.id) + panel::hidden("version", std::to_string(role.version)) +
                 panel::hidden("was", name) +
                 panel::input(say(Text::name), {.name = "name", .required = true, .value = name}) +
                 tree(view, role) + panel::button(say(Text::save)));
    if (!is_new && !role.predefined) {
        html += panel::heading(say(Text::remove), 2) +
                form(view, role_path(role.id) + "/delete",
                     panel::tick(say(Text::remove_role_tick), "sure", false) +
                         panel::button(say(Text::remove)));
    }
    return page(view, Section::roles, html + link_line(kList, say(Text::back_to_list)));
}

Response show(const Parts& parts, const View& view, const std::string& id) {
    const auto role = parts.people.role(id);
    return role ? edit(view, *role)
                : message_page(view, Section::roles, text(view.language, Text::not_found), 404);
}

people::RoleEdit edit_in(const Parts& parts, const Visit& visit) {
    people::RoleEdit wanted;
    wanted.id = std::string(visit.field("id"));
    wanted.name = std::string(visit.field("name"));
    wanted.version = number_in(visit.field("version"));
    // A name that was not touched stays what it is, also where it is shown in another language.
    if (!wanted.id.empty() && wanted.name == visit.field("was")) {
        if (const auto now = parts.people.role(wanted.id)) {
            wanted.name = now->name;
        }
    }
    for (const LeafRow& leaf : people::leaves()) {
        std::string value(visit.field("may." + std::string(leaf.name)));
        if (leaf.type == LeafType::boolean) {
            value = value == "yes" ? "true" : "false";
        }
        wanted.permissions.push_back({std::string(leaf.name), value});
    }
    return wanted;
}

Response save(const Parts& parts, const Visit& visit) {
    const people::RoleEdit wanted = edit_in(parts, visit);
    const auto saved = parts.people.put_role({user_of(visit), visit.request.peer}, wanted);
    if (saved) {
        log(parts, visit, "save_role", saved->id);
        return done(kList, Text::did_save_role, people::name_in(visit.language, *saved));
    }
    RoleCard card;
    if (!wanted.id.empty()) {
        card = parts.people.role(wanted.id).value_or(card);
    }
    card.name = wanted.name;
    card.permissions = wanted.permissions;
    return edit(refused_view(visit, saved.error()), card);
}

Response remove(const Parts& parts, const Visit& visit) {
    const std::string id(visit.parameter("role"));
    if (visit.field("sure") != "yes") {
        return show(parts, tick_view(visit), id);
    }
    const auto removed = parts.people.delete_role({user_of(visit), visit.request.peer}, id);
    if (!removed) {
        return show(parts, refused_view(visit, removed.error()), id);
    }
    log(parts, visit, "delete_role", id);
    return done(kList, Text::did_remove_role, id);
}

}  // namespace

void add_roles(http::Router& router, const Parts& parts) {
    router.add(Method::get, kList, Access::administrator,
               [&](const Visit& visit) { return list(parts, view_of(visit)); });
    router.add(Method::get, "/roles/new", Access::administrator,
               [&](const Visit& visit) { return edit(view_of(visit), {}); });
    router.add(Method::get, "/roles/{role}", Access::administrator, [&](const Visit& visit) {
        return show(parts, view_of(visit), std::string(visit.parameter("role")));
    });
    router.add(Method::post, "/roles/save", Access::administrator,
               [&](const Visit& visit) { return save(parts, visit); });
    router.add(Method::post, "/roles/{role}/delete", Access::administrator,
               [&](const Visit& visit) { return remove(parts, visit); });
}

}  // namespace tillhost::sumpd::console
