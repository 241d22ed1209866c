#include "hal/os/local_time.h"
#include "ipc/http/form.h"
#include "sumpd/console/pages.h"
#include "sumpd/exchange/text_form.h"

// Users: who may log in to apps, and what the accounting system replaced of it.
namespace tillhost::sumpd::console {

using http::Access;
using http::Method;
using http::Response;
using http::Visit;
using people::Keeper;
using people::UserCard;
using people::UserEdit;

namespace {

constexpr std::string_view kList = "/users";
constexpr std::int64_t kDayMs = 24 * 3600 * 1000;

people::Editor who(const Visit& visit) { return {user_of(visit), visit.request.peer}; }

std::string user_path(std::string_view id) {
    return std::string(kList) + "/" + http::percent_encode(id);
}

std::string role_name(const View& view, const std::vector<people::RoleCard>& roles,
                      const std::string& id) {
    for (const people::RoleCard& one : roles) {
        if (one.id == id) {
            return std::string(people::name_in(view.language, one));
        }
    }
    return id;
}

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& one : names) {
        all += (all.empty() ? "" : " ") + one;
    }
    return all;
}

std::vector<std::string> words_in(std::string_view typed) {
    std::vector<std::string> words;
    while (!typed.empty()) {
        const std::size_t end = std::min(typed.find(' '), typed.size());
        if (end != 0) {
            words.emplace_back(typed.substr(0, end));
        }
        typed.remove_prefix(std::min(end + 1, typed.size()));
    }
    return words;
}

std::string day_of(const std::optional<exchange::Moment>& moment) {
    return moment ? panel::time_text(moment->unix_ms).substr(0, 10) : std::string();
}

/// The end of that day in this machine's zone; nothing for what is no day.
std::optional<exchange::Moment> end_of_day(const std::string& day) {
    const auto moment = exchange::moment_from(day + "T00:00:00.000+00:00");
    if (!moment) {
        return std::nullopt;
    }
    const std::int64_t begins = moment->unix_ms - os::utc_offset_s(moment->unix_ms) * 1000;
    return exchange::Moment{begins + kDayMs - 1000};
}

std::string secrets_text(const View& view, const UserCard& user) {
    std::string all;
    const auto add = [&](bool has, Text name) {
        if (has) {
            all += (all.empty() ? "" : ", ") + std::string(text(view.language, name));
        }
    };
    add(user.has_password, Text::password);
    add(user.has_pin, user.pin_locked ? Text::pin_locked : Text::pin);
    add(user.has_badge, Text::badge);
    return all;
}

std::string origin_text(const View& view, people::Origin origin, bool will_be_replaced) {
    std::string says(text(view.language, origin == people::Origin::accounting
                                             ? Text::origin_accounting
                                             : Text::origin_here));
    if (will_be_replaced) {
        says += "; " + std::string(text(view.language, Text::will_be_replaced));
    }
    return says;
}

Markup keeper_form(const View& view, Keeper keeper) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const bool here = keeper == Keeper::here;
    return panel::heading(say(Text::who_keeps), 2) +
           panel::paragraph(say(here ? Text::kept_here : Text::kept_there)) +
           form(view, "/users/keeper",
                panel::hidden("keeper", here ? "accounting" : "here") +
                    panel::tick(say(Text::keeper_tick), "sure", false) +
                    panel::button(say(here ? Text::keep_there : Text::keep_here)));
}

Response list(const Parts& parts, const View& view) {
    const auto users = parts.people.users();
    const auto roles =
        users ? parts.people.roles() : exchange::Outcome<std::vector<people::RoleCard>>();
    const auto keeper = parts.people.keeper();
    const auto say = [&](Text which) { return text(view.language, which); };
    if (!users || !roles || !keeper) {
        return message_page(view, Section::users, say(Text::no_answer), 503);
    }
    Markup rows;
    for (const UserCard& one : *users) {
        rows +=
            panel::row(panel::cell_of(panel::link(user_path(one.id), one.name)) +
                       panel::cell(one.login) + panel::cell(role_name(view, *roles, one.role_id)) +
                       panel::cell(one.stores.empty() ? std::string(say(Text::all_stores))
                                                      : joined(one.stores)) +
                       panel::cell(yes_no(view, one.enabled)) + panel::cell(day_of(one.valid_to)) +
                       panel::cell(secrets_text(view, one)) +
                       panel::cell(origin_text(view, one.origin, one.will_be_replaced)));
    }
    Markup html = panel::heading(say(Text::users));
    html += users->empty()
                ? panel::paragraph(say(Text::no_users))
                : panel::table(say(Text::users),
                               table_head(view, {Text::name, Text::login, Text::role, Text::stores,
                                                 Text::enabled, Text::valid_to, Text::signs_in_by,
                                                 Text::kept_by}),
                               rows);
    html += link_line("/users/new", say(Text::add_user)) +
            link_line("/users/replaced", say(Text::replaced)) +
            link_line("/users/flagged", say(Text::flagged)) + keeper_form(view, *keeper);
    return page(view, Section::users, html);
}

