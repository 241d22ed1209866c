#include "hal/base/text.h"
#include "ipc/http/form.h"
#include "sumpd/apps/enrolment.h"
#include "sumpd/console/pages.h"

// Mobile applications: the list, one app's card, a new one by QR code.
namespace tillhost::sumpd::console {

using apps::DeviceState;
using exchange::AppKind;
using http::Access;
using http::fill;
using http::Method;
using http::Response;
using http::Visit;

namespace {

constexpr std::string_view kList = "/apps";
using Card = apps::DeviceCard;

std::string app_path(std::string_view device) {
    return std::string(kList) + "/" + http::percent_encode(device);
}

apps::Actor actor_of(const Visit& visit) { return {user_of(visit), visit.request.peer}; }

std::string name_of_app(const Card& card) {
    return card.row.name.empty() ? card.row.model : card.row.name;
}

std::string_view kind_text(const View& view, AppKind kind) {
    switch (kind) {
        case AppKind::cashier: return text(view.language, Text::kind_cashier);
        case AppKind::data_terminal: return text(view.language, Text::kind_terminal);
        case AppKind::unspecified: break;
    }
    return text(view.language, Text::kind_any);
}

std::string_view state_text(const View& view, DeviceState state) {
    return text(view.language,
                state == DeviceState::revoked ? Text::app_revoked : Text::app_active);
}

std::string seconds_text(const View& view, std::int64_t milliseconds) {
    return text(view.language, Text::seconds, base::decimal_to_text(milliseconds / 100, 1));
}

Markup app_row(const View& view, const Card& card) {
    const auto& heartbeat = card.sight.heartbeat;
    const Markup queue = heartbeat ? panel::number_cell(heartbeat->queue_length) : panel::cell("");
    return panel::row(
        panel::cell_of(panel::link(app_path(card.row.id), name_of_app(card))) +
        panel::cell(kind_text(view, card.row.kind)) +
        panel::cell(state_text(view, card.row.state)) +
        panel::cell(card.row.app_name + " " + card.row.app_version) +
        panel::cell(moment_text(view.language, card.sight.last_try_ms)) +
        panel::cell(card.sight.address) + queue +
        panel::cell(heartbeat ? seconds_text(view, card.sight.skew_ms) : std::string()) +
        panel::number_cell(static_cast<std::int64_t>(card.sessions)));
}

Markup invite_form(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto roles = parts.people.roles();
    std::vector<panel::Option> options{{"", std::string(say(Text::any))}};
    if (roles) {
        for (const people::RoleCard& one : *roles) {
            options.push_back({one.id, std::string(people::name_in(view.language, one))});
        }
    }
    const Markup fields = panel::input(say(Text::app_name), {.name = "name"}) +
                          panel::choice(say(Text::kind), "kind",
                                        {{"", std::string(say(Text::any))},
                                         {"cashier", std::string(say(Text::kind_cashier))},
                                         {"terminal", std::string(say(Text::kind_terminal))}},
                                        "") +
                          panel::input(say(Text::only_store), {.name = "store"}) +
                          panel::choice(say(Text::only_role), "role", options, "") +
                          panel::choice(say(Text::good_for), "minutes",
                                        {{"15", text(view.language, Text::minutes, "15")},
                                         {"60", text(view.language, Text::minutes, "60")},
                                         {"480", text(view.language, Text::minutes, "480")}},
                                        "15");
    return panel::heading(say(Text::enrol), 2) + panel::paragraph(say(Text::enrol_says)) +
           form(view, "/apps/invite", fields + panel::button(say(Text::make_code)));
}

Response list(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows;
    const auto cards = parts.registry.devices();
    for (const Card& card : cards) {
        rows += app_row(view, card);
    }
    Markup html = panel::heading(say(Text::apps));
    html += cards.empty()
                ? panel::paragraph(say(Text::no_apps))
                : panel::table(say(Text::apps),
                               table_head(view, {Text::name, Text::kind, Text::state, Text::program,
                                                 Text::last_try, Text::address, Text::queue,
                                                 Text::skew, Text::sessions}),
                               rows, "live");
    return page(view, Section::apps,
                html + link_line("/apps/tasks", say(Text::tasks)) + invite_form(parts, view));
}

/// The code is told once: a page that is loaded again makes another.
Response invite(const Parts& parts, const Visit& visit) {
    constexpr std::int64_t kMinuteS = 60;
    apps::InvitationWish wish{.by = actor_of(visit),
                              .name = std::string(visit.field("name")),
                              .store_id = std::string(visit.field("store")),
                              .role_id = std::string(visit.field("role"))};
    const std::string_view kind = visit.field("kind");
    wish.kind = kind == "cashier"    ? AppKind::cashier
                : kind == "terminal" ? AppKind::data_terminal
                                     : AppKind::unspecified;
    if (const std::int64_t minutes = number_in(visit.field("minutes")); minutes != 0) {
        wish.life_s = minutes * kMinuteS;
    }
    const auto made = parts.registry.invite(wish);
    if (!made) {
        return list(parts, refused_view(visit, made.error()));
    }
    const apps::Invitation invitation{.url = parts.facts.api_url,
                                      .token = made->token,
                                      .pin = parts.facts.pin,
                                      .server = parts.facts.name,
                                      .expires_s = made->expires_s};
    const auto picture = apps::picture_of(invitation);
    const View view = view_of(visit);
    if (!picture) {
        return list(parts, refused_view(visit, picture.error()));
    }
    log(parts, visit, "invite", wish.name);
    const auto say = [&](Text which) { return text(view.language, which); };
    const Markup code =
        fill("<figure class=\"qr\" role=\"img\" aria-label=\"{label}\">{picture}</figure>\n",
             {{"label", say(Text::qr_code)}, {"picture", Markup(*picture)}});
    return page(view, Section::apps,
                panel::heading(say(Text::enrol)) +
                    panel::paragraph(text(view.language, Text::good_until,
                                          panel::time_text(made->expires_s * 1000))) +
                    code + panel::paragraph(say(Text::code_says)) +
                    fill("<p class=\"code\">{text}</p>\n", {{"text", apps::text_of(invitation)}}) +
                    link_line(kList, say(Text::back_to_list)));
}

Markup facts_of(const View& view, const Card& card) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto& sight = card.sight;
    Markup rows =
        panel::fact(say(Text::kind), kind_text(view, card.row.kind)) +
        panel::fact(say(Text::state), state_text(view, card.row.state)) +
        panel::fact(say(Text::model), card.row.model + ", " + card.row.os) +
        panel::fact(say(Text::program), card.row.app_name + " " + card.row.app_version) +
        panel::fact(say(Text::enrolled), moment_text(view.language, card.row.enrolled_s * 1000)) +
        panel::fact(say(Text::last_try), moment_text(view.language, sight.last_try_ms)) +
        panel::fact(say(Text::last_ok), moment_text(view.language, sight.last_ok_ms)) +
        panel::fact(say(Text::address), sight.address) +
        panel::fact(say(Text::sessions), std::to_string(card.sessions));
    if (sight.heartbeat) {
        rows += panel::fact(say(Text::queue), std::to_string(sight.heartbeat->queue_length)) +
                panel::fact(say(Text::last_number), std::to_string(sight.heartbeat->last_seq)) +
                panel::fact(say(Text::skew), seconds_text(view, sight.skew_ms)) +
                panel::fact(say(Text::free_room), bytes_text(sight.heartbeat->free_bytes));
        if (sight.heartbeat->oldest_unsent_at) {
            rows +=
                panel::fact(say(Text::oldest_unsent),
                            moment_text(view.language, sight.heartbeat->oldest_unsent_at->unix_ms));
        }
        if (sight.heartbeat->battery_percent) {
            rows += panel::fact(say(Text::battery),
                                std::to_string(*sight.heartbeat->battery_percent) + " %");
        }
    }
    return panel::facts(rows);
}

/// What its documents lack.
Markup gaps_of(const Parts& parts, const View& view, const std::string& device) {
    using Rows = std::vector<store::Row>;
    const auto gaps =
        parts.store.transactions().read<Rows>([&](store::Sql& sql) -> exchange::Outcome<Rows> {
            return sql.query(
                "SELECT from_seq, to_seq, found_ms FROM seq_gap WHERE device_id = :a"
                " ORDER BY from_seq LIMIT 100",
                "iii", {device});
        });
    if (!gaps || gaps->empty()) {
        return panel::paragraph(text(view.language, Text::no_gaps));
    }
    Markup rows;
    for (const store::Row& one : *gaps) {
        rows += panel::row(panel::number_cell(store::integer(one[0])) +
                           panel::number_cell(store::integer(one[1])) +
                           panel::cell(moment_text(view.language, store::integer(one[2]))));
    }
    return panel::table(text(view.language, Text::gaps),
                        table_head(view, {Text::from, Text::to, Text::found}), rows);
}

std::string_view command_text(const View& view, exchange::CommandKind kind) {
    switch (kind) {
        case exchange::CommandKind::resync: return text(view.language, Text::tell_resync);
        case exchange::CommandKind::wipe: return text(view.language, Text::tell_wipe);
        case exchange::CommandKind::message: return text(view.language, Text::tell_message);
        case exchange::CommandKind::revoke: return text(view.language, Text::revoke);
        case exchange::CommandKind::min_version: return text(view.language, Text::tell_version);
        case exchange::CommandKind::unspecified: break;
    }
    return "";
}

Markup commands_of(const View& view, const Card& card) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows;
    for (const apps::CommandRow& one : card.commands) {
        rows += panel::row(panel::cell(command_text(view, one.kind)) + panel::cell(one.text) +
                           panel::cell(one.made_by) +
                           panel::cell_of(form(view, app_path(card.row.id) + "/forget",
                                               panel::hidden("number", std::to_string(one.number)) +
                                                   panel::button(say(Text::take_back)))));
    }
    Markup html = panel::heading(say(Text::tell_app), 2);
    if (!card.commands.empty()) {
        html += panel::table(
            say(Text::tell_app),
            table_head(view, {Text::action, Text::message, Text::who, Text::take_back}), rows);
    }
    return html + form(view, app_path(card.row.id) + "/command",
                       panel::choice(say(Text::action), "command",
                                     {{"message", std::string(say(Text::tell_message))},
                                      {"resync", std::string(say(Text::tell_resync))},
                                      {"wipe", std::string(say(Text::tell_wipe))}},
                                     "message") +
                           panel::input(say(Text::message), {.name = "text"}) +
                           panel::button(say(Text::send)));
}

