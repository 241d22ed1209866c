#include "simulators/services/exchange/caller.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::exchange {
namespace {

using base::ErrorCode;

constexpr std::string_view kNamespace = "urn:sumpd:exchange:1";
constexpr std::array<std::pair<std::string_view, Form>, 4> kForms{
    {{"json", Form::json}, {"xml", Form::xml}, {"soap11", Form::soap11}, {"soap12", Form::soap12}}};

constexpr std::array<Route, 23> kRoutes{
    {{"TestConnection", "GET", "/v1/erp/status"},
     {"PrepareMessage", "POST", "/v1/erp/outbox/prepare"},
     {"GetPart", "GET", "/v1/erp/outbox/{messageId}/parts/{partNo}"},
     {"ConfirmMessage", "POST", "/v1/erp/outbox/confirm"},
     {"PutPart", "PUT", "/v1/erp/inbox/{messageId}/parts/{partNo}"},
     {"CommitMessage", "POST", "/v1/erp/inbox/{messageId}/commit"},
     {"GetJob", "GET", "/v1/erp/jobs/{jobId}"},
     {"CancelMessage", "DELETE", "/v1/erp/inbox/{messageId}"},
     {"Enroll", "POST", "/v1/app/enroll"},
     {"Login", "POST", "/v1/app/login"},
     {"Logout", "POST", "/v1/app/logout"},
     {"Roll", "POST", "/v1/app/roll"},
     {"Revoke", "POST", "/v1/app/revoke"},
     {"GetChanges", "GET", "/v1/app/changes"},
     {"PutDocuments", "POST", "/v1/app/documents"},
     {"GetDocumentStatus", "POST", "/v1/app/documents/status"},
     {"Heartbeat", "POST", "/v1/app/heartbeat"},
     {"LockTask", "POST", "/v1/app/tasks/{taskId}/lock"},
     {"ReleaseTask", "POST", "/v1/app/tasks/{taskId}/release"},
     {"GetDevices", "GET", "/v1/app/devices"},
     {"StartCommand", "PUT", "/v1/app/commands/{commandId}"},
     {"GetCommand", "GET", "/v1/app/commands/{commandId}"},
     {"AnswerCommand", "POST", "/v1/app/commands/{commandId}/answer"}}};

/// Puts fields into the path; those that are in it leave the record.
std::string filled_path(std::string_view path, Value& request) {
    std::string filled;
    while (!path.empty()) {
        const auto open = path.find('{');
        filled += path.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        const auto close = path.find('}', open);
        const std::string name(path.substr(open + 1, close - open - 1));
        filled += url_escaped(request.text_of(name));
        std::erase_if(request.fields, [&](const auto& field) { return field.first == name; });
        path.remove_prefix(close + 1);
    }
    return filled;
}

HttpRequest json_call(const Route& route, std::string_view base_url, Value request) {
    HttpRequest http{.method = std::string(route.method)};
    http.url = std::string(base_url) + filled_path(route.path, request);
    if (route.operation == "PutPart") {
        http.headers.emplace_back("Content-Type: application/octet-stream");
        http.body = request.text_of("data");
        http.has_body = true;
    } else if (route.method == "POST" || route.method == "PUT") {
        http.headers.emplace_back("Content-Type: application/json");
        http.body = json_of(request.kind == Value::Kind::none ? Value::record() : request);
        http.has_body = true;
    } else {
        char separator = '?';
        for (const auto& [name, value] : request.fields) {
            http.url += separator + name + "=" + url_escaped(value.as_text());
            separator = '&';
        }
    }
    return http;
}

HttpRequest xml_call(Form form, std::string_view base_url, std::string_view operation,
                     Value request) {
    if (request.has("data")) {
        request.set("data", base64_of(request.text_of("data")));
    }
    if (request.kind == Value::Kind::none) {
        request = Value::record();
    }
    const std::string body = xml_of(operation, request, fmt::format(" xmlns=\"{}\"", kNamespace));
    HttpRequest http{.method = "POST", .has_body = true};
    http.url = fmt::format("{}{}", base_url, form == Form::xml ? "/xml" : "/soap");
    const bool old = form == Form::soap11;
    http.headers.emplace_back(form == Form::soap12 ? "Content-Type: application/soap+xml"
                                                   : "Content-Type: text/xml; charset=utf-8");
    if (form == Form::xml) {
        http.body = body;
        return http;
    }
    if (old) {
        http.headers.push_back(fmt::format("SOAPAction: \"{}#{}\"", kNamespace, operation));
    }
    http.body = fmt::format("<s:Envelope xmlns:s=\"{}\"><s:Body>{}</s:Body></s:Envelope>",
                            old ? "http://schemas.xmlsoap.org/soap/envelope/"
                                : "http://www.w3.org/2003/05/soap-envelope",
                            body);
    return http;
}

base::Error not_of_contract(std::string_view operation, const HttpAnswer& http) {
    constexpr std::size_t kShown = 200;
    return base::make_error(
        ErrorCode::unexpected_answer,
        fmt::format("{}: status {}: {}", operation, http.status, http.body.substr(0, kShown)),
        base::Effect::unknown);
}

Fault fault_of(const Value& error) {
    return {.code = error.text_of("code"),
            .message = error.text_of("message"),
            .retryable = error.flag_of("retryable"),
            .retry_after_ms = error.number_of("retryAfterMs"),
            .field = error.text_of("field")};
}

/// Finds the SumpError in what a Fault of either SOAP carries.
const Value* find_error(const Value& value) {
    if (const Value* error = value.find("sumpError")) {
        return error;
    }
    for (const auto& [name, field] : value.fields) {
        if (const Value* error = find_error(field)) {
            return error;
        }
    }
    return nullptr;
}

base::Result<Answer> json_answer(std::string_view operation, const HttpAnswer& http) {
    if (http.status == 200 && operation == "GetPart") {
        Answer part;
        part.body.set("data", http.body);
        const base::Bytes bytes = base::bytes_of(http.body);
        part.body.set("sha256", os::sha256_hex(bytes));
        return part;
    }
    base::Result<Value> body = parse_json(http.body);
    if (!body || body->kind != Value::Kind::record) {
        return not_of_contract(operation, http);
    }
    Answer answer;
    if (http.status == 200) {
        answer.body = std::move(*body);
        return answer;
    }
    answer.fault = fault_of(*body);
    return answer.ok() ? base::Result<Answer>(not_of_contract(operation, http)) : answer;
}

base::Result<Answer> xml_answer(Form form, std::string_view operation, const HttpAnswer& http) {
    base::Result<Element> root =
        form == Form::xml ? parse_xml(http.body) : parse_envelope(http.body);
    if (!root) {
        return not_of_contract(operation, http);
    }
    Answer answer;
    if (root->name == std::string(operation) + "Response") {
        answer.body = std::move(root->content);
        if (const Value* data = answer.body.find("data")) {
            answer.body.set("data", TRY(base64_read(data->as_text())));
        }
        return answer;
    }
    const Value* error = root->name == "SumpError" ? &root->content : nullptr;
    if (root->name == "Fault") {
        error = find_error(root->content);
    }
    if (error == nullptr) {
        return not_of_contract(operation, http);
    }
    answer.fault = fault_of(*error);
    return answer.ok() ? base::Result<Answer>(not_of_contract(operation, http)) : answer;
}

}  // namespace

