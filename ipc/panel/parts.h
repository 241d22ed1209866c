#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/http/html.h"

// Pieces that the pages of all panels share. A text that they are given is escaped; markup is not.
namespace tillhost::panel {

using http::Markup;

Markup heading(std::string_view text, int level = 1);
Markup paragraph(std::string_view text);
/// The name of a column.
Markup column(std::string_view name);
/// The head of a table, of its columns.
Markup table_head(const Markup& columns);
/// A table in a box of its own, which scrolls where the page is narrow, by the keyboard, too;
/// `name` is read out for it. `id` may be empty.
Markup table(std::string_view name, const Markup& head, const Markup& rows,
             std::string_view id = {});
Markup row(const Markup& cells);
Markup cell(std::string_view text);
Markup cell_of(const Markup& content);
/// A text that may be broken anywhere: an id that nobody reads as a word.
Markup code_cell(std::string_view text);
Markup number_cell(std::int64_t number);
/// A form that posts to `action` with the session's CSRF token.
Markup form(std::string_view csrf, std::string_view action, const Markup& inside,
            bool uploads = false);
/// `title`: read out instead of the label, where the label alone does not say of what.
Markup button(std::string_view label, std::string_view title = {});

/// What a labelled input is, as HTML names it.
struct Input {
    std::string_view name;
    std::string_view kind = "text";
    std::string_view autocomplete = "off";
    bool required = false;
    std::string_view accept = "";  ///< of a file
    std::string_view value = "";
};
Markup input(std::string_view label, const Input& what);
Markup area(std::string_view label, std::string_view name);
Markup tick(std::string_view label, std::string_view name, bool set);
Markup hidden(std::string_view name, std::string_view value);
Markup link(std::string_view to, std::string_view label);
/// One of several; `chosen`: the value that is set.
struct Option {
    std::string value;
    std::string says;
};
Markup choice(std::string_view label, std::string_view name, const std::vector<Option>& options,
              std::string_view chosen);
/// A row of a list of facts.
Markup fact(std::string_view name, std::string_view value);
/// Those rows.
Markup facts(const Markup& rows);

/// Of the wall clock and this machine's zone: "2026-03-02 09:00:00".
std::string time_text(std::int64_t unix_ms);

}  // namespace tillhost::panel
