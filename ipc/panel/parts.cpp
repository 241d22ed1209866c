#include "ipc/panel/parts.h"

#include <fmt/format.h>

#include <chrono>

#include "hal/os/local_time.h"

namespace tillhost::panel {

using http::fill;

Markup heading(std::string_view text, int level) {
    return level == 1 ? fill("<h1>{text}</h1>\n", {{"text", text}})
                      : fill("<h2>{text}</h2>\n", {{"text", text}});
}

Markup paragraph(std::string_view text) { return fill("<p>{text}</p>\n", {{"text", text}}); }

Markup column(std::string_view name) {
    return fill("<th scope=\"col\">{name}</th>", {{"name", name}});
}

Markup table_head(const Markup& columns) {
    return fill("<thead><tr>{columns}</tr></thead>\n", {{"columns", columns}});
}

Markup table(std::string_view name, const Markup& head, const Markup& rows, std::string_view id) {
    const Markup named = id.empty() ? Markup() : fill(" id=\"{id}\"", {{"id", id}});
    return fill(
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"{name}\"{id}><table>{head}"
        "<tbody>{rows}</tbody></table></div>\n",
        {{"name", name}, {"id", named}, {"head", head}, {"rows", rows}});
}

Markup row(const Markup& cells) { return fill("<tr>{cells}</tr>\n", {{"cells", cells}}); }

Markup cell(std::string_view text) { return fill("<td>{text}</td>", {{"text", text}}); }

Markup cell_of(const Markup& content) { return fill("<td>{content}</td>", {{"content", content}}); }

Markup code_cell(std::string_view text) {
    return fill("<td class=\"code\">{text}</td>", {{"text", text}});
}

Markup number_cell(std::int64_t number) {
    return fill("<td class=\"number\">{n}</td>", {{"n", std::to_string(number)}});
}

Markup form(std::string_view csrf, std::string_view action, const Markup& inside, bool uploads) {
    return fill(
        "<form method=\"post\" action=\"{action}\" enctype=\"{type}\">{csrf}{inside}</form>\n",
        {{"action", action},
         {"type", uploads ? "multipart/form-data" : "application/x-www-form-urlencoded"},
         {"csrf", hidden("csrf", csrf)},
         {"inside", inside}});
}

Markup button(std::string_view label, std::string_view title) {
    return fill("<button type=\"submit\" aria-label=\"{title}\">{label}</button>",
                {{"title", title.empty() ? label : title}, {"label", label}});
}

Markup input(std::string_view label, const Input& what) {
    const Markup required(what.required ? " required" : "");
    const Markup accept =
        what.accept.empty() ? Markup() : fill(" accept=\"{types}\"", {{"types", what.accept}});
    const Markup value =
        what.value.empty() ? Markup() : fill(" value=\"{value}\"", {{"value", what.value}});
    return fill(
        "<label><span>{label}</span> <input name=\"{name}\" type=\"{kind}\" "
        "autocomplete=\"{complete}\"{required}{accept}{value}></label>\n",
        {{"label", label},
         {"name", what.name},
         {"kind", what.kind},
         {"complete", what.autocomplete},
         {"required", required},
         {"accept", accept},
         {"value", value}});
}

Markup area(std::string_view label, std::string_view name) {
    return fill(
        "<label><span>{label}</span> <textarea name=\"{name}\" rows=\"8\" "
        "spellcheck=\"false\"></textarea></label>\n",
        {{"label", label}, {"name", name}});
}

Markup tick(std::string_view label, std::string_view name, bool set) {
    return fill(
        "<label class=\"tick\"><input name=\"{name}\" type=\"checkbox\" value=\"yes\"{set}> "
        "{label}</label>\n",
        {{"name", name}, {"set", Markup(set ? " checked" : "")}, {"label", label}});
}

Markup hidden(std::string_view name, std::string_view value) {
    return fill("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">",
                {{"name", name}, {"value", value}});
}

Markup link(std::string_view to, std::string_view label) {
    return fill("<a href=\"{to}\">{label}</a>", {{"to", to}, {"label", label}});
}

Markup choice(std::string_view label, std::string_view name, const std::vector<Option>& options,
              std::string_view chosen) {
    Markup items;
    for (const Option& one : options) {
        items += fill("<option value=\"{value}\"{set}>{says}</option>",
                      {{"value", one.value},
                       {"set", Markup(one.value == chosen ? " selected" : "")},
                       {"says", one.says}});
    }
    return fill("<label><span>{label}</span> <select name=\"{name}\">{items}</select></label>\n",
                {{"label", label}, {"name", name}, {"items", items}});
}

Markup fact(std::string_view name, std::string_view value) {
    return fill("<dt>{name}</dt><dd>{value}</dd>\n", {{"name", name}, {"value", value}});
}

Markup facts(const Markup& rows) { return fill("<dl>{rows}</dl>\n", {{"rows", rows}}); }

std::string time_text(std::int64_t unix_ms) {
    using std::chrono::days;
    using std::chrono::seconds;
    const std::chrono::sys_time<seconds> at{seconds(unix_ms / 1000 + os::utc_offset_s(unix_ms))};
    const auto day = std::chrono::floor<days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count());
}

}  // namespace tillhost::panel