base::Result<Form> form_of(std::string_view name) {
    for (const auto& [known, form] : kForms) {
        if (known == name) {
            return form;
        }
    }
    return base::bad_field("form", "one of json, xml, soap11, soap12");
}

std::string_view name_of(Form form) {
    for (const auto& [name, known] : kForms) {
        if (known == form) {
            return name;
        }
    }
    return "";
}

const Route* find_route(std::string_view operation) {
    const auto found = std::find_if(kRoutes.begin(), kRoutes.end(), [&](const Route& route) {
        return route.operation == operation;
    });
    return found == kRoutes.end() ? nullptr : &*found;
}

base::Result<HttpRequest> encode_call(Form form, std::string_view base_url,
                                      std::string_view operation, const Value& request,
                                      std::string_view authorisation) {
    const Route* route = find_route(operation);
    if (route == nullptr) {
        return base::bad_field("operation", "one of the contract");
    }
    HttpRequest http = form == Form::json ? json_call(*route, base_url, request)
                                          : xml_call(form, base_url, operation, request);
    if (!authorisation.empty()) {
        http.headers.push_back(fmt::format("Authorization: {}", authorisation));
    }
    http.headers.emplace_back("X-Sump-Contract: 1.0");
    return http;
}

base::Result<Answer> decode_answer(Form form, std::string_view operation, const HttpAnswer& http) {
    return form == Form::json ? json_answer(operation, http) : xml_answer(form, operation, http);
}

base::Result<std::unique_ptr<Caller>> Caller::create(Form form, std::string base_url,
                                                     const std::string& pin, std::uint64_t seed) {
    auto line = TRY(HttpsClient::create(pin, seed));
    return std::unique_ptr<Caller>(new Caller(form, std::move(base_url), std::move(line)));
}

base::Result<Answer> Caller::call(std::string_view operation, const Value& request) {
    const HttpRequest http = TRY(encode_call(form_, base_url_, operation, request, authorisation_));
    return decode_answer(form_, operation, TRY(line_->exchange(http)));
}

}  // namespace tillhost::simulators::exchange
