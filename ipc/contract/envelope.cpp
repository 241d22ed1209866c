#include "ipc/contract/envelope.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"

namespace tillhost::contract {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::int64_t kIdMax = 9'007'199'254'740'991;  // 2^53 - 1: exact in every language

base::Result<std::int64_t> integer(const Value& map, std::string_view key, std::int64_t max) {
    const Value* found = map.find(key);
    const auto* number = found == nullptr ? nullptr : found->get_if<std::int64_t>();
    if (number == nullptr || *number < 0 || *number > max) {
        return base::bad_field(key, fmt::format("an integer from 0 to {}", max));
    }
    return *number;
}

base::Done check_version(const Value& map) {
    const std::int64_t version = TRY(integer(map, "v", kIdMax));
    if (version != kProtocolVersion) {
        return make_error(
            ErrorCode::wrong_version,
            fmt::format("v: version {} is spoken here, not {}", kProtocolVersion, version));
    }
    return {};
}

/// Moves the entry of that name out; nil if there is none.
Value taken(Value& map, std::string_view key) {
    Value* found = map.find(key);
    return found == nullptr ? Value() : std::move(*found);
}

/// The body is taken out of the value.
base::Result<Request> read_fields(Value& value, Daemon daemon) {
    if (value.get_if<Value::Map>() == nullptr) {
        return make_error(ErrorCode::malformed,
                          fmt::format("a request is a map, not {}", value.type_name()));
    }
    TRY(check_version(value));
    Request request;
    request.id = TRY(integer(value, "id", kIdMax));
    if (value.find("deadline_ms") != nullptr) {
        request.deadline_ms =
            std::min(TRY(integer(value, "deadline_ms", kIdMax)), kRequestDeadlineMsMax);
    }
    const Value* kind = value.find("kind");
    const auto* name = kind == nullptr ? nullptr : kind->get_if<std::string>();
    if (name == nullptr) {
        return base::bad_field("kind", "the name of a request");
    }
    request.kind = request_kind_from(*name);
    if (request.kind == RequestKind::unspecified || daemon_of(request.kind) != daemon) {
        return make_error(ErrorCode::unknown_kind,
                          fmt::format("kind: '{}' is not a request of version {} here",
                                      name->substr(0, 64), kProtocolVersion));
    }
    request.body = value.find("body") == nullptr ? Value(Value::Map{}) : taken(value, "body");
    return request;
}

}  // namespace

Value to_value(Request request) {
    Value::Map map;
    map.reserve(5);
    map.emplace_back("v", Value(kProtocolVersion));
    map.emplace_back("kind", Value(std::string(name_of(request.kind))));
    map.emplace_back("id", Value(request.id));
    if (request.deadline_ms != 0) {
        map.emplace_back("deadline_ms", Value(request.deadline_ms));
    }
    map.emplace_back("body", std::move(request.body));
    return Value(std::move(map));
}

Value to_value(Reply reply, Style style) {
    Value::Map map;
    map.reserve(3);
    map.emplace_back("v", Value(kProtocolVersion));
    map.emplace_back("id", Value(reply.id));
    if (const Error* error = std::get_if<Error>(&reply.outcome)) {
        map.emplace_back("error", to_value(*error, style));
    } else {
        map.emplace_back(reply.is_event ? "event" : "ok",
                         std::get<Value>(std::move(reply.outcome)));
    }
    return Value(std::move(map));
}

std::variant<Request, BadRequest> read_request(Value value, Daemon daemon) {
    auto request = read_fields(value, daemon);
    if (request) {
        return std::move(*request);
    }
    const auto id = integer(value, "id", kIdMax);
    return BadRequest{id ? *id : 0, std::move(request).error()};
}

base::Result<Reply> read_reply(Value value) {
    if (value.get_if<Value::Map>() == nullptr) {
        return make_error(ErrorCode::malformed,
                          fmt::format("a reply is a map, not {}", value.type_name()));
    }
    TRY(check_version(value));
    Reply reply;
    reply.id = TRY(integer(value, "id", kIdMax));
    if (const Value* error = value.find("error")) {
        reply.outcome = TRY(from_value<Error>(*error, "error"));
        return reply;
    }
    reply.is_event = value.find("event") != nullptr;
    if (!reply.is_event && value.find("ok") == nullptr) {
        return base::bad_field("ok", "one of ok, error and event stands in a reply");
    }
    reply.outcome = taken(value, reply.is_event ? "event" : "ok");
    return reply;
}

Error to_contract(const base::Error& error) {
    Error out;
    out.code = base::name_of(error.code);
    out.reaction = error.reaction;
    out.effect = error.effect;
    const std::string text =
        error.detail.empty() ? std::string(base::text_of(error.code)) : error.detail;
    out.text = text.substr(0, 500);
    out.device_code = error.device_code;
    return out;
}

base::Error to_base(const Error& error) {
    const auto code = base::error_code_from(error.code);
    base::Error out = make_error(code.value_or(ErrorCode::internal), error.text, error.effect);
    out.reaction = error.reaction;
    out.device_code = static_cast<std::uint32_t>(error.device_code);
    return out;
}

}  // namespace tillhost::contract
