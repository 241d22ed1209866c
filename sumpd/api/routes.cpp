#include "sumpd/api/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/text.h"
#include "hal/os/digest.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::api {

using exchange::FaultCode;
using exchange::JsonRoute;
using exchange::Outcome;
using http::Method;

namespace {

/// Fields of requests that are numbers and may stand in a path or a query.
constexpr std::array<std::string_view, 3> kNumbers = {"partNo", "waitMs", "maxBytes"};

std::vector<std::string_view> split(std::string_view text, char at) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(at), text.size());
        if (end != 0) {
            parts.push_back(text.substr(0, end));
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

bool is_hole(std::string_view part) { return part.front() == '{'; }

/// The next part of a path, taken off its beginning; empty behind the last.
std::string_view next_part(std::string_view& path) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    return part;
}

bool matches(std::string_view pattern, std::string_view path) {
    for (;;) {
        const std::string_view wanted = next_part(pattern);
        const std::string_view given = next_part(path);
        if (wanted.empty() || given.empty()) {
            return wanted.empty() && given.empty();
        }
        if (!is_hole(wanted) && wanted != given) {
            return false;
        }
    }
}

/// A text in JSON's quotes. Control characters are escaped, so that the reader refuses them.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char each : text) {
        if (each == '"' || each == '\\') {
            out += '\\';
            out += each;
        } else if (static_cast<unsigned char>(each) < 0x20) {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(each));
        } else {
            out += each;
        }
    }
    return out + '"';
}

Outcome<std::string> member(std::string_view name, std::string_view value) {
    if (std::find(kNumbers.begin(), kNumbers.end(), name) == kNumbers.end()) {
        return fmt::format("{}:{}", quoted(name), quoted(value));
    }
    const auto number = base::parse_decimal(value);
    if (!number || number->scale != 0) {
        return exchange::refuse_field(std::string(name), "a whole number");
    }
    return fmt::format("\"{}\":{}", name, number->units);
}

/// What stands in the path, and of a GET in the query.
std::vector<http::Pair> pairs_of(const JsonRoute& route, const http::Request& request) {
    std::vector<http::Pair> pairs;
    const auto wanted = split(route.path, '/');
    const auto given = split(request.path, '/');
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (is_hole(wanted[i])) {
            pairs.push_back(
                {std::string(wanted[i].substr(1, wanted[i].size() - 2)), std::string(given[i])});
        }
    }
    if (request.method == Method::get) {
        pairs.insert(pairs.end(), request.query.begin(), request.query.end());
    }
    return pairs;
}

Outcome<std::vector<std::string>> members_of(const JsonRoute& route, const http::Request& request) {
    std::vector<std::string> members;
    for (const http::Pair& pair : pairs_of(route, request)) {
        auto one = member(pair.name, pair.value);
        if (!one) {
            return tl::unexpected(std::move(one.error()));
        }
        members.push_back(std::move(*one));
    }
    return members;
}

/// The Sha256 of a part is computed where the client says none: TLS has kept the bytes.
void add_part(const http::Request& request, std::vector<std::string>& members) {
    const base::Bytes data = base::bytes_of(request.body);
    const std::string_view said = request.header("X-Content-Sha256");
    members.push_back(fmt::format("\"data\":\"{}\"", exchange::base64_of(data)));
    members.push_back(fmt::format("\"sha256\":{}",
                                  quoted(said.empty() ? os::sha256_hex(data) : std::string(said))));
}

/// What stands behind the first bracket of an object, without it.
Outcome<std::string_view> inside(std::string_view body) {
    const std::size_t begin = body.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || body[begin] != '{') {
        return exchange::refuse(FaultCode::bad_request, "the body: a JSON object is expected");
    }
    return body.substr(begin + 1);
}

}  // namespace

FoundRoute find_route(Method method, std::string_view path) {
    FoundRoute found;
    for (const JsonRoute& route : exchange::json_routes()) {
        if (matches(route.path, path)) {
            found.path_known = true;
            // A fixed path comes before one with a hole: "documents/status" is no document.
            if (route.method == http::name_of(method) && found.route == nullptr) {
                found.route = &route;
            }
        }
    }
    return found;
}

Outcome<std::string> json_of(const JsonRoute& route, const http::Request& request) {
    auto members = members_of(route, request);
    if (!members) {
        return tl::unexpected(std::move(members.error()));
    }
    const bool has_body = request.method == Method::post || request.method == Method::put;
    if (has_body && route.is_raw) {
        add_part(request, *members);
    }
    std::string text = fmt::format("{{{}", fmt::join(*members, ","));
    if (!has_body || route.is_raw || request.body.empty()) {
        return text + '}';
    }
    const auto rest = inside(request.body);
    if (!rest) {
        return tl::unexpected(rest.error());
    }
    const std::size_t first = rest->find_first_not_of(" \t\r\n");
    const bool is_empty = first != std::string_view::npos && (*rest)[first] == '}';
    if (!members->empty() && !is_empty) {
        text += ',';
    }
    return text.append(*rest);
}

}  // namespace tillhost::sumpd::api
