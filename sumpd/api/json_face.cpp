#include "sumpd/api/faces.h"
#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::api {

using exchange::FaultCode;
using exchange::Outcome;

namespace {

template <class Response>
http::Response answer_of(Response response) {
    return {.content_type = "application/json", .body = exchange::to_json(std::move(response))};
}

http::Response answer_of(const exchange::GetPartResponse& part) {
    return {.content_type = "application/octet-stream",
            .headers = {{"X-Content-Sha256", part.sha256},
                        {"X-Sump-Last", part.last ? "true" : "false"}},
            .body = base::string_of(part.data)};
}

http::Response answer_of(std::string text) {
    return {.content_type = "application/json", .body = std::move(text)};
}

template <class Request>
auto ask(Operations& operations, const Caller& who, const Request& request) {
    return operations.serve(who, request);
}
auto ask(Operations& operations, const Caller& who, const exchange::GetChanges& request) {
    return operations.changes_as_json(who, request);
}

template <class Request>
Outcome<http::Response> serve(Operations& operations, const Caller& who, const std::string& text) {
    const auto record = exchange::from_json<Request>(text);
    if (!record) {
        return tl::unexpected(record.error());
    }
    auto response = ask(operations, who, *record);
    if (!response) {
        return tl::unexpected(std::move(response.error()));
    }
    return answer_of(std::move(*response));
}

}  // namespace

Outcome<http::Response> serve_json(Operations& operations, const exchange::JsonRoute& route,
                                   const Caller& who, const http::Request& request) {
    const auto text = json_of(route, request);
    if (!text) {
        return tl::unexpected(text.error());
    }
#define X(Request, Response)                                     \
    if (route.operation == #Request) {                           \
        return serve<exchange::Request>(operations, who, *text); \
    }
    SUMP_OPERATIONS(X)
#undef X
    return exchange::refuse(FaultCode::not_found, "there is no such operation");
}

std::optional<http::Response> serve_changes_at_once(Operations& operations,
                                                    const exchange::JsonRoute& route,
                                                    const Caller& who,
                                                    const http::Request& request) {
    const auto text = json_of(route, request);
    if (!text) {
        return std::nullopt;
    }
    const auto record = exchange::from_json<exchange::GetChanges>(*text);
    if (!record) {
        return std::nullopt;
    }
    auto answer = operations.changes_at_once(who, *record);
    return answer ? std::optional(answer_of(std::move(*answer))) : std::nullopt;
}

}  // namespace tillhost::sumpd::api