Markup revoke_or_rescue(const View& view, const Card& card) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string path = app_path(card.row.id);
    if (card.row.state != DeviceState::revoked) {
        return panel::heading(say(Text::revoke), 2) + panel::paragraph(say(Text::revoke_says)) +
               form(view, path + "/revoke",
                    panel::tick(say(Text::revoke_tick), "sure", false) +
                        panel::button(say(Text::revoke)));
    }
    Markup html = panel::heading(say(Text::rescue), 2) + panel::paragraph(say(Text::rescue_says));
    if (card.row.rescue_until_s != 0) {
        html += panel::paragraph(text(view.language, Text::rescue_until,
                                      panel::time_text(card.row.rescue_until_s * 1000)));
        html += form(view, path + "/rescue",
                     panel::hidden("minutes", "0") + panel::button(say(Text::end_rescue)));
    }
    return html + form(view, path + "/rescue",
                       panel::hidden("minutes", "60") + panel::button(say(Text::open_rescue)));
}

Markup change_form(const View& view, const Card& card) {
    const auto say = [&](Text which) { return text(view.language, which); };
    return panel::heading(say(Text::settings), 2) +
           form(
               view, app_path(card.row.id) + "/change",
               panel::input(say(Text::app_name), {.name = "name", .value = card.row.name}) +
                   panel::input(say(Text::only_store),
                                {.name = "store", .value = card.row.store_id}) +
                   panel::input(say(Text::only_role), {.name = "role", .value = card.row.role_id}) +
                   panel::input(say(Text::app_packet),
                                {.name = "packet",
                                 .kind = "number",
                                 .value = std::to_string(card.row.packet_bytes)}) +
                   panel::button(say(Text::save)));
}

