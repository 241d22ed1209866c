#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ipc/http/html.h"
#include "ipc/http/router.h"
#include "ipc/http/texts.h"

// The frame around every page of a panel.
namespace tillhost::panel {

/// What every page is made with.
struct View {
    http::Language language = http::Language::en;
    std::string user = {};   ///< signed in; empty = nobody is
    std::string csrf = {};   ///< the session's; goes into every form
    std::string note = {};   ///< what the last act did
    std::string error = {};  ///< why it did not
};
/// Of who asks, without note and error.
View view_of(const http::Visit& visit);

/// A section of the panel.
struct Tab {
    std::string_view path;
    std::string_view name;  ///< in the page's language
    bool is_current = false;
};

/// The whole document: a header with the sections, the languages and the way out (for who has
/// signed in), what the last act did, the content. `title` names the server.
std::string document(const View& view, std::string_view title, const std::vector<Tab>& tabs,
                     const http::Markup& content);

/// One of `names` in a list of places within a section, each with its own address.
http::Markup places(std::string_view label, const std::vector<Tab>& names);

}  // namespace tillhost::panel