/// A field for a secret that is not shown, with the tick that takes it away.
Markup secret_field(const View& view, Text label, const std::string& name, bool has) {
    Markup html = panel::input(text(view.language, label),
                               {.name = name, .kind = "password", .autocomplete = "new-password"});
    if (has) {
        html += panel::tick(text(view.language, Text::take_away, text(view.language, label)),
                            "no_" + name, false);
    }
    return html;
}

/// The card as it stands, or as it was typed.
Response edit(const Parts& parts, const View& view, const UserCard& user) {
    const auto roles = parts.people.roles();
    const auto say = [&](Text which) { return text(view.language, which); };
    if (!roles) {
        return message_page(view, Section::users, say(Text::no_answer), 503);
    }
    std::vector<panel::Option> options;
    for (const people::RoleCard& one : *roles) {
        options.push_back({one.id, std::string(people::name_in(view.language, one))});
    }
    const bool is_new = user.id.empty();
    const Markup fields =
        panel::hidden("id", user.id) + panel::hidden("version", std::to_string(user.version)) +
        panel::input(say(Text::name), {.name = "name", .required = true, .value = user.name}) +
        panel::input(say(Text::login), {.name = "login", .required = true, .value = user.login}) +
        panel::choice(say(Text::role), "role", options,
                      user.role_id.empty() ? "cashier" : user.role_id) +
        panel::input(say(Text::stores_wanted), {.name = "stores", .value = joined(user.stores)}) +
        panel::input(say(Text::valid_to),
                     {.name = "valid_to", .kind = "date", .value = day_of(user.valid_to)}) +
        panel::tick(say(Text::may_log_in), "enabled", is_new || user.enabled) +
        secret_field(view, Text::password, "password", user.has_password) +
        secret_field(view, Text::pin, "pin", user.has_pin) +
        secret_field(view, Text::badge, "badge", user.has_badge);
    Markup html = panel::heading(is_new ? say(Text::add_user) : std::string_view(user.name));
    if (user.will_be_replaced || user.origin == people::Origin::accounting) {
        html += panel::paragraph(say(Text::replaced_warning));
    }
    html += form(view, "/users/save", fields + panel::button(say(Text::save)));
    if (!is_new) {
        html += default_form(parts, view, gateway::DefaultRule::user, user.id);
        html += panel::heading(say(Text::remove), 2) +
                form(view, user_path(user.id) + "/delete",
                     panel::tick(say(Text::remove_user_tick), "sure", false) +
                         panel::button(say(Text::remove)));
    }
    return page(view, Section::users, html + link_line(kList, say(Text::back_to_list)));
}

Response show(const Parts& parts, const View& view, const std::string& id) {
    const auto user = parts.people.user(id);
    if (!user) {
        return message_page(view, Section::users, text(view.language, Text::not_found), 404);
    }
    return edit(parts, view, *user);
}

std::optional<exchange::Secret> secret_in(const Visit& visit, const std::string& name) {
    if (visit.field("no_" + name) == "yes") {
        return exchange::Secret{};
    }
    const std::string typed(visit.field(name));
    return typed.empty() ? std::nullopt : std::optional(exchange::Secret{typed});
}

UserEdit edit_in(const Visit& visit) {
    UserEdit edit;
    edit.id = std::string(visit.field("id"));
    edit.name = std::string(visit.field("name"));
    edit.login = std::string(visit.field("login"));
    edit.role_id = std::string(visit.field("role"));
    edit.stores = words_in(visit.field("stores"));
    edit.enabled = visit.field("enabled") == "yes";
    edit.valid_to = end_of_day(std::string(visit.field("valid_to")));
    edit.password = secret_in(visit, "password");
    edit.pin = secret_in(visit, "pin");
    edit.badge = secret_in(visit, "badge");
    edit.version = number_in(visit.field("version"));
    return edit;
}

/// What was typed, with why it is not taken.
Response refuse(const Parts& parts, const View& view, const UserEdit& wanted) {
    UserCard card;
    if (!wanted.id.empty()) {
        card = parts.people.user(wanted.id).value_or(card);
    }
    card.id = wanted.id;
    card.name = wanted.name;
    card.login = wanted.login;
    card.role_id = wanted.role_id;
    card.stores = wanted.stores;
    card.enabled = wanted.enabled;
    card.valid_to = wanted.valid_to;
    return edit(parts, view, card);
}

Response save(const Parts& parts, const Visit& visit) {
    const UserEdit wanted = edit_in(visit);
    if (!wanted.valid_to && !visit.field("valid_to").empty()) {
        return refuse(parts, error_view(visit, text(visit.language, Text::day_wanted)), wanted);
    }
    const auto saved = parts.people.put_user(who(visit), wanted);
    if (!saved) {
        return refuse(parts, refused_view(visit, saved.error()), wanted);
    }
    log(parts, visit, "save_user", saved->id);
    return done(kList, Text::did_save_user, saved->name);
}

