#include <algorithm>
#include <optional>
#include <set>

#include "ipc/http/form.h"
#include "sumpd/console/device_pages.h"
#include "sumpd/gateway/device_command.h"
#include "sumpd/store/staging.h"

// Default devices of users, apps and stores: a form each, and one page that shows them all.
namespace tillhost::sumpd::console {

using gateway::DefaultEntry;
using gateway::DefaultKind;
using gateway::DefaultPlace;
using gateway::DefaultRule;
using http::Access;
using http::Method;
using http::Response;
using http::Visit;

namespace {

constexpr std::string_view kPage = "/settings/device-defaults";
constexpr std::int64_t kStoresShownMax = 500;

struct KindRow {
    const DeviceKind& kind;
    Text name;
    const char* field;
};
const KindRow kKinds[] = {{kRegistrars, Text::set_registrar, "registrar"},
                          {kTerminals, Text::set_terminal, "terminal"}};

std::string_view word_of(DefaultRule rule) {
    return exchange::names_of(rule)[static_cast<std::size_t>(rule) - 1];
}

DefaultRule rule_from(std::string_view word) {
    for (const DefaultRule rule : {DefaultRule::user, DefaultRule::app, DefaultRule::store}) {
        if (word_of(rule) == word) {
            return rule;
        }
    }
    return DefaultRule::unspecified;
}

std::string_view text_of(http::Language language, DefaultRule rule) {
    switch (rule) {
        case DefaultRule::user: return text(language, Text::user);
        case DefaultRule::app: return text(language, Text::app);
        case DefaultRule::store: return text(language, Text::store);
        case DefaultRule::server: return text(language, Text::the_server);
        case DefaultRule::unspecified: break;
    }
    return "";
}

bool is_of(const contract::Device& device, const DeviceKind& kind) {
    return gateway::is_of_kind(device.driver, kind.default_kind);
}

std::string name_of_user(const Parts& parts, const std::string& id) {
    const auto user = parts.people.user(id);
    return user ? user->name : id;
}

std::string name_of_app(const Parts& parts, const std::string& id) {
    const auto card = parts.registry.device(id);
    return !card ? id : card->row.name.empty() ? card->row.model : card->row.name;
}

std::string name_of(const Parts& parts, const DefaultPlace& place) {
    return place.rule == DefaultRule::user  ? name_of_user(parts, place.of)
           : place.rule == DefaultRule::app ? name_of_app(parts, place.of)
                                            : place.of;
}

/// Whom commands under this rule come from, as far as it tells.
gateway::Asker asker_of(const Parts& parts, DefaultRule rule, const std::string& of) {
    if (rule == DefaultRule::user) {
        return {.user = of};
    }
    if (rule == DefaultRule::store) {
        return {.store = of};
    }
    const auto card = parts.registry.device(of);
    return {.app = of, .store = card ? card->row.store_id : std::string()};
}

using DeviceList = std::vector<contract::Device>;

/// Those that can be chosen, and the one that is, whatever became of it.
Markup choice_of(const Parts& parts, const View& view, const DeviceList& devices,
                 const KindRow& row, const std::string& now) {
    const auto label = [&](const contract::Device& one) {
        const std::string name = one.name.empty() ? one.device : one.name;
        return parts.device_choice.is_visible(one.device)
                   ? name
                   : text(view.language, Text::device_is_hidden, name);
    };
    std::vector<panel::Option> options{
        {"", std::string(text(view.language, Text::no_own_default))}};
    bool is_there = now.empty();
    for (const contract::Device& one : devices) {
        if (is_of(one, row.kind)) {
            is_there = is_there || one.device == now;
            options.push_back({one.device, label(one)});
        }
    }
    if (!is_there) {
        options.push_back({now, text(view.language, Text::device_is_gone, now)});
    }
    return panel::choice(text(view.language, row.name), row.field, options, now);
}

Markup choices_of(const Parts& parts, const View& view, DefaultRule rule, const std::string& of) {
    const auto devices = parts.devices.devices();
    Markup fields;
    for (const KindRow& row : kKinds) {
        const std::string now = parts.default_rules.device_of({rule, of, row.kind.default_kind});
        fields += choice_of(parts, view, devices.value_or(DeviceList{}), row, now);
    }
    return fields + panel::button(text(view.language, Text::save));
}

Markup form_of(const Parts& parts, const View& view, DefaultRule rule, const std::string& of) {
    return form(view, std::string(kPage) + "/set",
                panel::hidden("rule", word_of(rule)) + panel::hidden("of", of) +
                    choices_of(parts, view, rule, of));
}

/// A device with whose rule says so.
std::string chosen_text(const View& view, const gateway::DefaultChoice& choice) {
    return choice.device.empty()
               ? std::string(text(view.language, Text::none))
               : choice.device + " (" + std::string(text_of(view.language, choice.rule)) + ")";
}

/// Stores that the accounting system sent, and those that have a default.
std::set<std::string> stores_of(const Parts& parts) {
    using Ids = std::set<std::string>;
    auto sent = parts.store.transactions().read<Ids>([](store::Sql& sql) -> exchange::Outcome<Ids> {
        const std::int64_t seen = store::visible_seq(sql);
        Ids ids;
        for (const store::Row& row :
             sql.query("SELECT DISTINCT id FROM object WHERE kind = 'Store' AND deleted = 0"
                       " AND seq <= :a AND (superseded_by = 0 OR superseded_by > :b) ORDER BY id"
                       " LIMIT :c",
                       "t", {seen, seen, kStoresShownMax})) {
            ids.insert(store::text(row[0]));
        }
        return ids;
    });
    Ids ids = sent ? std::move(*sent) : Ids{};
    for (const auto& [place, device] : parts.default_rules.all()) {
        if (place.rule == DefaultRule::store) {
            ids.insert(place.of);
        }
    }
    return ids;
}

std::string path_of(DefaultRule rule, const std::string& of) {
    return rule == DefaultRule::user  ? "/users/" + http::percent_encode(of)
           : rule == DefaultRule::app ? "/apps/" + http::percent_encode(of)
                                      : std::string(kPage);
}

Markup all_table(const Parts& parts, const View& view) {
    Markup rows;
    const auto all = parts.default_rules.all();
    for (const auto& [place, device] : all) {
        const bool is_terminal = place.kind == DefaultKind::terminal;
        rows += panel::row(
            panel::cell(text_of(view.language, place.rule)) +
            panel::cell_of(panel::link(path_of(place.rule, place.of), name_of(parts, place))) +
            panel::cell(text(view.language, kKinds[is_terminal ? 1 : 0].name)) +
            panel::code_cell(device));
    }
    if (all.empty()) {
        return panel::paragraph(text(view.language, Text::no_defaults));
    }
    return panel::table(text(view.language, Text::default_devices),
                        table_head(view, {Text::default_of, Text::name, Text::kind, Text::device}),
                        rows);
}

Response show(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup facts;
    for (const KindRow& row : kKinds) {
        facts += panel::fact(
            say(row.name), chosen_text(view, parts.gateway.default_for({}, row.kind.default_kind)));
    }
    Markup html = panel::heading(say(Text::default_devices)) +
                  panel::paragraph(say(Text::default_devices_say)) +
                  panel::heading(say(Text::whole_server), 2) + panel::facts(facts) +
                  link_line("/settings/general", say(Text::general)) + all_table(parts, view) +
                  panel::heading(say(Text::stores), 2);
    for (const std::string& id : stores_of(parts)) {
        html += panel::heading(id, 3) + form_of(parts, view, DefaultRule::store, id);
    }
    html += form(view, std::string(kPage) + "/set",
                 panel::hidden("rule", word_of(DefaultRule::store)) +
                     panel::input(say(Text::store_id), {.name = "of", .required = true}) +
                     choices_of(parts, view, DefaultRule::store, ""));
    return settings_page(view, Place::default_devices, html);
}

bool is_known(const Parts& parts, DefaultRule rule, const std::string& of) {
    return rule == DefaultRule::user  ? parts.people.user(of).has_value()
           : rule == DefaultRule::app ? parts.registry.device(of).has_value()
                                      : rule == DefaultRule::store;
}

/// What of the form cannot be: a device that is not one of the kind. The one that is set may stay.
std::optional<std::string> unfit_in(const Parts& parts, const std::vector<DefaultEntry>& wanted) {
    const auto devices = parts.devices.devices();
    for (const auto& [place, device] : wanted) {
        const KindRow& row = kKinds[place.kind == DefaultKind::terminal ? 1 : 0];
        const auto fits = [&, id = device](const contract::Device& one) {
            return one.device == id && is_of(one, row.kind);
        };
        const bool is_kept = device.empty() || device == parts.default_rules.device_of(place);
        if (!is_kept && (!devices || std::none_of(devices->begin(), devices->end(), fits))) {
            return device;
        }
    }
    return std::nullopt;
}

Response set(const Parts& parts, const Visit& visit) {
    const DefaultRule rule = rule_from(visit.field("rule"));
    const std::string of(visit.field("of"));
    if (!is_known(parts, rule, of)) {
        return message_page(view_of(visit), Section::settings,
                            text(visit.language, Text::not_found), 404);
    }
    std::vector<DefaultEntry> wanted;
    for (const KindRow& row : kKinds) {
        wanted.emplace_back(DefaultPlace{rule, of, row.kind.default_kind},
                            std::string(visit.field(row.field)));
    }
    if (const auto device = unfit_in(parts, wanted)) {
        return show(parts, error_view(visit, text(visit.language, Text::device_unfit, *device)));
    }
    const auto changed = parts.default_rules.set(wanted, user_of(visit), visit.request.peer);
    if (!changed) {
        return show(parts, refused_view(visit, changed.error()));
    }
    if (*changed == 0) {
        return done(path_of(rule, of), Text::did_not_change);
    }
    log(parts, visit, "default.set", std::string(word_of(rule)) + " " + of);
    return done(path_of(rule, of), Text::did_set_default);
}

}  // namespace

Markup default_form(const Parts& parts, const View& view, DefaultRule rule, const std::string& of) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup facts;
    for (const KindRow& row : kKinds) {
        const auto choice =
            parts.gateway.default_for(asker_of(parts, rule, of), row.kind.default_kind);
        facts += panel::fact(say(row.name), chosen_text(view, choice));
    }
    return panel::heading(say(Text::default_devices), 2) +
           panel::paragraph(say(Text::default_devices_say)) + panel::facts(facts) +
           form_of(parts, view, rule, of);
}

std::string defaults_at(const Parts& parts, const View& view, const DeviceKind& kind,
                        const std::string& device) {
    std::string all;
    const auto add = [&](std::string_view what) {
        all += (all.empty() ? "" : "; ") + std::string(what);
    };
    if (default_of(parts, kind) == device) {
        add(text(view.language, Text::the_server));
    }
    for (const auto& [place, chosen] : parts.default_rules.all()) {
        if (chosen == device && place.kind == kind.default_kind) {
            add(std::string(text_of(view.language, place.rule)) + " " + name_of(parts, place));
        }
    }
    return all;
}

void add_defaults(http::Router& router, const Parts& parts) {
    router.add(Method::get, kPage, Access::administrator,
               [&](const Visit& visit) { return show(parts, view_of(visit)); });
    router.add(Method::post, std::string(kPage) + "/set", Access::administrator,
               [&](const Visit& visit) { return set(parts, visit); });
}

}  // namespace tillhost::sumpd::console
