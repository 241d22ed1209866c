#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "hal/base/invariant.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/exchange/schema.h"
#include "sumpd/exchange/schema_parts.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::string_view kUuidPattern = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";

std::string lowered(std::string_view name) {
    std::string text(name);
    text.front() = static_cast<char>(text.front() - 'A' + 'a');
    return text;
}

std::string quoted(std::string_view text) {
    std::string made;
    append_json_string(made, text);
    return made;
}

std::string simple_schema(const SimpleType& type) {
    switch (type.kind) {
        case SimpleType::Kind::text:
            return fmt::format(R"({{"type":"string","minLength":{},"maxLength":{}}})", type.min,
                               type.max);
        case SimpleType::Kind::integer:
            return fmt::format(R"({{"type":"integer","format":"int64","minimum":{},"maximum":{}}})",
                               type.min, type.max);
        case SimpleType::Kind::boolean: return R"({"type":"boolean"})";
        case SimpleType::Kind::amount:
            return R"({"type":"string","pattern":"^-?[0-9]{1,12}(\\.[0-9]{1,2})?$"})";
        case SimpleType::Kind::measure:
            return R"({"type":"string","pattern":"^-?[0-9]{1,10}(\\.[0-9]{1,3})?$"})";
        case SimpleType::Kind::moment: return R"({"type":"string","format":"date-time"})";
        case SimpleType::Kind::uuid:
            return fmt::format(R"({{"type":"string","format":"uuid","pattern":"{}"}})",
                               kUuidPattern);
        case SimpleType::Kind::bytes: return R"({"type":"string","format":"byte"})";
        case SimpleType::Kind::words: break;
    }
    std::string words;
    for (const std::string& word : type.words) {
        words += (words.empty() ? "" : ",") + quoted(word);
    }
    return fmt::format(R"({{"type":"string","enum":[{}]}})", words);
}

std::string reference(std::string_view type) {
    return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", type);
}

std::string field_schema(const SchemaField& field) {
    if (!field.is_list) {
        return reference(field.type);
    }
    return fmt::format(R"({{"type":"array","minItems":{},"maxItems":{},"items":{}}})", field.min,
                       field.max, reference(field.type));
}

std::string record_schema(const std::vector<SchemaField>& fields, bool is_choice) {
    std::string properties;
    std::string required;
    for (const SchemaField& field : fields) {
        const std::string name = quoted(lowered(field.name));
        properties += (properties.empty() ? "" : ",") + name + ":" + field_schema(field);
        if (field.min > 0) {
            required += (required.empty() ? "" : ",") + name;
        }
    }
    std::string text = R"({"type":"object","properties":{)" + properties + "}";
    if (is_choice) {
        text += R"(,"minProperties":1,"maxProperties":1)";
    } else if (!required.empty()) {
        text += ",\"required\":[" + required + "]";
    }
    return text + "}";
}

std::string components(const Contract& contract) {
    std::map<std::string, std::string> all;
    for (const auto& [name, type] : contract.schema.simple) {
        all.emplace(name, simple_schema(type));
    }
    for (const RecordType& record : contract.schema.records) {
        all.emplace(record.name, record_schema(record.fields, record.is_choice));
    }
    all.emplace("SumpError", record_schema(contract.fault, false));
    std::string text;
    for (const auto& [name, schema] : all) {
        text += (text.empty() ? "" : ",") + quoted(name) + ":" + schema;
    }
    return text;
}

/// Where each field of a request goes.
struct Split {
    std::string parameters{};
    std::vector<SchemaField> body{};
};

Split split(const JsonRoute& route, const LearnedOperation& operation) {
    Split made;
    for (const SchemaField& field : operation.request) {
        const std::string name = lowered(field.name);
        const bool in_path = route.path.find("{" + name + "}") != std::string_view::npos;
        const bool in_query = route.method == "GET" && !field.is_list && !field.is_record;
        if (in_path || in_query) {
            const bool required = in_path || field.min > 0;
            made.parameters +=
                fmt::format(R"({}{{"name":"{}","in":"{}","required":{},"schema":{}}})",
                            made.parameters.empty() ? "" : ",", name, in_path ? "path" : "query",
                            required ? "true" : "false", reference(field.type));
        } else if (route.method != "GET" && route.method != "DELETE") {
            made.body.push_back(field);
        }
    }
    return made;
}

