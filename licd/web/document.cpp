#include "ipc/http/form.h"
#include "licd/web/parts.h"

// The frame of licd's pages, and the pieces that know what licd's view is.
namespace tillhost::licd::web {

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

}  // namespace

std::string document(const View& view, Tab tab, const Markup& content) {
    std::vector<panel::Tab> tabs;
    for (const TabRow& one : kTabs) {
        tabs.push_back({one.path, text(view.language, one.name), one.tab == tab});
    }
    return panel::document(view, text(view.language, Text::title), tabs, content);
}

std::string message_page(const View& view, std::string_view text) {
    return document(view, Tab::none, heading(text));
}

Markup table_head(const View& view, std::initializer_list<Text> columns) {
    Markup cells;
    for (const Text column : columns) {
        cells += panel::column(text(view.language, column));
    }
    return panel::table_head(cells);
}

Markup form(const View& view, std::string_view action, const Markup& inside, bool uploads) {
    return panel::form(view.csrf, action, inside, uploads);
}

std::string key_path(std::string_view serial) { return "/keys/" + http::percent_encode(serial); }

}  // namespace tillhost::licd::web
