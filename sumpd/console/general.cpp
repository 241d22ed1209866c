#include "sumpd/console/addresses.h"
#include "sumpd/console/setting_form.h"

// Settings: the addresses of the server, its general settings and their defaults.
namespace tillhost::sumpd::console {

using http::Access;
using http::fill;
using http::Method;
using http::Response;
using http::Visit;

namespace {

constexpr std::string_view kGeneral = "/settings/general";
constexpr std::string_view kProtection = "/settings/protection";

Response general(const Parts& parts, const View& view, SettingForm form,
                 const std::vector<AddressAnswer>& answers = {}) {
    form.facts = parts.settings.told();
    const auto say = [&](Text which) { return text(view.language, which); };
    return settings_page(
        view, Place::general,
        panel::heading(say(Text::general)) +
            panel::paragraph(text(view.language, Text::version_is, parts.facts.version)) +
            addresses(view, parts.facts, answers) + link_line("/apps", say(Text::qr_is_there)) +
            panel::heading(say(Text::settings), 2) + panel::paragraph(say(Text::settings_say)) +
            setting_form(
                view, form, kGeneral,
                {"name", "packet_bytes", "devices.registrar", "devices.terminal", "api.address",
                 "api.port", "api.hosts", "api.certificate", "log", "console.on", "console.address",
                 "console.port", "console.hosts", "devices.endpoint"}) +
            panel::heading(say(Text::defaults), 2) +
            link_line("/settings/defaults", say(Text::see_defaults)));
}

Response protection(const Parts& parts, const View& view, const SettingForm& form);

/// Back to the page that the form stood on.
Response again(const Parts& parts, const Visit& visit, const View& view, const SettingForm& form) {
    return visit.field("at") == kProtection ? protection(parts, view, form)
                                            : general(parts, view, form);
}

Response change(const Parts& parts, const Visit& visit) {
    const std::string_view at = visit.field("at") == kProtection ? kProtection : kGeneral;
    const SettingWish wish = wish_in(visit, parts.settings.told());
    if (wish.changes.empty() && wish.forget.empty()) {
        return done(at, Text::did_not_change);
    }
    const auto changed = parts.settings.change(editor_of(visit), wish.changes, wish.forget);
    if (changed) {
        log(parts, visit, "change_settings", "");
        return done(at, Text::did_change_settings);
    }
    SettingForm form;
    for (const SettingChange& one : wish.changes) {
        form.typed.emplace(one.name, one.value);
    }
    form.wrong = changed.error().field.value_or("");
    form.why = changed.error().message;
    if (form.wrong.empty()) {
        return again(parts, visit, refused_view(visit, changed.error()), form);
    }
    return again(parts, visit, error_view(visit, text(visit.language, Text::settings_refused)),
                 form);
}

Response defaults(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows;
    bool any = false;
    for (const SettingFact& fact : parts.settings.told()) {
        if (fact.source == SettingSource::console) {
            any = true;
            rows += panel::row(panel::cell(label_of(view, fact.name)) +
                               panel::cell(shown(view, fact, fact.value)) +
                               panel::cell(shown(view, fact, fact.otherwise)) +
                               panel::cell(source_text(view, fact.otherwise_source)));
        }
    }
    Markup html = panel::heading(say(Text::defaults));
    html += any ? panel::table(say(Text::defaults),
                               table_head(view, {Text::setting, Text::value_now, Text::value_then,
                                                 Text::comes_from}),
                               rows)
                : panel::paragraph(say(Text::nothing_to_restore));
    html += form(
        view, "/settings/defaults",
        panel::tick(say(Text::defaults_tick), "sure", false) + panel::button(say(Text::defaults)));
    return settings_page(view, Place::general, html + link_line(kGeneral, say(Text::back)));
}

Response restore(const Parts& parts, const Visit& visit) {
    if (visit.field("sure") != "yes") {
        return defaults(parts, tick_view(visit));
    }
    std::vector<std::string> names;
    for (const SettingFact& fact : parts.settings.told()) {
        if (fact.source == SettingSource::console) {
            names.push_back(fact.name);
        }
    }
    const auto changed = parts.settings.change(editor_of(visit), {}, names);
    if (!changed) {
        return defaults(parts, refused_view(visit, changed.error()));
    }
    log(parts, visit, "restore_defaults", "");
    return done(kGeneral, Text::did_restore_defaults);
}

std::string_view standing_text(const View& view, seats::SeatStanding standing) {
    switch (standing) {
        case seats::SeatStanding::held: return text(view.language, Text::seat_held);
        case seats::SeatStanding::grace: return text(view.language, Text::seat_grace);
        case seats::SeatStanding::resuming: return text(view.language, Text::seat_resuming);
        case seats::SeatStanding::gone: return text(view.language, Text::seat_gone);
    }
    return "";
}

Markup seat_table(const View& view, const seats::SeatsState& state) {
    if (state.seats.empty()) {
        return panel::paragraph(text(view.language, Text::no_seats));
    }
    Markup rows;
    for (const seats::SeatRow& one : state.seats) {
        rows += panel::row(panel::cell_of(panel::link("/apps/" + one.device_id, one.device_name)) +
                           panel::cell(one.user) + panel::cell(standing_text(view, one.standing)) +
                           panel::cell(one.licence) + panel::cell(one.key) +
                           panel::number_cell(one.number));
    }
    return panel::table(text(view.language, Text::seats),
                        table_head(view, {Text::app, Text::login, Text::state, Text::licence,
                                          Text::key, Text::number}),
                        rows);
}

Response protection(const Parts& parts, const View& view, const SettingForm& asked_form) {
    SettingForm form = asked_form;
    form.facts = parts.settings.told();
    const seats::SeatsState state = parts.seats.state();
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = panel::heading(say(Text::protection));
    if (state.needed) {
        html += panel::facts(
            panel::fact(say(Text::licence_server), state.address) +
            panel::fact(say(Text::last_answer), moment_text(view.language, state.last_heard_ms)) +
            panel::fact(say(Text::last_fault),
                        state.last_error.empty() ? say(Text::none) : state.last_error));
        html += console::form(view, "/settings/protection/test",
                              panel::button(say(Text::test_licences)));
    } else {
        html += panel::paragraph(say(Text::no_licences_needed));
    }
    html += panel::paragraph(say(Text::keys_are_elsewhere));
    html += panel::heading(say(Text::seats), 2) + seat_table(view, state);
    html += panel::heading(say(Text::settings), 2) +
            setting_form(view, form, kProtection,
                         {"licences.address", "licences.product", "licences.licence",
                          "licences.terminal_licence", "licences.contact",
                          "licences.access_code_file", "licences.vendor_root"});
    return settings_page(view, Place::protection, html);
}

Response test_licences(const Parts& parts, const Visit& visit) {
    const auto key = parts.seats.test();
    if (!key) {
        return protection(parts, refused_view(visit, key.error()), {});
    }
    log(parts, visit, "test_licences", *key);
    return done(kProtection, Text::did_test_licences, *key);
}

}  // namespace

void add_general(http::Router& router, const Parts& parts) {
    router.add(Method::get, "/settings", Access::administrator,
               [](const Visit&) { return http::see_other(kGeneral); });
    router.add(Method::get, kGeneral, Access::administrator,
               [&parts](const Visit& visit) { return general(parts, view_of(visit), {}); });
    router.add(Method::post, kTryAddresses, Access::administrator, [&parts](const Visit& visit) {
        return general(parts, view_of(visit), {}, ask_addresses(parts.facts));
    });
    router.add(Method::post, "/settings/change", Access::administrator,
               [&parts](const Visit& visit) { return change(parts, visit); });
    router.add(Method::get, "/settings/defaults", Access::administrator,
               [&parts](const Visit& visit) { return defaults(parts, view_of(visit)); });
    router.add(Method::post, "/settings/defaults", Access::administrator,
               [&parts](const Visit& visit) { return restore(parts, visit); });
}

void add_protection(http::Router& router, const Parts& parts) {
    router.add(Method::get, kProtection, Access::administrator,
               [&parts](const Visit& visit) { return protection(parts, view_of(visit), {}); });
    router.add(Method::post, "/settings/protection/test", Access::administrator,
               [&parts](const Visit& visit) { return test_licences(parts, visit); });
}

}  // namespace tillhost::sumpd::console
