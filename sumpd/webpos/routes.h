#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "ipc/contract/kinds.h"
#include "ipc/contract/value.h"
#include "ipc/http/message.h"

// Which request of the device contract a path is (routes.def), and how its parts become the body.
namespace tillhost::sumpd::webpos {

struct Route {
    http::Method method = http::Method::get;
    std::string_view path;  ///< with {names}
    contract::RequestKind kind = contract::RequestKind::unspecified;
    std::string_view query;
};
const std::vector<Route>& routes();

struct FoundRoute {
    const Route* route = nullptr;
    bool path_known = false;  ///< another method has a route of this path
    std::vector<http::Pair> parameters{};
};
FoundRoute find_route(http::Method method, std::string_view path);
/// Nothing if no path is that request.
const Route* find_route(contract::RequestKind kind);

/// How long an answer may be waited for, and which book may answer; no fields of the contract.
inline constexpr std::string_view kWaitName = "waitMs";
inline constexpr std::string_view kBookName = "book";
inline constexpr std::int64_t kWaitMsNotSaid = -1;
inline constexpr std::int64_t kWaitMsMax = 25000;

/// What is asked, in whatever form it came.
struct Asked {
    const Route* route = nullptr;  ///< nothing: the poll of events
    contract::Value body{};        ///< of the contract's request; of the poll topics and after
    std::int64_t wait_ms = kWaitMsNotSaid;
    std::int64_t book = 0;  ///< 0 = any
};
struct Told {
    contract::Value reply{};  ///< as the contract's JSON has it
    std::int64_t book = 0;    ///< of the devd that answered
};

/// The body of the contract's request. Errors: malformed (JSON, with line and column; no object),
/// bad_field (a query field that the route does not have, or one that stands in two places).
base::Result<contract::Value> body_of(const FoundRoute& found, const http::Request& request);

}  // namespace tillhost::sumpd::webpos
