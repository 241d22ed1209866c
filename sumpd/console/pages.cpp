#include "sumpd/console/pages.h"

#include <charconv>
#include <utility>

#include "ipc/http/form.h"

namespace tillhost::sumpd::console {

using http::fill;
using http::Response;
using http::Visit;

namespace {

struct SectionRow {
    Section section;
    std::string_view path;
    Text name;
};
constexpr SectionRow kSections[] = {{Section::settings, "/settings", Text::settings},
                                    {Section::users, "/users", Text::users},
                                    {Section::roles, "/roles", Text::roles},
                                    {Section::apps, "/apps", Text::apps},
                                    {Section::registrars, "/registrars", Text::registrars},
                                    {Section::terminals, "/terminals", Text::terminals}};

struct PlaceRow {
    Place place;
    std::string_view path;
    Text name;
};
constexpr PlaceRow kPlaces[] = {
    {Place::general, "/settings/general", Text::general},
    {Place::exchange, "/settings/exchange", Text::exchange},
    {Place::protection, "/settings/protection", Text::protection},
    {Place::security, "/settings/security", Text::security},
    {Place::default_devices, "/settings/device-defaults", Text::default_devices},
    {Place::maintenance, "/settings/maintenance", Text::maintenance},
    {Place::documents, "/settings/documents", Text::documents},
    {Place::commands, "/settings/commands", Text::commands},
    {Place::audit, "/settings/audit", Text::audit}};

}  // namespace

Response page(const View& view, Section section, const Markup& content) {
    std::vector<panel::Tab> tabs;
    for (const SectionRow& one : kSections) {
        tabs.push_back({one.path, text(view.language, one.name), one.section == section});
    }
    return {.body = panel::document(view, text(view.language, Text::title), tabs, content)};
}

Response settings_page(const View& view, Place place, const Markup& content) {
    std::vector<panel::Tab> names;
    for (const PlaceRow& one : kPlaces) {
        names.push_back({one.path, text(view.language, one.name), one.place == place});
    }
    return page(view, Section::settings,
                panel::places(text(view.language, Text::settings), names) + content);
}

Response message_page(const View& view, Section section, std::string_view says, int status) {
    Response answer = page(view, section, panel::heading(says));
    answer.status = status;
    return answer;
}

View view_of(const Visit& visit) {
    View view = panel::view_of(visit);
    const auto note = note_from(asked(visit, "note"));
    if (note) {
        view.note = text(view.language, *note, asked(visit, "of"));
    }
    return view;
}

View error_view(const Visit& visit, std::string_view why) {
    View view = panel::view_of(visit);
    view.error = why;
    return view;
}

View refused_view(const Visit& visit, const exchange::Fault& fault) {
    return error_view(visit, text(visit.language, Text::refused, fault.message));
}

View refused_view(const Visit& visit, const base::Error& error) {
    return error_view(visit, text(visit.language, Text::refused, base::to_text(error)));
}

View tick_view(const Visit& visit) {
    return error_view(visit, text(visit.language, Text::tick_wanted));
}

Response done(std::string_view path, Text note, std::string_view of) {
    return http::see_other(std::string(path) + "?note=" + std::string(name_of(note)) +
                           "&of=" + http::percent_encode(of));
}

Editor editor_of(const Visit& visit) { return {user_of(visit), visit.request.peer}; }

std::string user_of(const Visit& visit) {
    return visit.session ? visit.session->user : std::string();
}

void log(const Parts& parts, const Visit& visit, std::string_view act, std::string_view of) {
    parts.logger.notice("console", {{"act", std::string(act)},
                                    {"of", std::string(of)},
                                    {"user", user_of(visit)},
                                    {"from", visit.request.peer}});
}

std::string asked(const Visit& visit, std::string_view name) {
    const std::string* const value = http::find(visit.request.query, name);
    return value == nullptr ? std::string() : *value;
}

std::int64_t number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : 0;
}

Markup table_head(const View& view, std::initializer_list<Text> columns) {
    Markup cells;
    for (const Text column : columns) {
        cells += panel::column(text(view.language, column));
    }
    return panel::table_head(cells);
}

Markup form(const View& view, std::string_view action, const Markup& inside) {
    return panel::form(view.csrf, action, inside);
}

Markup link_line(std::string_view to, std::string_view label) {
    return fill("<p>{link}</p>\n", {{"link", panel::link(to, label)}});
}

std::string_view yes_no(const View& view, bool is) {
    return text(view.language, is ? Text::yes : Text::no);
}

Markup steps(const View& view, std::string_view first, std::string_view next) {
    Markup html;
    if (!first.empty()) {
        html += panel::link(first, text(view.language, Text::from_the_beginning)) + Markup(" ");
    }
    if (!next.empty()) {
        html += panel::link(next, text(view.language, Text::go_on));
    }
    return fill("<p>{html}</p>\n", {{"html", html}});
}

}  // namespace tillhost::sumpd::console
