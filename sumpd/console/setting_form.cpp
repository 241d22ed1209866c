#include "sumpd/console/setting_form.h"

#include <algorithm>
#include <optional>

#include "ipc/panel/setting.h"

namespace tillhost::sumpd::console {

using http::fill;

namespace {

/// What a setting is called, and what may be said of it.
struct Known {
    std::string_view name;
    Text label;
    std::optional<Text> hint;
};
constexpr Known kKnown[] = {
    {"name", Text::set_name, Text::hint_name},
    {"log", Text::set_log, {}},
    {"packet_bytes", Text::set_packet, Text::hint_packet},
    {"api.address", Text::set_api_address, Text::hint_api_address},
    {"api.port", Text::set_api_port, {}},
    {"api.hosts", Text::set_api_hosts, Text::hint_api_hosts},
    {"api.certificate", Text::set_api_certificate, {}},
    {"api.key", Text::set_api_key, {}},
    {"exchange.node", Text::set_node, {}},
    {"exchange.login", Text::set_node_login, {}},
    {"devices.endpoint", Text::set_devices_endpoint, {}},
    {"devices.registrar", Text::set_registrar, Text::hint_default_device},
    {"devices.terminal", Text::set_terminal, {}},
    {"console.on", Text::set_console_on, Text::hint_console_on},
    {"console.address", Text::set_console_address, {}},
    {"console.port", Text::set_console_port, {}},
    {"console.hosts", Text::set_console_hosts, Text::hint_console_hosts},
    {"licences.address", Text::set_licences, Text::hint_licences},
    {"licences.product", Text::set_product, {}},
    {"licences.licence", Text::set_licence, {}},
    {"licences.terminal_licence", Text::set_terminal_licence, Text::hint_terminal_licence},
    {"licences.access_code_file", Text::set_access_code, {}},
    {"licences.vendor_root", Text::set_vendor_root, {}},
    {"licences.contact", Text::set_contact, Text::hint_contact},
};

const Known* known(std::string_view name) {
    const auto* const found = std::find_if(std::begin(kKnown), std::end(kKnown),
                                           [&](const Known& one) { return one.name == name; });
    return found == std::end(kKnown) ? nullptr : found;
}

/// What stands below a field: what is wrong, what it is for, what it may be, where it comes from.
Markup words_of(const View& view, const SettingFact& fact, const SettingForm& form) {
    Markup html;
    if (form.wrong == fact.name) {
        html += fill("<strong class=\"wrong\">{why}</strong><br>",
                     {{"why", text(view.language, Text::value_refused, form.why)}});
    }
    const Known* const row = known(fact.name);
    if (row != nullptr && row->hint) {
        html += fill("{hint} ", {{"hint", text(view.language, *row->hint)}});
    }
    if (fact.max != 0) {
        html +=
            fill("{range} ", {{"range", text(view.language, Text::from_to, std::to_string(fact.min),
                                             std::to_string(fact.max))}});
    }
    html += fill("{normal} {source}",
                 {{"normal", text(view.language, Text::normally, shown(view, fact, fact.normal))},
                  {"source", source_text(view, fact.source)}});
    if (fact.needs_restart) {
        html += fill("<br><strong class=\"mark\">{text}</strong>",
                     {{"text", text(view.language, Text::from_restart)}});
    } else if (!fact.is_live) {
        html += fill(" {text}", {{"text", text(view.language, Text::holds_at_restart)}});
    }
    return html;
}

Markup setting(const View& view, const SettingFact& fact, const SettingForm& form) {
    panel::Setting to{.name = fact.name,
                      .label = label_of(view, fact.name),
                      .value = fact.value,
                      .was = fact.value,
                      .min = fact.min,
                      .max = fact.max,
                      .is_wrong = form.wrong == fact.name};
    if (!fact.changeable) {
        to.value = shown(view, fact, fact.value);
        to.only_in_file = text(view.language, Text::only_in_file);
        return panel::setting(to);
    }
    if (const auto typed = form.typed.find(fact.name); typed != form.typed.end()) {
        to.value = typed->second;
    }
    for (const std::string& word : fact.choices) {
        to.choices.push_back({word, shown(view, fact, word)});
    }
    to.words = words_of(view, fact, form);
    if (fact.source == SettingSource::console) {
        to.forget = text(view.language, Text::forget_setting, to.label);
    }
    return panel::setting(to);
}

}  // namespace

/// A setting without a name here is called what it is called in the file.
std::string_view label_of(const View& view, std::string_view name) {
    const Known* const row = known(name);
    return row == nullptr ? name : text(view.language, row->label);
}

std::string shown(const View& view, const SettingFact& fact, const std::string& value) {
    if (value.empty()) {
        return std::string(text(view.language, Text::nothing));
    }
    if (!fact.choices.empty() && (value == "yes" || value == "no")) {
        return std::string(yes_no(view, value == "yes"));
    }
    return value;
}

std::string_view source_text(const View& view, SettingSource source) {
    switch (source) {
        case SettingSource::console: return text(view.language, Text::source_console);
        case SettingSource::file: return text(view.language, Text::source_file);
        case SettingSource::normal: return text(view.language, Text::source_normal);
    }
    return "";
}

Markup setting_form(const View& view, const SettingForm& form, std::string_view path,
                    const std::vector<std::string_view>& names) {
    Markup inside;
    bool any = false;
    for (const std::string_view name : names) {
        for (const SettingFact& fact : form.facts) {
            if (fact.name == name) {
                inside += setting(view, fact, form);
                any = any || fact.changeable;
            }
        }
    }
    if (!any) {
        return inside;
    }
    return console::form(
        view, "/settings/change",
        panel::hidden("at", path) + inside + panel::button(text(view.language, Text::save)));
}

SettingWish wish_in(const http::Visit& visit, const std::vector<SettingFact>& facts) {
    SettingWish wish;
    for (const SettingFact& fact : facts) {
        const std::string* value = http::find(visit.form.fields, "set." + fact.name);
        const std::string* was = http::find(visit.form.fields, "was." + fact.name);
        if (visit.field("forget." + fact.name) == "yes") {
            wish.forget.push_back(fact.name);
        } else if (value != nullptr && (was == nullptr || *value != *was)) {
            wish.changes.push_back({fact.name, *value});
        }
    }
    return wish;
}

}  // namespace tillhost::sumpd::console
