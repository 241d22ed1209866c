#include "ipc/http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tillhost::http {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> kMethods = {{
    {Method::get, "GET"},
    {Method::head, "HEAD"},
    {Method::post, "POST"},
    {Method::put, "PUT"},
    {Method::patch, "PATCH"},
    {Method::remove, "DELETE"},
    {Method::options, "OPTIONS"},
}};

constexpr std::array<std::pair<int, std::string_view>, 26> kReasons = {{
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view name_of(Method method) {
    return kMethods[static_cast<std::size_t>(method)].second;
}

std::optional<Method> method_from(std::string_view name) {
    for (const auto& [method, text] : kMethods) {
        if (text == name) {
            return method;
        }
    }
    return std::nullopt;
}

bool is_safe(Method method) { return method == Method::get || method == Method::head; }

const std::string* find(const std::vector<Pair>& pairs, std::string_view name) {
    const auto at = std::find_if(pairs.begin(), pairs.end(),
                                 [name](const Pair& pair) { return pair.name == name; });
    return at == pairs.end() ? nullptr : &at->value;
}

std::string_view Request::header(std::string_view name) const {
    const auto at = std::find_if(headers.begin(), headers.end(),
                                 [name](const Pair& pair) { return same_name(pair.name, name); });
    return at == headers.end() ? std::string_view() : std::string_view(at->value);
}

Response plain_answer(int status, std::string_view why) {
    std::string text = fmt::format("{} {}\n", status, reason_phrase(status));
    if (!why.empty()) {
        text += fmt::format("{}\n", why);
    }
    return {status, "text/plain; charset=utf-8", {}, std::move(text)};
}

Response see_other(std::string_view where) {
    const bool own = where.starts_with('/') && !where.starts_with("//") &&
                     std::all_of(where.begin(), where.end(),
                                 [](char c) { return c > ' ' && c < '\x7F' && c != '\\'; });
    Response response = plain_answer(303);
    response.headers.push_back({"Location", own ? std::string(where) : "/"});
    return response;
}

std::string_view reason_phrase(int status) {
    for (const auto& [number, text] : kReasons) {
        if (number == status) {
            return text;
        }
    }
    return "Unknown";
}

bool same_name(std::string_view one, std::string_view other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace tillhost::http
