#include "ipc/panel/document.h"

#include <array>

#include "ipc/panel/parts.h"
#include "ipc/panel/texts.h"

namespace tillhost::panel {

using http::fill;

namespace {

Markup list_of(const std::vector<Tab>& tabs) {
    Markup items;
    for (const Tab& one : tabs) {
        const Markup here(one.is_current ? " aria-current=\"page\"" : "");
        items += fill("<li><a href=\"{path}\"{here}>{name}</a></li>",
                      {{"path", one.path}, {"here", here}, {"name", one.name}});
    }
    return fill("<ul>{items}</ul>", {{"items", items}});
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
                 {"form", form(view.csrf, "/language", buttons)}});
}

Markup sign_out(const View& view) {
    return form(
        view.csrf, "/sign-out",
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

View view_of(const http::Visit& visit) {
    View view{.language = visit.language};
    if (visit.session) {
        view.user = visit.session->user;
        view.csrf = visit.session->csrf;
    }
    return view;
}

std::string document(const View& view, std::string_view title, const std::vector<Tab>& tabs,
                     const Markup& content) {
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
                {"title", title},
                {"skip", text(view.language, Text::skip_to_content)},
                {"tabs",
                 inside ? fill("<nav>{list}</nav>\n", {{"list", list_of(tabs)}}) : Markup()},
                {"languages", inside ? languages(view) : Markup()},
                {"user", inside ? sign_out(view) : Markup()},
                {"said", said(view)},
                {"content", content}})
        .html();
}

Markup places(std::string_view label, const std::vector<Tab>& names) {
    return fill("<nav class=\"places\" aria-label=\"{label}\">{list}</nav>\n",
                {{"label", label}, {"list", list_of(names)}});
}

}  // namespace tillhost::panel