Response remove(const Parts& parts, const Visit& visit) {
    const std::string id(visit.parameter("user"));
    if (visit.field("sure") != "yes") {
        return show(parts, tick_view(visit), id);
    }
    const auto removed = parts.people.delete_user(who(visit), id);
    if (!removed) {
        return show(parts, refused_view(visit, removed.error()), id);
    }
    log(parts, visit, "delete_user", id);
    return done(kList, Text::did_remove_user, id);
}

Response set_keeper(const Parts& parts, const Visit& visit) {
    const auto keeper = people::keeper_from(visit.field("keeper"));
    if (visit.field("sure") != "yes" || !keeper) {
        return list(parts, tick_view(visit));
    }
    const auto set = parts.people.set_keeper(who(visit), *keeper);
    if (!set) {
        return list(parts, refused_view(visit, set.error()));
    }
    log(parts, visit, "set_keeper", people::name_of(*keeper));
    return done(kList, Text::did_set_keeper);
}

Response replaced(const Parts& parts, const View& view, std::int64_t before) {
    const auto edits = parts.people.replaced(before, people::kPageMax);
    const auto say = [&](Text which) { return text(view.language, which); };
    if (!edits) {
        return message_page(view, Section::users, say(Text::no_answer), 503);
    }
    Markup rows;
    for (const people::Replaced& one : *edits) {
        rows += panel::row(panel::cell(panel::time_text(one.at_ms)) + panel::cell(one.kind) +
                           panel::code_cell(one.id) + panel::code_cell(one.here) +
                           panel::code_cell(one.came));
    }
    Markup html = panel::heading(say(Text::replaced)) + panel::paragraph(say(Text::replaced_says));
    html += edits->empty() ? panel::paragraph(say(Text::none))
                           : panel::table(say(Text::replaced),
                                          table_head(view, {Text::at, Text::kind, Text::id,
                                                            Text::was_here, Text::came_instead}),
                                          rows);
    const bool more = edits->size() == people::kPageMax;
    html += steps(view, before == 0 ? "" : "/users/replaced",
                  more ? "/users/replaced?before=" + std::to_string(edits->back().number) : "");
    return page(view, Section::users, html + link_line(kList, say(Text::back_to_list)));
}

Response flagged(const Parts& parts, const View& view, std::int64_t before) {
    const auto documents = parts.people.flagged(before, people::kPageMax);
    const auto say = [&](Text which) { return text(view.language, which); };
    if (!documents) {
        return message_page(view, Section::users, say(Text::no_answer), 503);
    }
    Markup rows;
    for (const people::FlaggedDocument& one : *documents) {
        rows += panel::row(panel::cell(panel::time_text(one.received_ms)) + panel::cell(one.kind) +
                           panel::code_cell(one.doc_id.text) + panel::code_cell(one.device_id) +
                           panel::code_cell(one.user_id) + panel::cell(joined(one.flags)));
    }
    Markup html = panel::heading(say(Text::flagged)) + panel::paragraph(say(Text::flagged_says));
    html += documents->empty()
                ? panel::paragraph(say(Text::none))
                : panel::table(say(Text::flagged),
                               table_head(view, {Text::at, Text::kind, Text::id, Text::app,
                                                 Text::user, Text::broke}),
                               rows);
    const bool more = documents->size() == people::kPageMax;
    html += steps(view, before == 0 ? "" : "/users/flagged",
                  more ? "/users/flagged?before=" + std::to_string(documents->back().place) : "");
    return page(view, Section::users, html + link_line(kList, say(Text::back_to_list)));
}

}  // namespace

void add_users(http::Router& router, const Parts& parts) {
    router.add(Method::get, kList, Access::administrator,
               [&](const Visit& visit) { return list(parts, view_of(visit)); });
    router.add(Method::get, "/users/new", Access::administrator,
               [&](const Visit& visit) { return edit(parts, view_of(visit), {}); });
    router.add(Method::get, "/users/replaced", Access::administrator, [&](const Visit& visit) {
        return replaced(parts, view_of(visit), number_in(asked(visit, "before")));
    });
    router.add(Method::get, "/users/flagged", Access::administrator, [&](const Visit& visit) {
        return flagged(parts, view_of(visit), number_in(asked(visit, "before")));
    });
    router.add(Method::get, "/users/{user}", Access::administrator, [&](const Visit& visit) {
        return show(parts, view_of(visit), std::string(visit.parameter("user")));
    });
    router.add(Method::post, "/users/save", Access::administrator,
               [&](const Visit& visit) { return save(parts, visit); });
    router.add(Method::post, "/users/keeper", Access::administrator,
               [&](const Visit& visit) { return set_keeper(parts, visit); });
    router.add(Method::post, "/users/{user}/delete", Access::administrator,
               [&](const Visit& visit) { return remove(parts, visit); });
}

}  // namespace tillhost::sumpd::console