Response show(const Parts& parts, const View& view, const std::string& device) {
    const auto card = parts.registry.device(device);
    if (!card) {
        return message_page(view, Section::apps, text(view.language, Text::not_found), 404);
    }
    return page(view, Section::apps,
                panel::heading(name_of_app(*card)) + facts_of(view, *card) +
                    panel::heading(text(view.language, Text::gaps), 2) +
                    gaps_of(parts, view, device) + commands_of(view, *card) +
                    change_form(view, *card) +
                    default_form(parts, view, gateway::DefaultRule::app, device) +
                    revoke_or_rescue(view, *card) +
                    link_line(kList, text(view.language, Text::back_to_list)));
}

using Changed = exchange::Outcome<exchange::Empty>;

/// Back to the card, with what was done or why not.
Response after(const Parts& parts, const Visit& visit, const Changed& changed, Text note) {
    const std::string device(visit.parameter("device"));
    if (!changed) {
        return show(parts, refused_view(visit, changed.error()), device);
    }
    log(parts, visit, name_of(note), device);
    return done(app_path(device), note);
}

Response change(const Parts& parts, const Visit& visit) {
    apps::DeviceChange change;
    if (!visit.field("name").empty()) {
        change.name = std::string(visit.field("name"));
    }
    change.store_id = std::string(visit.field("store"));
    change.role_id = std::string(visit.field("role"));
    change.packet_bytes = number_in(visit.field("packet"));
    return after(parts, visit,
                 parts.registry.change_device(std::string(visit.parameter("device")), change,
                                              actor_of(visit)),
                 Text::did_change_app);
}

