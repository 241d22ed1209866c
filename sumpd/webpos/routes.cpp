#include "sumpd/webpos/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "hal/base/text.h"
#include "ipc/json.h"

namespace tillhost::sumpd::webpos {

using base::Done;
using base::Result;
using contract::Value;
using http::Pair;

namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    for (;;) {
        const std::size_t end = std::min(text.find(at), text.size());
        parts.push_back(text.substr(0, end));
        if (end == text.size()) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

bool is_name(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }

/// The parameters if the path fits.
std::optional<std::vector<Pair>> fit(std::string_view pattern, std::string_view path) {
    const auto wanted = split(pattern, '/');
    const auto given = split(path, '/');
    if (wanted.size() != given.size()) {
        return std::nullopt;
    }
    std::vector<Pair> parameters;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (is_name(wanted[i]) && !given[i].empty()) {
            const std::string_view name = wanted[i].substr(1, wanted[i].size() - 2);
            parameters.push_back({std::string(name), std::string(given[i])});
        } else if (wanted[i] != given[i]) {
            return std::nullopt;
        }
    }
    return parameters;
}

/// A field of the query by its kind in routes.def.
Result<Value> query_value(char kind, const Pair& pair) {
    if (kind == '?') {
        if (pair.value != "true" && pair.value != "false") {
            return base::bad_field(pair.name, "true or false");
        }
        return Value(pair.value == "true");
    }
    if (kind == '#') {
        const auto number = base::parse_decimal(pair.value);
        if (!number || number->scale != 0) {
            return base::bad_field(pair.name, "an integer");
        }
        return Value(number->units);
    }
    return Value(pair.value);
}

Result<Value> query_field(std::string_view allowed, const Pair& pair) {
    for (const std::string_view field : split(allowed, ' ')) {
        const bool marked = field.ends_with('?') || field.ends_with('#');
        if (!field.empty() && field.substr(0, field.size() - (marked ? 1 : 0)) == pair.name) {
            return query_value(marked ? field.back() : ' ', pair);
        }
    }
    return base::bad_field(pair.name, allowed.empty()
                                          ? fmt::format("only {} here", kWaitName)
                                          : fmt::format("{}, or one of: {}", kWaitName, allowed));
}

Done put_once(Value::Map& map, const std::string& name, Value value) {
    const bool stands =
        std::any_of(map.begin(), map.end(), [&](const auto& entry) { return entry.first == name; });
    if (stands) {
        return base::bad_field(name, "in one place: the path, the query or the body");
    }
    map.emplace_back(name, std::move(value));
    return {};
}

}  // namespace

const std::vector<Route>& routes() {
    static const std::vector<Route> kRoutes = {
#define X(method, path, kind, query) \
    {http::Method::method, path, contract::RequestKind::kind, query},
#include "sumpd/webpos/routes.def"
#undef X
    };
    return kRoutes;
}

FoundRoute find_route(http::Method method, std::string_view path) {
    FoundRoute found;
    for (const Route& route : routes()) {
        auto parameters = fit(route.path, path);
        if (!parameters) {
            continue;
        }
        found.path_known = true;
        if (route.method == (method == http::Method::head ? http::Method::get : method)) {
            found.route = &route;
            found.parameters = std::move(*parameters);
            return found;
        }
    }
    return found;
}

const Route* find_route(contract::RequestKind kind) {
    const auto found = std::find_if(routes().begin(), routes().end(),
                                    [kind](const Route& route) { return route.kind == kind; });
    return found == routes().end() ? nullptr : &*found;
}

Result<Value> body_of(const FoundRoute& found, const http::Request& request) {
    Value::Map map;
    if (!http::is_safe(request.method) && !request.body.empty()) {
        Value body = TRY(ipc::from_json(request.body));
        const auto* fields = body.get_if<Value::Map>();
        if (fields == nullptr) {
            return base::make_error(base::ErrorCode::malformed, "the body: a JSON object");
        }
        map = *fields;
    }
    for (const Pair& parameter : found.parameters) {
        TRY(put_once(map, parameter.name, Value(parameter.value)));
    }
    for (const Pair& pair : request.query) {
        if (pair.name != kWaitName && pair.name != kBookName) {
            Value value = TRY(query_field(found.route->query, pair));
            TRY(put_once(map, pair.name, std::move(value)));
        }
    }
    return Value(std::move(map));
}

}  // namespace tillhost::sumpd::webpos
