#include <array>

#include "licd/web/parts.h"

// The frame of every page, and those that need no licd: signing in and the first set-up.
namespace tillhost::licd::web {

using http::fill;

namespace {

struct TabRow {
    Tab tab;
    std::string_view path;
    Text name;
};
constexpr TabRow kTabs[] = {{Tab::connections, "/connections", Text::tab_connections},
                            {Tab::keys, "/keys", Text::tab_keys},
                            {Tab::functions, "/functions", Text::tab_functions},
                            {Tab::settings, "/settings", Text::tab_settings}};

Markup tabs(const View& view, Tab current) {
    Markup items;
    for (const TabRow& one : kTabs) {
        const Markup here(one.tab == current ? " aria-current=\"page\"" : "");
        items +=
            fill("<li><a href=\"{path}\"{here}>{name}</a></li>",
                 {{"path", one.path}, {"here", here}, {"name", text(view.language, one.name)}});
    }
    return fill("<nav><ul>{items}</ul></nav>\n", {{"items", items}});
}

/// The names of languages stand in their own language.
Markup languages(const View& view) {
    constexpr std::array<std::array<std::string_view, 2>, 3> kLanguages{
        {{"en", "English"}, {"ru", "Русский"}, {"pl", "Polski"}}};
    Markup buttons;
    for (const auto& [code, name] : kLanguages) {
        const bool current = code == http::code_of(view.language);
        buttons += fill(
            "<button name=\"language\" value=\"{code}\" lang=\"{code}\"{pressed}>{name}</button>",
            {{"code", code},
             {"pressed", Markup(current ? " aria-pressed=\"true\"" : "")},
             {"name", name}});
    }
    return fill("<div class=\"languages\" role=\"group\" aria-label=\"{label}\">{form}</div>\n",
                {{"label", text(view.language, Text::language)},
                 {"form", form(view, "/language", buttons)}});
}

Markup sign_out(const View& view) {
    return form(
        view, "/sign-out",
        fill("<span>{user}</span> {button}",
             {{"user", view.user}, {"button", button(text(view.language, Text::sign_out))}}));
}

Markup said(const View& view) {
    Markup html;
    if (!view.note.empty()) {
        html += fill("<p class=\"note\" role=\"status\">{text}</p>\n", {{"text", view.note}});
    }
    if (!view.error.empty()) {
        html += fill("<p class=\"error\" role=\"alert\">{text}</p>\n", {{"text", view.error}});
    }
    return html;
}

}  // namespace

std::string document(const View& view, Tab tab, const Markup& content) {
    const bool inside = !view.user.empty();
    return fill(
               "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<title>{title}</title><link rel=\"stylesheet\" href=\"/assets/panel.css\">\n"
               "<script src=\"/assets/panel.js\" defer></script></head><body>\n"
               "<a class=\"skip\" href=\"#content\">{skip}</a>\n"
               "<header><strong>{title}</strong>\n{tabs}{languages}{user}</header>\n"
               "<main id=\"content\">\n{said}{content}</main></body></html>\n",
               {{"lang", http::code_of(view.language)},
                {"title", text(view.language, Text::title)},
                {"skip", text(view.language, Text::skip_to_content)},
                {"tabs", inside ? tabs(view, tab) : Markup()},
                {"languages", inside ? languages(view) : Markup()},
                {"user", inside ? sign_out(view) : Markup()},
                {"said", said(view)},
                {"content", content}})
        .html();
}

std::string sign_in_page(const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const Markup fields =
        input(say(Text::user), {.name = "user", .autocomplete = "username", .required = true}) +
        input(say(Text::password), {.name = "password",
                                    .kind = "password",
                                    .autocomplete = "current-password",
                                    .required = true}) +
        button(say(Text::sign_in));
    return document(view, Tab::none,
                    heading(say(Text::sign_in)) + form(view, "/login", fields) +
                        paragraph(say(Text::forgotten)));
}

Markup new_password(const View& view) {
    const Input first{
        .name = "password", .kind = "password", .autocomplete = "new-password", .required = true};
    Input again = first;
    again.name = "again";
    return input(text(view.language, Text::new_password), first) +
           input(text(view.language, Text::password_again), again);
}

std::string set_up_page(const View& view, std::string_view file) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const Markup fields =
        input(say(Text::token), {.name = "token", .required = true}) +
        input(say(Text::user), {.name = "user", .autocomplete = "username", .required = true}) +
        new_password(view) + button(say(Text::make_login));
    return document(view, Tab::none,
                    heading(say(Text::set_up)) +
                        paragraph(text(view.language, Text::set_up_says, file)) +
                        form(view, "/set-up", fields));
}

std::string message_page(const View& view, std::string_view text) {
    return document(view, Tab::none, heading(text));
}

}  // namespace tillhost::licd::web
