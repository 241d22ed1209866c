#pragma once

#include <string>
#include <string_view>

#include "ipc/http/message.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/schema.h"

// JSON over HTTP: which path is which operation (exchange::json_routes()), and how a request's
// parts become its record.
namespace tillhost::sumpd::api {

/// The route of a path, and whether another method would have one.
struct FoundRoute {
    const exchange::JsonRoute* route = nullptr;
    bool path_known = false;
};
FoundRoute find_route(http::Method method, std::string_view path);

/// The request as JSON text: what stands in the path, of a GET in the query, then the body's
/// fields; of a raw body its Data, and Sha256 as X-Content-Sha256 says or, if it does not,
/// computed. A field that stands in both is refused by the reader as a double name. Faults:
/// schema_invalid (a number that is none), bad_request (a body that is no object).
exchange::Outcome<std::string> json_of(const exchange::JsonRoute& route,
                                       const http::Request& request);

}  // namespace tillhost::sumpd::api
