#include "sumpd/webpos/answers.h"

#include "ipc/contract/envelope.h"
#include "ipc/json.h"

namespace tillhost::sumpd::webpos {

using base::ErrorCode;
using contract::Value;
using http::Response;

namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kMethods = "GET, PUT, POST, DELETE";
constexpr std::string_view kHeaders =
    "Authorization, Content-Type, Last-Event-ID, SOAPAction, X-Request-Id";
constexpr std::string_view kExposed = "X-Device-Book, X-Request-Id, Retry-After";
constexpr std::string_view kPreflightSeconds = "600";
constexpr std::string_view kRetryAfterSeconds = "1";

int status_by_reaction(base::Reaction reaction) {
    switch (reaction) {
        case base::Reaction::retry_later:
        case base::Reaction::reconnect: return 503;
        case base::Reaction::ask_operator: return 409;
        case base::Reaction::reject: return 422;
        case base::Reaction::report:
        case base::Reaction::unspecified: break;
    }
    return 500;
}

void add(Response& response, std::string_view name, std::string_view value) {
    response.headers.push_back({std::string(name), std::string(value)});
}

}  // namespace

int status_of(const base::Error& error) {
    if (error.effect == base::Effect::unknown) {
        return 504;
    }
    if (error.code == ErrorCode::malformed || error.code == ErrorCode::bad_field) {
        return 400;
    }
    if (error.code == ErrorCode::not_permitted) {
        return 403;
    }
    if (error.code == ErrorCode::unknown_device || error.code == ErrorCode::unknown_operation ||
        error.code == ErrorCode::unknown_kind) {
        return 404;
    }
    if (error.code == ErrorCode::conflict || error.code == ErrorCode::wrong_state ||
        error.code == ErrorCode::wrong_verdict || error.code == ErrorCode::stale_lease) {
        return 409;
    }
    if (error.code == ErrorCode::too_large) {
        return 413;
    }
    if (error.code == ErrorCode::no_daemon) {
        return 503;
    }
    return status_by_reaction(error.reaction);
}

Response json_answer(const Value& body) {
    return {.content_type = std::string(kJson), .body = ipc::to_json(body, -1)};
}

Response error_answer(const base::Error& error) {
    Value::Map map;
    map.emplace_back("error", to_value(contract::to_contract(error), contract::Style::readable));
    Response response = json_answer(Value(std::move(map)));
    response.status = status_of(error);
    if (response.status == 503 || response.status == 504) {
        add(response, "Retry-After", kRetryAfterSeconds);
    }
    return response;
}

Response preflight_answer(const http::Request& request, WebTokens& tokens) {
    Response response{.status = 204};
    const std::string_view origin = request.header("Origin");
    add(response, "Vary",
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers,"
        " Access-Control-Request-Private-Network");
    if (!tokens.knows_origin(origin)) {
        response.status = 403;
        response.content_type = "text/plain; charset=utf-8";
        response.body = "no web token is for pages of this origin\n";
        return response;
    }
    add(response, "Access-Control-Allow-Origin", origin);
    add(response, "Access-Control-Allow-Methods", kMethods);
    add(response, "Access-Control-Allow-Headers", kHeaders);
    add(response, "Access-Control-Max-Age", kPreflightSeconds);
    if (request.header("Access-Control-Request-Private-Network") == "true") {
        add(response, "Access-Control-Allow-Private-Network", "true");
    }
    return response;
}

void add_cross_origin(const http::Request& request, WebTokens& tokens, Response& response) {
    add(response, "Vary", "Origin");
    const std::string_view origin = request.header("Origin");
    if (!origin.empty() && tokens.knows_origin(origin)) {
        add(response, "Access-Control-Allow-Origin", origin);
        add(response, "Access-Control-Expose-Headers", kExposed);
    }
}

}  // namespace tillhost::sumpd::webpos
