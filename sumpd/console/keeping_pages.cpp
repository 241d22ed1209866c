#include "sumpd/console/pages.h"

// What is done rarely: security, maintenance, the audit.
namespace tillhost::sumpd::console {

using http::Access;
using http::Method;
using http::Response;
using http::Visit;
using maintenance::Facts;

namespace {

constexpr std::string_view kSecurity = "/settings/security";
constexpr std::string_view kMaintenance = "/settings/maintenance";
constexpr std::string_view kAudit = "/settings/audit";
constexpr std::size_t kActsShown = 100;

// ---- security ----------------------------------------------------------------------------------

Markup locks_table(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto locks = parts.guard.locks();
    Markup html = panel::heading(say(Text::locks), 2);
    if (locks.empty()) {
        return html + panel::paragraph(say(Text::no_locks));
    }
    Markup rows;
    for (const http::LoginGuard::Lock& one : locks) {
        rows += panel::row(panel::cell(say(one.is_account ? Text::an_account : Text::an_address)) +
                           panel::cell(text(view.language, Text::minutes,
                                            std::to_string(one.left.count() / 60 + 1))));
    }
    return html +
           panel::table(say(Text::locks), table_head(view, {Text::lock_of, Text::left}), rows);
}

Response security(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string_view file = parts.facts.certificate_file;
    return settings_page(
        view, Place::security,
        panel::heading(say(Text::security)) +
            panel::facts(panel::fact(say(Text::certificate),
                                     file.empty() ? say(Text::own_certificate) : file) +
                         panel::fact(say(Text::pin_of_key), parts.facts.pin)) +
            panel::paragraph(say(Text::pin_says)) + locks_table(parts, view) +
            panel::change_form(view, "/settings/security/login"));
}

Response change_login(const Parts& parts, const Visit& visit) {
    const panel::Entrance::Changed changed = parts.entrance.change(visit);
    if (!changed.fault.empty()) {
        return security(parts, error_view(visit, changed.fault));
    }
    static_cast<void>(parts.store.audit().note({.actor = user_of(visit),
                                                .address = visit.request.peer,
                                                .action = "console.login",
                                                .target = user_of(visit),
                                                .after = "changed"}));
    Response again = done(kSecurity, Text::did_change_login);
    again.headers.push_back({"Set-Cookie", changed.cookie});
    return again;
}

// ---- maintenance -------------------------------------------------------------------------------

std::string_view task_text(const View& view, maintenance::Task task) {
    switch (task) {
        case maintenance::Task::none: break;
        case maintenance::Task::compaction: return text(view.language, Text::compaction);
        case maintenance::Task::backup: return text(view.language, Text::backup);
        case maintenance::Task::purge: return text(view.language, Text::purge);
    }
    return "";
}

std::string_view bar_text(const View& view, maintenance::Bar bar) {
    switch (bar) {
        case maintenance::Bar::documents: return text(view.language, Text::bar_documents);
        case maintenance::Bar::commands: return text(view.language, Text::bar_commands);
        case maintenance::Bar::conflicts: return text(view.language, Text::bar_conflicts);
        case maintenance::Bar::message: return text(view.language, Text::bar_message);
        case maintenance::Bar::import: return text(view.language, Text::bar_import);
    }
    return "";
}

Markup disk_facts(const View& view, const Facts& facts) {
    const auto say = [&](Text which) { return text(view.language, which); };
    return panel::facts(
        panel::fact(say(Text::database_size), bytes_text(facts.database_bytes)) +
        panel::fact(say(Text::reusable), bytes_text(facts.reusable_bytes)) +
        panel::fact(say(Text::disk_free), bytes_text(facts.disk_free_bytes)) +
        panel::fact(say(Text::documents), std::to_string(facts.documents)) +
        panel::fact(say(Text::documents_waiting), std::to_string(facts.documents_waiting)) +
        panel::fact(say(Text::oldest_unsent), moment_text(view.language, facts.oldest_unsent_ms)) +
        panel::fact(say(Text::documents_rejected), std::to_string(facts.documents_rejected)) +
        panel::fact(say(Text::last_backup), moment_text(view.language, facts.last_backup_ms)));
}

Markup activity_facts(const View& view, const maintenance::Activity& activity) {
    if (activity.task == maintenance::Task::none) {
        return {};
    }
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows = panel::fact(say(Text::action), task_text(view, activity.task)) +
                  panel::fact(say(Text::began), moment_text(view.language, activity.started_ms));
    if (activity.is_running) {
        rows += panel::fact(say(Text::progress),
                            std::to_string(activity.done) + " / " + std::to_string(activity.total));
    } else {
        rows += panel::fact(say(Text::ended), moment_text(view.language, activity.ended_ms)) +
                panel::fact(say(Text::outcome), activity.fault.empty()
                                                    ? say(Text::went_well)
                                                    : std::string_view(activity.fault));
    }
    if (activity.bytes_after != 0) {
        rows += panel::fact(say(Text::size), bytes_text(activity.bytes_before) + " → " +
                                                 bytes_text(activity.bytes_after));
    }
    return panel::heading(say(Text::last_work), 2) + panel::facts(rows);
}

Markup backups_table(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto backups = parts.maintenance.backups();
    if (!backups || backups->empty()) {
        return panel::paragraph(say(Text::no_backups));
    }
    Markup rows;
    for (const maintenance::BackupFile& one : *backups) {
        rows +=
            panel::row(panel::code_cell(one.name) + panel::cell(panel::time_text(one.taken_ms)) +
                       panel::cell(bytes_text(one.bytes)));
    }
    return panel::table(say(Text::backups), table_head(view, {Text::file, Text::made, Text::size}),
                        rows);
}

Markup purge_form(const Parts& parts, const View& view, const Facts& facts) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = panel::heading(say(Text::purge), 2) + panel::paragraph(say(Text::purge_says));
    Markup bars;
    for (const maintenance::PurgeBar& one : facts.purge_bars) {
        bars += panel::fact(bar_text(view, one.bar), std::to_string(one.count));
    }
    if (!facts.purge_bars.empty()) {
        return html + panel::paragraph(say(Text::purge_is_barred)) + panel::facts(bars);
    }
    return html + form(view, "/settings/maintenance/purge",
                       panel::input(text(view.language, Text::type_name, parts.facts.name),
                                    {.name = "word", .required = true}) +
                           panel::button(say(Text::purge)));
}

Response show_maintenance(const Parts& parts, const View& view) {
    const auto facts = parts.maintenance.facts();
    const auto say = [&](Text which) { return text(view.language, which); };
    if (!facts) {
        return message_page(view, Section::settings, say(Text::no_answer), 503);
    }
    return settings_page(
        view, Place::maintenance,
        panel::heading(say(Text::maintenance)) + disk_facts(view, *facts) +
            activity_facts(view, parts.maintenance.activity()) +
            panel::heading(say(Text::compaction), 2) +
            panel::paragraph(say(Text::compaction_says)) +
            form(view, "/settings/maintenance/compact", panel::button(say(Text::compaction))) +
            panel::heading(say(Text::backup), 2) +
            form(view, "/settings/maintenance/backup", panel::button(say(Text::back_up))) +
            backups_table(parts, view) + purge_form(parts, view, *facts));
}

/// The work has begun, or why not.
Response after(const Parts& parts, const Visit& visit, const exchange::Outcome<void>& begun,
               Text note) {
    if (!begun) {
        return show_maintenance(parts, refused_view(visit, begun.error()));
    }
    log(parts, visit, name_of(note), "");
    return done(kMaintenance, note);
}

// ---- the audit ---------------------------------------------------------------------------------

Response show_audit(const Parts& parts, const View& view, std::int64_t before) {
    const auto acts = parts.store.audit().page(before, kActsShown);
    const auto say = [&](Text which) { return text(view.language, which); };
    if (!acts) {
        return message_page(view, Section::settings, say(Text::no_answer), 503);
    }
    Markup rows;
    for (const store::ActRow& one : *acts) {
        rows +=
            panel::row(panel::number_cell(one.number) + panel::cell(panel::time_text(one.at_ms)) +
                       panel::cell(one.act.actor) + panel::cell(one.act.address) +
                       panel::cell(one.act.action) + panel::code_cell(one.act.target) +
                       panel::code_cell(one.act.before) + panel::code_cell(one.act.after));
    }
    Markup html = panel::heading(say(Text::audit)) + panel::paragraph(say(Text::audit_says)) +
                  form(view, "/settings/audit/verify", panel::button(say(Text::verify)));
    html += acts->empty()
                ? panel::paragraph(say(Text::none))
                : panel::table(say(Text::audit),
                               table_head(view, {Text::number, Text::at, Text::who, Text::address,
                                                 Text::action, Text::of, Text::before, Text::then}),
                               rows);
    const bool more = acts->size() == kActsShown;
    html +=
        steps(view, before == 0 ? "" : kAudit,
              more ? std::string(kAudit) + "?before=" + std::to_string(acts->back().number) : "");
    return settings_page(view, Place::audit, html);
}

Response verify(const Parts& parts, const Visit& visit) {
    const auto check = parts.store.audit().verify();
    if (!check) {
        return show_audit(parts, refused_view(visit, check.error()), 0);
    }
    if (check->first_wrong != 0) {
        return show_audit(parts,
                          error_view(visit, text(visit.language, Text::audit_wrong,
                                                 std::to_string(check->first_wrong))),
                          0);
    }
    return done(kAudit, Text::did_verify, std::to_string(check->records));
}

}  // namespace

