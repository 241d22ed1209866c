#include "sumpd/api/api.h"

#include <fmt/format.h>

#include <algorithm>

#include "sumpd/api/faces.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/schema.h"
#include "sumpd/store/new_uuid.h"

namespace tillhost::sumpd::api {

using exchange::Fault;
using exchange::FaultCode;
using exchange::Outcome;
using http::Method;

namespace {

constexpr std::size_t kRequestIdMax = 64;
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kXml = "text/xml; charset=utf-8";

/// What the client calls its request, if that is a name, else a new one.
std::string request_id_of(const http::Request& request) {
    const std::string_view given = request.header("X-Request-Id");
    const bool is_good = !given.empty() && given.size() <= kRequestIdMax &&
                         std::all_of(given.begin(), given.end(), [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                         });
    return is_good ? std::string(given) : store::new_uuid();
}

http::Response answer_with(std::string_view type, std::string body, int status = 200) {
    return {.status = status, .content_type = std::string(type), .body = std::move(body)};
}

constexpr std::string_view kFaultHeader = "X-Sump-Fault";

/// What was refused, whatever the encoding and its status; when to come again, how to sign in.
void add_headers_of(const Fault& fault, http::Response& response) {
    response.headers.push_back(
        {std::string(kFaultHeader), std::string(exchange::name_of(fault.code))});
    if (fault.retry_after_ms) {
        response.headers.push_back(
            {"Retry-After", std::to_string((*fault.retry_after_ms + 999) / 1000)});
    }
    if (exchange::http_status_of(fault.code) == 401) {
        response.headers.push_back(
            {"WWW-Authenticate", "Basic realm=\"sumpd\", charset=\"UTF-8\""});
    }
}

http::Response json_fault(Fault fault, const std::string& request_id) {
    fault.request_id = request_id;
    http::Response response = answer_with(exchange::content_type_of(exchange::Encoding::json, true),
                                          "", exchange::http_status_of(fault.code));
    add_headers_of(fault, response);
    response.body = exchange::close_fault(exchange::Encoding::json, std::move(fault));
    return response;
}

/// How to answer where the body does not tell its form.
exchange::Encoding assumed_encoding(const http::Request& request) {
    if (request.path == "/xml") {
        return exchange::Encoding::raw_xml;
    }
    const bool is_soap12 = request.header("Content-Type").starts_with("application/soap+xml");
    return is_soap12 ? exchange::Encoding::soap12 : exchange::Encoding::soap11;
}

http::Response xml_fault(Fault fault, const exchange::Opened& opened,
                         const std::string& request_id) {
    fault.request_id = request_id;
    http::Response response = answer_with(exchange::content_type_of(opened.encoding, true), "",
                                          exchange::fault_status_of(opened.encoding, fault.code));
    add_headers_of(fault, response);
    response.body = exchange::close_fault(opened.encoding, std::move(fault), opened.soap_code);
    return response;
}

Fault unknown_fault() {
    return {.code = FaultCode::unauthorized,
            .message = fmt::format("sign in first: a request of somebody unknown has at most {} "
                                   "bytes; a Session stands first in its element",
                                   kUnknownRequestBytesMax)};
}

/// A schema's address is where the client came to.
std::string address_of(const http::Request& request) {
    return fmt::format("{}://{}", request.secure ? "https" : "http", request.header("Host"));
}

}  // namespace

http::Response Api::answer(const http::Request& request) {
    const std::string request_id = request_id_of(request);
    return finished(answer_to(request, request_id), request, request_id);
}

std::optional<http::Response> Api::answer_at_once(const http::Request& request) {
    const FoundRoute found = find_route(request.method, request.path);
    if (found.route == nullptr || found.route->operation != "GetChanges") {
        return std::nullopt;
    }
    const auto who = parts_.doorkeeper.session_at_once(request);
    if (!who) {
        return std::nullopt;
    }
    auto response = serve_changes_at_once(parts_.operations, *found.route, *who, request);
    return response ? std::optional(finished(std::move(*response), request, request_id_of(request)))
                    : std::nullopt;
}

http::Response Api::finished(http::Response response, const http::Request& request,
                             const std::string& request_id) const {
    response.headers.push_back({"X-Sump-Contract", std::string(exchange::kContractVersion)});
    response.headers.push_back({"X-Request-Id", request_id});
    log(request, request_id, response);
    return response;
}

http::Response Api::answer_to(const http::Request& request, const std::string& request_id) {
    const bool is_xml = request.path == "/soap" || request.path == "/xml";
    if (is_xml && request.method == Method::post) {
        return xml_answer(request, request_id);
    }
    return request.path.starts_with("/v1/") ? json_answer(request, request_id) : page(request);
}

http::Response Api::page(const http::Request& request) {
    if (!http::is_safe(request.method)) {
        return http::plain_answer(404, "see /openapi.json and /soap?wsdl");
    }
    if (request.path == "/healthz") {
        return {.status = 204};
    }
    if (request.path == "/soap") {
        return answer_with(kXml, exchange::exchange_wsdl(address_of(request) + "/soap"));
    }
    if (request.path == "/xsd") {
        return answer_with(kXml, exchange::exchange_xsd());
    }
    if (request.path == "/xsd/data") {
        return answer_with(kXml, exchange::data_xsd());
    }
    if (request.path == "/openapi.json") {
        return answer_with(kJson, exchange::openapi(address_of(request)));
    }
    return http::plain_answer(404, "see /openapi.json and /soap?wsdl");
}

Outcome<Caller> Api::admit(const http::Request& request, std::string_view operation,
                           const std::optional<exchange::Secret>& session,
                           const std::string& request_id) {
    auto who = parts_.doorkeeper.caller_of(request, session);
    if (!who) {
        return who;
    }
    who->request_id = request_id;
    if (may_call(who->kind, access_of(operation))) {
        return who;
    }
    if (who->kind == Access::anyone) {
        return exchange::refuse(FaultCode::unauthorized, "sign in first");
    }
    if (who->kind == Access::rescued) {
        return exchange::refuse(FaultCode::device_revoked,
                                "the device was revoked; it may deliver its documents only");
    }
    return exchange::refuse(FaultCode::forbidden,
                            fmt::format("{} is not for this login", operation));
}

http::Response Api::json_answer(const http::Request& request, const std::string& request_id) {
    const FoundRoute found = find_route(request.method, request.path);
    // Whoever is not admitted does not learn which paths there are: without a route it is the
    // accounting system that is asked for.
    const auto who =
        admit(request, found.route == nullptr ? "TestConnection" : found.route->operation,
              std::nullopt, request_id);
    if (!who) {
        return json_fault(who.error(), request_id);
    }
    if (found.route == nullptr) {
        Fault fault{.code = FaultCode::not_found,
                    .message = "there is no such path; /openapi.json"};
        http::Response response = json_fault(std::move(fault), request_id);
        response.status = found.path_known ? 405 : 404;
        return response;
    }
    if (who->kind == Access::anyone && request.body.size() > kUnknownRequestBytesMax) {
        return json_fault(unknown_fault(), request_id);
    }
    auto response = serve_json(parts_.operations, *found.route, *who, request);
    return response ? std::move(*response) : json_fault(response.error(), request_id);
}

/// A large body is read for somebody who has shown who he is. What he may is looked at later, when
/// the operation is known.
bool Api::is_worth_reading(const http::Request& request) {
    if (request.body.size() <= kUnknownRequestBytesMax) {
        return true;
    }
    const auto who =
        parts_.doorkeeper.caller_of(request, exchange::session_at_the_beginning(request.body));
    return who && who->kind != Access::anyone;
}

http::Response Api::xml_answer(const http::Request& request, const std::string& request_id) {
    if (!is_worth_reading(request)) {
        const exchange::Opened unread{.encoding = assumed_encoding(request)};
        return xml_fault(unknown_fault(), unread, request_id);
    }
    const auto opened = exchange::open_request(request.body, assumed_encoding(request));
    const auto refused = [&](Fault fault) {
        return xml_fault(std::move(fault), opened, request_id);
    };
    if (!opened.call) {
        return refused(opened.call.error());
    }
    const auto who = admit(request, opened.call->operation, opened.call->session, request_id);
    if (!who) {
        return refused(who.error());
    }
    auto text = serve_xml(parts_.operations, *who, opened.encoding, *opened.call);
    return text ? answer_with(exchange::content_type_of(opened.encoding, false), std::move(*text))
                : refused(text.error());
}

void Api::log(const http::Request& request, const std::string& request_id,
              const http::Response& response) const {
    const std::string* word = http::find(response.headers, kFaultHeader);
    const auto fault = exchange::fault_code_from(word == nullptr ? "" : *word);
    const os::Logger::Fields fields = {{"address", request.peer},
                                       {"fault", word == nullptr ? "none" : *word},
                                       {"status", std::to_string(response.status)},
                                       {"path", request.path},
                                       {"request", request_id}};
    if (fault == FaultCode::unauthorized) {
        // For whoever bans addresses that guess: the address stands before all that a client
        // writes, and the line is one of packaging/fail2ban.
        parts_.logger.notice("sign-in refused", fields);
    } else if (fault == FaultCode::too_many) {
        parts_.logger.notice("refused", fields);
    } else if (fault == FaultCode::internal || fault == FaultCode::disk_full) {
        parts_.logger.warning("failed", fields);
    } else {
        parts_.logger.debug("answered", fields);
    }
}

}  // namespace tillhost::sumpd::api
