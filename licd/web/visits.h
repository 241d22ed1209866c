#pragma once

#include <string>
#include <string_view>

#include "hal/base/error.h"
#include "ipc/http/router.h"
#include "licd/web/view.h"

// Between what the router hands over and what the pages are made of.
namespace tillhost::licd::web {

/// Who has signed in; empty if nobody has.
std::string_view user_of(const http::Visit& visit);
/// With the note that the address carries, if it is one of ours.
View view_of(const http::Visit& visit);
View error_view(const http::Visit& visit, std::string_view why);
/// For what licd refused: its own words.
View refused_view(const http::Visit& visit, const base::Error& error);

http::Response page(std::string html);
/// licd did not answer.
http::Response unreachable(const http::Visit& visit, const base::Error& error);
/// Where to go on with a note: its name and what it is of.
std::string noted(std::string_view path, std::string_view note, std::string_view of);

}  // namespace tillhost::licd::web