void add_security(http::Router& router, const Parts& parts) {
    router.add(Method::get, kSecurity, Access::administrator,
               [&](const Visit& visit) { return security(parts, view_of(visit)); });
    router.add(Method::post, "/settings/security/login", Access::administrator,
               [&](const Visit& visit) { return change_login(parts, visit); });
}

void add_maintenance(http::Router& router, const Parts& parts) {
    router.add(Method::get, kMaintenance, Access::administrator,
               [&](const Visit& visit) { return show_maintenance(parts, view_of(visit)); });
    router.add(Method::post, "/settings/maintenance/compact", Access::administrator,
               [&](const Visit& visit) {
                   return after(parts, visit,
                                parts.maintenance.compact(user_of(visit), visit.request.peer),
                                Text::did_begin_compaction);
               });
    router.add(Method::post, "/settings/maintenance/backup", Access::administrator,
               [&](const Visit& visit) {
                   return after(parts, visit,
                                parts.maintenance.back_up(user_of(visit), visit.request.peer),
                                Text::did_begin_backup);
               });
    router.add(Method::post, "/settings/maintenance/purge", Access::administrator,
               [&](const Visit& visit) {
                   return after(parts, visit,
                                parts.maintenance.purge(user_of(visit), visit.request.peer,
                                                        std::string(visit.field("word"))),
                                Text::did_begin_purge);
               });
}

void add_audit(http::Router& router, const Parts& parts) {
    router.add(Method::get, kAudit, Access::administrator, [&](const Visit& visit) {
        return show_audit(parts, view_of(visit), number_in(asked(visit, "before")));
    });
    router.add(Method::post, "/settings/audit/verify", Access::administrator,
               [&](const Visit& visit) { return verify(parts, visit); });
}

}  // namespace tillhost::sumpd::console