constexpr std::string_view kRawContent =
    R"({"application/octet-stream":{"schema":{"type":"string","format":"binary"}}})";

std::string json_content(const std::string& schema) {
    return R"({"application/json":{"schema":)" + schema + "}}";
}

std::string operation_text(const JsonRoute& route, const LearnedOperation& operation) {
    const Split request = split(route, operation);
    std::string text = "{\"operationId\":" + quoted(operation.name);
    if (!request.parameters.empty()) {
        text += ",\"parameters\":[" + request.parameters + "]";
    }
    const bool raw_request = route.is_raw && route.method == "PUT";
    if (raw_request) {
        text += fmt::format(R"(,"requestBody":{{"required":true,"content":{}}})", kRawContent);
    } else if (!request.body.empty()) {
        text += ",\"requestBody\":{\"required\":true,\"content\":" +
                json_content(record_schema(request.body, false)) + "}";
    }
    const std::string answer = route.is_raw && !raw_request
                                   ? std::string(kRawContent)
                                   : json_content(record_schema(operation.response, false));
    text += R"(,"responses":{"200":{"description":"done","content":)" + answer + "},";
    text +=
        R"("default":{"description":"refused","content":{"application/problem+json":{"schema":)";
    return text + reference("SumpError") + "}}}}}";
}

std::string paths(const Contract& contract) {
    std::map<std::string_view, std::string> by_path;
    for (const JsonRoute& route : json_routes()) {
        const auto operation = std::find_if(
            contract.operations.begin(), contract.operations.end(),
            [&](const LearnedOperation& each) { return each.name == route.operation; });
        INVARIANT(operation != contract.operations.end());
        std::string method(route.method);
        std::transform(method.begin(), method.end(), method.begin(),
                       [](char c) { return static_cast<char>(c - 'A' + 'a'); });
        std::string& methods = by_path[route.path];
        methods +=
            (methods.empty() ? "" : ",") + quoted(method) + ":" + operation_text(route, *operation);
    }
    std::string text;
    for (const auto& [path, methods] : by_path) {
        text += (text.empty() ? "" : ",") + quoted(path) + ":{" + methods + "}";
    }
    return text;
}

}  // namespace

const std::vector<JsonRoute>& json_routes() {
    static const std::vector<JsonRoute> kRoutes = {
        {"TestConnection", "GET", "/v1/erp/status"},
        {"PrepareMessage", "POST", "/v1/erp/outbox/prepare"},
        {"GetPart", "GET", "/v1/erp/outbox/{messageId}/parts/{partNo}", true},
        {"ConfirmMessage", "POST", "/v1/erp/outbox/confirm"},
        {"PutPart", "PUT", "/v1/erp/inbox/{messageId}/parts/{partNo}", true},
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
        {"AnswerCommand", "POST", "/v1/app/commands/{commandId}/answer"},
    };
    return kRoutes;
}

std::string openapi(std::string_view server_address) {
    const Contract contract = learn_contract();
    return R"({"openapi":"3.0.3","info":{"title":"sumpd exchange","version":")" +
           std::string(kContractVersion) + R"("},"servers":[{"url":)" + quoted(server_address) +
           R"(}],"paths":{)" + paths(contract) + R"(},"components":{"schemas":{)" +
           components(contract) +
           R"(},"securitySchemes":{"bearer":{"type":"http","scheme":"bearer"},)"
           R"("basic":{"type":"http","scheme":"basic"}}},)"
           R"("security":[{"bearer":[]},{"basic":[]}]})";
}

}  // namespace tillhost::sumpd::exchange
