#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "ipc/http/html.h"
#include "licd/web/view.h"

// Pieces that the pages share. A text that they are given is escaped; markup is not.
namespace tillhost::licd::web {

using http::Markup;

Markup heading(std::string_view text, int level = 1);
Markup paragraph(std::string_view text);
/// The head of a table.
Markup table_head(const View& view, std::initializer_list<Text> columns);
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
Markup form(const View& view, std::string_view action, const Markup& inside, bool uploads = false);
/// `title`: read out instead of the label, where the label alone does not say of what.
Markup button(std::string_view label, std::string_view title = {});

/// What a labelled input is, as HTML names it.
struct Input {
    std::string_view name;
    std::string_view kind = "text";
    std::string_view autocomplete = "off";
    bool required = false;
    std::string_view accept = "";  ///< of a file
};
Markup input(std::string_view label, const Input& what);
Markup area(std::string_view label, std::string_view name);
Markup tick(std::string_view label, std::string_view name, bool set);
Markup hidden(std::string_view name, std::string_view value);
Markup link(std::string_view to, std::string_view label);
/// Where the page of a key is.
std::string key_path(std::string_view serial);
/// A row of a list of facts.
Markup fact(std::string_view name, std::string_view value);

}  // namespace tillhost::licd::web
