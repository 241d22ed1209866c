#include "ipc/panel/setting.h"

#include <fmt/format.h>

namespace tillhost::panel {

using http::fill;

namespace {

Markup choices(const Setting& one, const Markup& attributes) {
    Markup options;
    for (const Option& option : one.choices) {
        options += fill("<option value=\"{word}\"{set}>{says}</option>",
                        {{"word", option.value},
                         {"set", Markup(option.value == one.value ? " selected" : "")},
                         {"says", option.says}});
    }
    return fill("<select {attributes}>{options}</select>",
                {{"attributes", attributes}, {"options", options}});
}

Markup field(const Setting& one) {
    const Markup attributes =
        fill("id=\"set.{name}\" name=\"set.{name}\" aria-describedby=\"of.{name}\"{wrong}",
             {{"name", one.name}, {"wrong", Markup(one.is_wrong ? " aria-invalid=\"true\"" : "")}});
    if (!one.choices.empty()) {
        return choices(one, attributes);
    }
    if (one.max == 0) {
        return fill("<input {attributes} value=\"{value}\" autocomplete=\"off\">",
                    {{"attributes", attributes}, {"value", one.value}});
    }
    return fill(
        "<input {attributes} type=\"number\" required min=\"{min}\" max=\"{max}\" "
        "value=\"{value}\">",
        {{"attributes", attributes},
         {"min", std::to_string(one.min)},
         {"max", std::to_string(one.max)},
         {"value", one.value}});
}

}  // namespace

Markup setting(const Setting& one) {
    if (!one.only_in_file.empty()) {
        return fill("<p><strong>{label}</strong> {value} <span class=\"facts\">{only}</span></p>\n",
                    {{"label", one.label}, {"value", one.value}, {"only", one.only_in_file}});
    }
    Markup html = fill("<label for=\"set.{name}\"><span>{label}</span></label>\n{field}\n",
                       {{"name", one.name}, {"label", one.label}, {"field", field(one)}}) +
                  hidden(fmt::format("was.{}", one.name), one.was) +
                  fill("<p class=\"facts\" id=\"of.{name}\">{words}</p>\n",
                       {{"name", one.name}, {"words", one.words}});
    if (!one.forget.empty()) {
        html += tick(one.forget, fmt::format("forget.{}", one.name), false);
    }
    return fill("<div class=\"setting\">{html}</div>\n", {{"html", html}});
}

}  // namespace tillhost::panel
