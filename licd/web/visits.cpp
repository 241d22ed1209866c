#include "licd/web/visits.h"

#include <utility>

#include "ipc/http/form.h"

namespace tillhost::licd::web {
namespace {

/// What an act can leave behind for the page after it.
struct Note {
    std::string_view name;
    Text says;
};
constexpr Note kNotes[] = {
    {"released", Text::released},           {"was_gone", Text::was_gone},
    {"taken_away", Text::taken_away},       {"key_saved", Text::key_saved},
    {"released_all", Text::released_all},   {"loaded", Text::loaded},
    {"login_changed", Text::login_changed}, {"settings_saved", Text::settings_saved},
    {"settings_same", Text::settings_same}, {"defaults_restored", Text::defaults_restored}};

}  // namespace

std::string_view user_of(const http::Visit& visit) {
    return visit.session ? std::string_view(visit.session->user) : std::string_view();
}

View view_of(const http::Visit& visit) {
    View view = panel::view_of(visit);
    const std::string* name = http::find(visit.request.query, "note");
    const std::string* of = http::find(visit.request.query, "of");
    for (const Note& note : kNotes) {
        if (name != nullptr && *name == note.name) {
            view.note = text(view.language, note.says, of == nullptr ? std::string() : *of);
        }
    }
    return view;
}

View error_view(const http::Visit& visit, std::string_view why) {
    View view = view_of(visit);
    view.note.clear();
    view.error = why;
    return view;
}

View refused_view(const http::Visit& visit, const base::Error& error) {
    return error_view(visit, text(visit.language, Text::refused, base::to_text(error)));
}

http::Response page(std::string html) { return {.body = std::move(html)}; }

http::Response unreachable(const http::Visit& visit, const base::Error& error) {
    const View view = refused_view(visit, error);
    return {.status = 503, .body = message_page(view, text(view.language, Text::no_answer))};
}

std::string noted(std::string_view path, std::string_view note, std::string_view of) {
    return std::string(path) + "?note=" + std::string(note) + "&of=" + http::percent_encode(of);
}

}  // namespace tillhost::licd::web
