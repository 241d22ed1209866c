#include "sumpd/console/device_pages.h"

// The form of a device's settings, made of its driver's manifest.
namespace tillhost::sumpd::console {

using contract::FieldKind;
using contract::SettingField;
using http::fill;

namespace {

constexpr std::string_view kByHand = "";  ///< of the list of ports: none of them

Markup labelled(const View& view, const SettingField& field, const Markup& control) {
    std::string label(text_of(view.language, field.title));
    if (!field.unit.empty()) {
        label += ", " + field.unit;
    }
    return fill(
        "<label><span>{label}</span> {control}<small class=\"facts\">{help}</small></label>\n",
        {{"label", label}, {"control", control}, {"help", text_of(view.language, field.help)}});
}

Markup choice_field(const View& view, const SettingField& field, const std::string& value) {
    Markup options;
    if (!field.required) {
        options += Markup("<option value=\"\"></option>");
    }
    const std::string& chosen = value.empty() ? field.default_value : value;
    for (const contract::SettingChoice& one : field.choices) {
        options += fill("<option value=\"{value}\"{set}>{says}</option>",
                        {{"value", one.value},
                         {"set", Markup(one.value == chosen ? " selected" : "")},
                         {"says", text_of(view.language, one.title)}});
    }
    return labelled(view, field,
                    fill("<select name=\"set.{name}\">{options}</select>",
                         {{"name", field.name}, {"options", options}}));
}

Markup text_field(const View& view, const SettingField& field, const std::string& value,
                  const Markup& more) {
    return labelled(view, field,
                    fill("<input name=\"set.{name}\" autocomplete=\"off\"{more} value=\"{value}\" "
                         "placeholder=\"{normal}\">",
                         {{"name", field.name},
                          {"more", more},
                          {"value", value},
                          {"normal", field.default_value}}));
}

std::string port_text(const View& view, const contract::Port& port) {
    std::string says = port.stable.empty() ? port.address : port.stable;
    if (port.adapter && !port.adapter->name.empty()) {
        says += " · " + port.adapter->name;
    }
    if (port.state != contract::PortState::available) {
        says += " · " + std::string(text_of(view.language, port.reason));
    }
    return says;
}

/// A list of the ports that are there, and a field for any other.
Markup port_field(const View& view, const DeviceForm& form, const SettingField& field,
                  const std::string& value) {
    Markup options = fill("<option value=\"{none}\">{says}</option>",
                          {{"none", kByHand}, {"says", text(view.language, Text::by_hand)}});
    bool listed = false;
    for (const contract::Port& port : form.ports) {
        if (port.state == contract::PortState::not_usable) {
            continue;
        }
        const std::string& address = port.stable.empty() ? port.address : port.stable;
        listed = listed || address == value;
        options += fill("<option value=\"{value}\"{set}>{says}</option>",
                        {{"value", address},
                         {"set", Markup(address == value ? " selected" : "")},
                         {"says", port_text(view, port)}});
    }
    return fill(
               "<label><span>{label}</span> <select name=\"choose.{name}\">{options}</select>"
               "<small class=\"facts\">{help}</small></label>\n",
               {{"label", text_of(view.language, field.title)},
                {"name", field.name},
                {"options", options},
                {"help", text_of(view.language, field.help)}}) +
           panel::input(text(view.language, Text::other_port),
                        {.name = "set." + field.name,
                         .value = listed ? std::string_view() : std::string_view(value)}) +
           panel::paragraph(text(view.language, Text::port_examples));
}

Markup field_of(const View& view, const DeviceForm& form, const SettingField& field) {
    const auto found = form.values.find(field.name);
    const std::string value = found == form.values.end() ? std::string() : found->second;
    switch (field.kind) {
        case FieldKind::unspecified:
        case FieldKind::remembered: return {};
        case FieldKind::choice: return choice_field(view, field, value);
        case FieldKind::port: return port_field(view, form, field, value);
        case FieldKind::integer:
            return text_field(
                view, field, value,
                fill(" type=\"number\" min=\"{min}\" max=\"{max}\"",
                     {{"min", std::to_string(field.min)}, {"max", std::to_string(field.max)}}));
        case FieldKind::digits:
            return text_field(view, field, value, Markup(" inputmode=\"numeric\""));
        case FieldKind::secret:
            return text_field(view, field, "", Markup(" type=\"password\"")) +
                   (form.secrets_kept ? panel::paragraph(text(view.language, Text::secret_stays))
                                      : Markup());
        case FieldKind::text: break;
    }
    return text_field(view, field, value, Markup());
}

}  // namespace

Markup device_fields(const View& view, const DeviceForm& form) {
    Markup html;
    for (const contract::SettingPage& step : form.manifest.pages) {
        Markup fields;
        for (const SettingField& field : step.fields) {
            fields += field_of(view, form, field);
        }
        html += fill("<fieldset><legend>{title}</legend>\n{fields}</fieldset>\n",
                     {{"title", text_of(view.language, step.title)}, {"fields", fields}});
    }
    return html;
}

SettingValues values_in(const http::Visit& visit, const contract::Manifest& manifest) {
    SettingValues values;
    for (const contract::SettingPage& step : manifest.pages) {
        for (const SettingField& field : step.fields) {
            const std::string* typed = http::find(visit.form.fields, "set." + field.name);
            if (typed == nullptr) {
                continue;
            }
            const std::string_view chosen = visit.field("choose." + field.name);
            values[field.name] = typed->empty() ? std::string(chosen) : *typed;
        }
    }
    return values;
}

Markup port_table(const View& view, const std::vector<contract::Port>& ports) {
    if (ports.empty()) {
        return panel::paragraph(text(view.language, Text::no_ports));
    }
    Markup rows;
    for (const contract::Port& port : ports) {
        const char* colour = port.state == contract::PortState::available    ? "good"
                             : port.state == contract::PortState::not_usable ? "grey"
                                                                             : "wrong";
        std::string holder = port.holder;
        if (port.holder_pid != 0) {
            holder += " (" + std::to_string(port.holder_pid) + ")";
        }
        rows += panel::row(
            panel::code_cell(port.stable.empty() ? port.address : port.stable) +
            fill("<td class=\"{colour}\">{state}</td>",
                 {{"colour", colour},
                  {"state", text_of(view.language, port.reason == contract::PortReason::unspecified
                                                       ? contract::PortReason::none
                                                       : port.reason)}}) +
            panel::cell(holder.empty() ? port.device : holder) +
            panel::cell(port.adapter ? port.adapter->name : std::string()));
    }
    return panel::heading(text(view.language, Text::ports), 2) +
           panel::table(text(view.language, Text::ports),
                        table_head(view, {Text::port, Text::state, Text::held_by, Text::adapter}),
                        rows);
}

}  // namespace tillhost::sumpd::console
