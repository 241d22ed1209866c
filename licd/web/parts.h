#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "ipc/panel/parts.h"
#include "licd/web/view.h"

// The pieces of all panels (ipc/panel/parts.h), with what licd's pages have at hand.
namespace tillhost::licd::web {

using http::Markup;
using panel::area;
using panel::button;
using panel::cell;
using panel::cell_of;
using panel::code_cell;
using panel::fact;
using panel::heading;
using panel::hidden;
using panel::Input;
using panel::input;
using panel::link;
using panel::number_cell;
using panel::paragraph;
using panel::row;
using panel::table;
using panel::tick;
using panel::time_text;

/// The head of a table.
Markup table_head(const View& view, std::initializer_list<Text> columns);
/// A form that posts to `action` with the session's CSRF token.
Markup form(const View& view, std::string_view action, const Markup& inside, bool uploads = false);
/// Where the page of a key is.
std::string key_path(std::string_view serial);

}  // namespace tillhost::licd::web
