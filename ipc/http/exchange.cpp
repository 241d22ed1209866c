#include "ipc/http/exchange.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>

#include "ipc/http/form.h"
#include "ipc/http/server.h"

namespace tillhost::http {
namespace {

constexpr std::string_view kAllowed = "GET, HEAD, POST, PUT, PATCH, DELETE";
constexpr int kStatusMin = 200;
constexpr int kStatusMax = 599;

constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSafety = {{
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Content-Security-Policy",
     "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"},
}};
constexpr std::string_view kHsts = "Strict-Transport-Security";
constexpr std::array<std::string_view, 7> kOfServer = {
    "Connection", "Content-Length",    "Content-Type", "Date",
    "Keep-Alive", "Transfer-Encoding", kHsts,
};

bool is_token(std::string_view text) {
    constexpr std::string_view kSigns = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [kSigns](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               kSigns.find(c) != std::string_view::npos;
    });
}

/// No end of line can be smuggled into a header.
bool is_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return (c >= '\0' && c < ' ' && c != '\t') || c == '\x7F'; });
}

bool is_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// "till.example:15201" without its port; "[::1]:15201" is "[::1]". Nothing if that is no host.
std::optional<std::string_view> without_port(std::string_view host) {
    const std::size_t close = host.starts_with('[') ? host.find(']') : 0;
    if (host.empty() || close == std::string_view::npos) {
        return std::nullopt;
    }
    const std::size_t colon = std::min(host.find(':', close), host.size());
    const std::string_view port = host.substr(std::min(colon + 1, host.size()));
    if (!is_digits(port) || port.size() > 5 || colon == 0) {
        return std::nullopt;
    }
    return host.substr(0, colon);
}

std::size_t count(const Request& request, std::string_view name) {
    return static_cast<std::size_t>(
        std::count_if(request.headers.begin(), request.headers.end(),
                      [name](const Pair& pair) { return same_name(pair.name, name); }));
}

int check_host(const Request& request, const HostRule& rule, std::string_view local) {
    if (count(request, "Host") != 1) {
        return 400;
    }
    const auto host = without_port(request.header("Host"));
    if (!host) {
        return 400;
    }
    return rule.admits(*host, local) ? 0 : 421;
}

/// Only the one way to say a body's length of which a proxy before this server can think no other.
int check_length(const Request& request, int version) {
    const std::size_t encodings = count(request, "Transfer-Encoding");
    const std::size_t lengths = count(request, "Content-Length");
    if (encodings + lengths == 0) {
        return 0;
    }
    const bool plain =
        encodings + lengths == 1 &&
        (lengths == 1 ? is_digits(request.header("Content-Length"))
                      : version == 11 && same_name(request.header("Transfer-Encoding"), "chunked"));
    return plain ? 0 : 400;
}

int read_target(std::string_view target, Request& request) {
    const std::size_t mark = std::min(target.find('?'), target.size());
    auto path = decode_path(target.substr(0, mark));
    auto query = decode_pairs(target.substr(std::min(mark + 1, target.size())));
    if (!path || !query) {
        return 400;
    }
    request.path = std::move(*path);
    request.query = std::move(*query);
    return 0;
}

int check_expectation(int version, Checked& checked) {
    const std::string_view expected = checked.request.header("Expect");
    if (expected.empty()) {
        return 0;
    }
    if (!same_name(expected, "100-continue")) {
        return 417;
    }
    checked.expectation = version == 11 ? Expectation::proceed : Expectation::none;
    return 0;
}

bool can_be_sent(const Response& response) {
    return response.status >= kStatusMin && response.status <= kStatusMax &&
           is_value(response.content_type) &&
           std::all_of(response.headers.begin(), response.headers.end(), [](const Pair& pair) {
               return is_token(pair.name) && is_value(pair.value);
           });
}

bool is_of_server(std::string_view name) {
    const auto same = [name](std::string_view other) { return same_name(name, other); };
    return std::any_of(kOfServer.begin(), kOfServer.end(), same) ||
           std::any_of(kSafety.begin(), kSafety.end(),
                       [name](const auto& pair) { return same_name(name, pair.first); });
}

std::string date_of(std::int64_t unix_ms) {
    constexpr std::int64_t kMsPerSecond = 1000;
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT",
                       fmt::gmtime(static_cast<std::time_t>(unix_ms / kMsPerSecond)));
}

void add_line(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

/// What the server says on its own behalf.
void add_safety(const Response& response, Sending sending, std::string& head) {
    for (const auto& [name, value] : kSafety) {
        add_line(head, name, value);
    }
    const bool cached =
        std::any_of(response.headers.begin(), response.headers.end(),
                    [](const Pair& pair) { return same_name(pair.name, "Cache-Control"); });
    if (!cached) {
        add_line(head, "Cache-Control", "no-store");
    }
    if (sending.secure) {
        add_line(head, kHsts, "max-age=31536000");
    }
    if (response.status == 405) {
        add_line(head, "Allow", kAllowed);
    }
}

}  // namespace

bool HostRule::admits(std::string_view host, std::string_view local) const {
    if (hosts.empty()) {
        return same_name(host, "localhost") || same_name(host, local);
    }
    return std::any_of(hosts.begin(), hosts.end(),
                       [host](const std::string& known) { return same_name(known, host); });
}

Verdict check_header(RawHeader raw, const HostRule& rule, std::string_view local) {
    Verdict verdict;
    Request& request = verdict.checked.request;
    verdict.checked.version = raw.version;
    const auto method = method_from(raw.method);
    request.method = method.value_or(Method::get);
    request.headers = std::move(raw.headers);
    if (request.headers.size() > kHeaderLinesMax) {
        verdict.refusal = 431;
    } else if (const int host = check_host(request, rule, local)) {
        verdict.refusal = host;
    } else if (!method) {
        verdict.refusal = 405;
    } else if (raw.target.size() > kTargetBytesMax) {
        verdict.refusal = 414;
    } else if (const int length = check_length(request, raw.version)) {
        verdict.refusal = length;
    } else if (const int target = read_target(raw.target, request)) {
        verdict.refusal = target;
    } else {
        verdict.refusal = check_expectation(raw.version, verdict.checked);
    }
    return verdict;
}

Wire wire_of(Response response, Sending sending, std::int64_t unix_ms) {
    if (!can_be_sent(response)) {
        response = plain_answer(500);
    }
    std::string head =
        fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
    add_line(head, "Date", date_of(unix_ms));
    if (!sending.keep) {
        add_line(head, "Connection", "close");
    }
    const bool bodiless = response.status == 204 || response.status == 304;
    if (!bodiless) {
        add_line(head, "Content-Type", response.content_type);
        if (response.source == nullptr) {
            add_line(head, "Content-Length", fmt::format("{}", response.body.size()));
        } else if (sending.chunked) {
            add_line(head, "Transfer-Encoding", "chunked");
        }
    }
    add_safety(response, sending, head);
    for (const Pair& pair : response.headers) {
        if (!is_of_server(pair.name)) {
            add_line(head, pair.name, pair.value);
        }
    }
    head += "\r\n";
    const bool empty = bodiless || sending.head_only || response.source != nullptr;
    return {std::move(head), empty ? std::string() : std::move(response.body)};
}

std::string piece_on_wire(std::optional<std::string> piece, bool chunked) {
    if (!chunked) {
        return piece ? std::move(*piece) : std::string();
    }
    return piece ? fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece) : "0\r\n\r\n";
}

}  // namespace tillhost::http