Response revoke(const Parts& parts, const Visit& visit) {
    const std::string device(visit.parameter("device"));
    if (visit.field("sure") != "yes") {
        return show(parts, tick_view(visit), device);
    }
    return after(parts, visit, parts.registry.revoke_device(device, actor_of(visit)),
                 Text::did_revoke);
}

Response rescue(const Parts& parts, const Visit& visit) {
    const std::int64_t life_s = number_in(visit.field("minutes")) * 60;
    return after(
        parts, visit,
        parts.registry.open_rescue(std::string(visit.parameter("device")), life_s, actor_of(visit)),
        life_s == 0 ? Text::did_end_rescue : Text::did_open_rescue);
}

Response command(const Parts& parts, const Visit& visit) {
    const std::string_view what = visit.field("command");
    const exchange::CommandKind kind = what == "resync" ? exchange::CommandKind::resync
                                       : what == "wipe" ? exchange::CommandKind::wipe
                                                        : exchange::CommandKind::message;
    return after(parts, visit,
                 parts.registry.command(std::string(visit.parameter("device")), kind,
                                        std::string(visit.field("text")), actor_of(visit)),
                 Text::did_tell_app);
}

Response forget(const Parts& parts, const Visit& visit) {
    return after(parts, visit,
                 parts.registry.forget_command(number_in(visit.field("number")), actor_of(visit)),
                 Text::did_take_back);
}

Response tasks(const Parts& parts, const View& view, const std::string& after_id) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto tasks = parts.store.tasks().page(after_id, store::kTasksPageMax);
    if (!tasks) {
        View said = view;
        said.error = text(view.language, Text::refused, tasks.error().message);
        return message_page(said, Section::apps, say(Text::tasks), 503);
    }
    Markup rows;
    for (const store::TaskRow& one : *tasks) {
        const Markup free =
            one.holder_id.empty()
                ? Markup()
                : form(view, "/apps/tasks/free",
                       panel::hidden("task", one.id) + panel::button(say(Text::release)));
        rows += panel::row(
            panel::code_cell(one.id) + panel::cell(one.store_id) + panel::cell(one.holder_name) +
            panel::cell(one.holder_id.empty() ? std::string()
                                              : panel::time_text(one.locked_until_ms)) +
            panel::cell_of(free));
    }
    Markup html = panel::heading(say(Text::tasks));
    html += tasks->empty() ? panel::paragraph(say(Text::no_tasks))
                           : panel::table(say(Text::tasks),
                                          table_head(view, {Text::id, Text::store, Text::held_by,
                                                            Text::until, Text::action}),
                                          rows);
    const bool more = tasks->size() == store::kTasksPageMax;
    html += steps(view, after_id.empty() ? "" : "/apps/tasks",
                  more ? "/apps/tasks?after=" + http::percent_encode(tasks->back().id) : "");
    return page(view, Section::apps, html + link_line(kList, say(Text::back_to_list)));
}

Response free_task(const Parts& parts, const Visit& visit) {
    const std::string task(visit.field("task"));
    const auto freed = parts.store.tasks().free(task, user_of(visit), visit.request.peer);
    return freed ? done("/apps/tasks", Text::did_release, task)
                 : tasks(parts, refused_view(visit, freed.error()), "");
}

}  // namespace

void add_apps(http::Router& router, const Parts& parts) {
    router.add(Method::get, kList, Access::administrator,
               [&](const Visit& visit) { return list(parts, view_of(visit)); });
    router.add(Method::post, "/apps/invite", Access::administrator,
               [&](const Visit& visit) { return invite(parts, visit); });
    router.add(Method::get, "/apps/tasks", Access::administrator, [&](const Visit& visit) {
        return tasks(parts, view_of(visit), asked(visit, "after"));
    });
    router.add(Method::post, "/apps/tasks/free", Access::administrator,
               [&](const Visit& visit) { return free_task(parts, visit); });
    router.add(Method::get, "/apps/{device}", Access::administrator, [&](const Visit& visit) {
        return show(parts, view_of(visit), std::string(visit.parameter("device")));
    });
    const auto act = [&](std::string_view name, Response (*page)(const Parts&, const Visit&)) {
        router.add(Method::post, "/apps/{device}/" + std::string(name), Access::administrator,
                   [&parts, page](const Visit& visit) { return page(parts, visit); });
    };
    act("change", change);
    act("revoke", revoke);
    act("rescue", rescue);
    act("command", command);
    act("forget", forget);
}

}  // namespace tillhost::sumpd::console
