#include <algorithm>
#include <optional>

#include "ipc/panel/entrance.h"
#include "ipc/panel/setting.h"
#include "licd/web/parts.h"

// The forms of settings, and the question before the defaults come back.
namespace tillhost::licd::web {

using contract::LicenceSetting;
using contract::LicenceSettingSource;
using http::fill;

namespace {

/// What a setting is called, and what may be said of it.
struct Known {
    std::string_view name;
    Text label;
    std::optional<Text> hint;
};
constexpr Known kKnown[] = {
    {"log_level", Text::set_log_level, {}},
    {"network.on", Text::set_network_on, {}},
    {"network.port", Text::set_network_port, Text::hint_network_port},
    {"network.search", Text::set_network_search, {}},
    {"network.group", Text::set_network_group, Text::hint_network_group},
    {"times.lease_s", Text::set_lease, Text::hint_lease},
    {"times.killed_s", Text::set_killed, Text::hint_killed},
    {"times.idle_s", Text::set_idle, Text::hint_idle},
    {"times.beat_s", Text::set_beat, Text::hint_beat},
    {"web.on", Text::set_web_on, Text::hint_web_on},
    {"web.listen", Text::set_web_listen, {}},
    {"web.port", Text::set_web_port, {}},
    {"web.hosts", Text::set_web_hosts, Text::hint_web_hosts},
    {"web.certificate", Text::set_web_certificate, {}},
    {"web.key", Text::set_web_key, {}},
    {"devices.on", Text::set_devices_on, {}},
    {"devices.endpoint", Text::set_devices_endpoint, {}},
};

constexpr std::pair<std::string_view, Text> kSections[] = {{"", Text::section_log},
                                                           {"network", Text::section_network},
                                                           {"times", Text::section_times},
                                                           {"web", Text::section_web},
                                                           {"devices", Text::section_devices}};

const Known* known(std::string_view name) {
    const auto* const found = std::find_if(std::begin(kKnown), std::end(kKnown),
                                           [&](const Known& one) { return one.name == name; });
    return found == std::end(kKnown) ? nullptr : found;
}

std::string_view section_of(std::string_view name) {
    const std::size_t dot = name.find('.');
    return dot == std::string_view::npos ? std::string_view() : name.substr(0, dot);
}

/// A setting of a newer licd is called what it is called there.
std::string_view label_of(const View& view, std::string_view name) {
    const Known* const row = known(name);
    return row == nullptr ? name : text(view.language, row->label);
}

/// A value as it is read: yes and no and the levels of the log in words.
std::string shown(const View& view, const LicenceSetting& one, const std::string& value) {
    constexpr std::pair<std::string_view, Text> kWords[] = {
        {"yes", Text::yes},   {"no", Text::no},     {"0", Text::level_0},
        {"1", Text::level_1}, {"2", Text::level_2}, {"3", Text::level_3}};
    if (value.empty()) {
        return std::string(text(view.language, Text::nothing));
    }
    for (const auto& [word, says] : kWords) {
        if (!one.choices.empty() && word == value) {
            return std::string(text(view.language, says));
        }
    }
    return value;
}

std::string_view source_text(const View& view, LicenceSettingSource source) {
    switch (source) {
        case LicenceSettingSource::panel: return text(view.language, Text::source_panel);
        case LicenceSettingSource::file: return text(view.language, Text::source_file);
        case LicenceSettingSource::normal: return text(view.language, Text::source_normal);
        case LicenceSettingSource::unspecified: break;
    }
    return "";
}

/// What stands below a field: what is wrong, what it is for, what it may be, where it comes from.
Markup facts_of(const View& view, const LicenceSetting& one, const SettingsForm& form) {
    Markup html;
    const Known* const row = known(one.name);
    if (form.wrong == one.name) {
        // licd says it in English; where a hint says what is right, that is read instead.
        const bool is_said = view.language != http::Language::en && row != nullptr && row->hint;
        const std::string why = is_said ? std::string(text(view.language, Text::value_wrong))
                                        : text(view.language, Text::value_refused, form.why);
        html += fill("<strong class=\"wrong\">{why}</strong><br>", {{"why", why}});
    }
    if (row != nullptr && row->hint) {
        html += fill("{hint} ", {{"hint", text(view.language, *row->hint)}});
    }
    if (one.max != 0) {
        html +=
            fill("{range} ", {{"range", text(view.language, Text::from_to, std::to_string(one.min),
                                             std::to_string(one.max))}});
    }
    html += fill("{normal} {source}",
                 {{"normal", text(view.language, Text::normally, shown(view, one, one.normal))},
                  {"source", source_text(view, one.source)}});
    if (one.needs_restart) {
        html += fill("<br><strong class=\"mark\">{text}</strong>",
                     {{"text", text(view.language, Text::from_restart)}});
    }
    return html;
}

Markup setting(const View& view, const LicenceSetting& one, const SettingsForm& form) {
    panel::Setting to{.name = one.name,
                      .label = label_of(view, one.name),
                      .value = one.value,
                      .was = one.value,
                      .min = one.min,
                      .max = one.max,
                      .is_wrong = form.wrong == one.name};
    if (!one.changeable) {
        to.value = shown(view, one, one.value);
        to.only_in_file = text(view.language, Text::only_in_file);
        return panel::setting(to);
    }
    if (const auto typed = form.typed.find(one.name); typed != form.typed.end()) {
        to.value = typed->second;
    }
    for (const std::string& word : one.choices) {
        to.choices.push_back({word, shown(view, one, word)});
    }
    to.words = facts_of(view, one, form);
    if (one.source == LicenceSettingSource::panel) {
        to.forget = text(view.language, Text::forget_setting, to.label);
    }
    return panel::setting(to);
}

Markup section(const View& view, const SettingsForm& form, std::string_view name, Text title) {
    Markup inside;
    for (const LicenceSetting& one : form.reply.settings) {
        if (section_of(one.name) == name) {
            inside += setting(view, one, form);
        }
    }
    const std::string_view says = text(view.language, title);
    return heading(says, 2) +
           web::form(view, "/settings/change",
                     inside + button(text(view.language, Text::save),
                                     text(view.language, Text::save_section, says)));
}

}  // namespace

std::string settings_page(const View& view, const SettingsForm& form) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = heading(say(Text::tab_settings)) +
                  paragraph(text(view.language, Text::settings_says, form.reply.file));
    for (const auto& [name, title] : kSections) {
        html += section(view, form, name, title);
    }
    html +=
        heading(say(Text::defaults), 2) +
        fill("<p>{link}</p>\n", {{"link", link("/settings/defaults", say(Text::see_defaults))}});
    return document(view, Tab::settings, html + panel::change_form(view, "/settings/login"));
}

std::string defaults_page(const View& view, const contract::LicenceSettingsReply& now,
                          const contract::LicenceSettingsReply& then) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows;
    bool any = false;
    for (const LicenceSetting& one : now.settings) {
        const auto found =
            std::find_if(then.settings.begin(), then.settings.end(),
                         [&](const LicenceSetting& other) { return other.name == one.name; });
        if (one.source != LicenceSettingSource::panel || found == then.settings.end()) {
            continue;
        }
        any = true;
        rows += row(cell(label_of(view, one.name)) + cell(shown(view, one, one.value)) +
                    cell(shown(view, one, found->value)) + cell(source_text(view, found->source)));
    }
    Markup html = heading(say(Text::defaults));
    html += any ? table(say(Text::defaults),
                        table_head(view, {Text::name, Text::value_now, Text::value_then,
                                          Text::comes_from}),
                        rows)
                : paragraph(say(Text::nothing_to_restore));
    html += form(view, "/settings/defaults",
                 tick(say(Text::defaults_tick), "sure", false) + button(say(Text::defaults)));
    return document(
        view, Tab::settings,
        html + fill("<p>{link}</p>\n", {{"link", link("/settings", say(Text::back_to_settings))}}));
}

}  // namespace tillhost::licd::web
