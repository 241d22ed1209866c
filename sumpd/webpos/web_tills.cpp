#include "sumpd/webpos/web_tills.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/base/text.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "sumpd/store/new_uuid.h"
#include "sumpd/webpos/answers.h"
#include "sumpd/webpos/openapi.h"
#include "sumpd/webpos/plain_bytes.h"
#include "sumpd/webpos/soap.h"

namespace tillhost::sumpd::webpos {

using base::Error;
using base::ErrorCode;
using base::Result;
using contract::RequestKind;
using contract::Value;
using http::Method;
using http::Response;

namespace {

constexpr std::string_view kEvents = "/v1/events";
constexpr std::string_view kOpenApiPath = "/devices/openapi.json";
constexpr std::string_view kBearer = "Bearer ";
/// A wait is cut into such parts, between which it can be ended.
constexpr os::Duration kWaitPart = std::chrono::seconds(1);
/// devd's answer at a part's end may be that much before it.
constexpr os::Duration kEarly = std::chrono::milliseconds(100);
constexpr std::size_t kRequestIdMax = 64;

std::string request_id_of(const http::Request& request) {
    const std::string_view given = request.header("X-Request-Id");
    const bool is_good = !given.empty() && given.size() <= kRequestIdMax &&
                         std::all_of(given.begin(), given.end(), [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                    (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                         });
    return is_good ? std::string(given) : store::new_uuid();
}

std::string query_text(const http::Request& request, std::string_view name) {
    const std::string* const text = http::find(request.query, name);
    return text == nullptr ? std::string() : *text;
}

/// 0 to `max`; `usual` if it is not there.
Result<std::int64_t> query_number(const http::Request& request, std::string_view name,
                                  std::int64_t usual, std::int64_t max) {
    const std::string text = query_text(request, name);
    if (text.empty()) {
        return usual;
    }
    const auto number = base::parse_decimal(text);
    if (!number || number->scale != 0 || number->units < 0 || number->units > max) {
        return base::bad_field(name, fmt::format("an integer, 0 to {}", max));
    }
    return number->units;
}

std::string text_in(const Value& body, std::string_view name) {
    const Value* field = body.find(name);
    const auto* text = field == nullptr ? nullptr : field->get_if<std::string>();
    return text == nullptr ? std::string() : *text;
}

Error too_many(std::string_view what) {
    return base::make_error(ErrorCode::retry_later, std::string(what));
}

/// devd looks at both again; here it costs no connection.
base::Done check_rights(const WebToken& token, RequestKind kind, const Value& body) {
    if (contract::role_for(kind) > token.role) {
        return base::make_error(
            ErrorCode::not_permitted,
            fmt::format("{} needs the role {}; this token has {}", contract::name_of(kind),
                        contract::name_of(contract::role_for(kind)),
                        contract::name_of(token.role)));
    }
    const std::string device = text_in(body, "device");
    const bool good =
        device.empty() || token.devices.empty() ||
        std::find(token.devices.begin(), token.devices.end(), device) != token.devices.end();
    return good ? base::Done()
                : base::Done(base::make_error(
                      ErrorCode::not_permitted,
                      fmt::format("device: '{}' is not among the devices of this token", device)));
}

bool is_path_here(std::string_view path) {
    constexpr std::array<std::string_view, 9> kFirstParts = {
        "/v1/devices", "/v1/operations", kEvents,     "/v1/models", "/v1/ports",
        "/v1/health",  "/v1/metrics",    "/v1/audit", "/devices"};
    return std::any_of(kFirstParts.begin(), kFirstParts.end(), [path](std::string_view first) {
        return path == first || (path.starts_with(first) && path[first.size()] == '/');
    });
}

bool is_event_stream(const http::Request& request) {
    return request.header("Accept").find("text/event-stream") != std::string_view::npos;
}

/// The poll of events, or a stream of them, as the path and its query ask.
Result<Asked> events_asked(const http::Request& request, bool is_stream) {
    std::string after = query_text(request, "after");
    if (is_stream && !request.header("Last-Event-ID").empty()) {
        after = std::string(request.header("Last-Event-ID"));
    }
    Value::Map body;
    body.emplace_back("topics", Value(query_text(request, "topics")));
    body.emplace_back("after", Value(std::move(after)));
    Asked asked{.body = Value(std::move(body))};
    asked.wait_ms = TRY(query_number(request, kWaitName, kWaitMsNotSaid, kWaitMsMax));
    return asked;
}

Result<Asked> request_asked(const FoundRoute& found, const http::Request& request) {
    Asked asked{.route = found.route};
    asked.wait_ms = TRY(query_number(request, kWaitName, kWaitMsNotSaid, kWaitMsMax));
    asked.book = TRY(query_number(request, kBookName, 0, INT64_MAX));
    asked.body = TRY(body_of(found, request));
    return asked;
}

Response no_such_path(bool path_known) {
    Response response = error_answer(
        base::make_error(ErrorCode::unknown_kind, "there is no such path; /devices/openapi.json"));
    response.status = path_known ? 405 : 404;
    return response;
}

}  // namespace

/// Whose request it is, or why it is not let in.
struct WebTills::Admission {
    std::optional<WebToken> token{};
    Error error{};
    int status = 403;  ///< of the refusal

    http::Response refused(Response response) const {
        response.status = status;
        if (status == 401) {
            response.headers.push_back({"WWW-Authenticate", "Bearer realm=\"devices\""});
        }
        return response;
    }
};

/// One of a number of places, for as long as it lives; none if they are all taken.
class WebTills::Held final {
public:
    Held(std::atomic<std::size_t>& count, std::size_t max)
        : count_(count), has_place_(count.fetch_add(1) < max) {}
    ~Held() { count_.fetch_sub(1); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    explicit operator bool() const { return has_place_; }

private:
    std::atomic<std::size_t>& count_;
    const bool has_place_;
};

bool WebTills::is_for(const http::Request& request) {
    return request.method == Method::options || is_path_here(request.path);
}

Response WebTills::answer(const http::Request& request) {
    if (request.method == Method::options) {
        return is_path_here(request.path) ? preflight_answer(request, parts_.tokens)
                                          : http::plain_answer(405);
    }
    Seen seen{.request_id = request_id_of(request)};
    Response response = answer_to(request, seen);
    add_cross_origin(request, parts_.tokens, response);
    response.headers.push_back({"X-Request-Id", seen.request_id});
    const std::string operation = seen.operation.empty() ? "" : "#" + seen.operation;
    parts_.logger.info("web_till", {{"request_id", seen.request_id},
                                    {"token", seen.token_name},
                                    {"method", std::string(http::name_of(request.method))},
                                    {"path", request.path + operation},
                                    {"status", std::to_string(response.status)},
                                    {"peer", request.peer}});
    return response;
}

Response WebTills::answer_to(const http::Request& request, Seen& seen) {
    if (request.path == kOpenApiPath && http::is_safe(request.method)) {
        return {.content_type = "application/json", .body = std::string(openapi_text())};
    }
    if (request.path != kSoapPath) {
        return json_answer_to(request, seen);
    }
    if (http::is_safe(request.method)) {
        return wsdl_answer(request);
    }
    return request.method == Method::post ? soap_answer_to(request, seen) : http::plain_answer(405);
}

Response WebTills::json_answer_to(const http::Request& request, Seen& seen) {
    const Admission admission = admit(request, seen);
    if (!admission.token) {
        return admission.refused(error_answer(admission.error));
    }
    auto served = serve_json(*admission.token, request);
    return served ? std::move(*served) : error_answer(served.error());
}

/// What is in the text is looked at behind the token.
Response WebTills::soap_answer_to(const http::Request& request, Seen& seen) {
    const Admission admission = admit(request, seen);
    if (!admission.token) {
        const SoapCall unread{.encoding = soap_of(request)};
        Response response = soap_refusal(unread, admission.error, seen.request_id);
        // Others than 401 are no faults to programs that know SOAP alone.
        return admission.status == 401 ? admission.refused(std::move(response)) : response;
    }
    const SoapCall call = open_soap(request);
    seen.operation = call.name;
    if (!call.asked) {
        return soap_refusal(call, call.asked.error(), seen.request_id);
    }
    const auto told = serve(*admission.token, *call.asked);
    return told ? soap_answer(call, *told) : soap_refusal(call, told.error(), seen.request_id);
}

WebTills::Admission WebTills::admit(const http::Request& request, Seen& seen) {
    const std::string_view authorization = request.header("Authorization");
    auto token = authorization.starts_with(kBearer)
                     ? parts_.tokens.find(authorization.substr(kBearer.size()))
                     : std::nullopt;
    if (!token) {
        return {.error = base::make_error(ErrorCode::not_permitted,
                                          "a web token is wanted: Authorization: Bearer tw-…"),
                .status = 401};
    }
    seen.token_name = token->name;
    const std::string_view origin = request.header("Origin");
    if (!origin.empty() && origin != token->origin) {
        return {.error = base::make_error(
                    ErrorCode::not_permitted,
                    fmt::format("Origin: this token is for pages of {}", token->origin))};
    }
    if (!rate_.admit(token->digest)) {
        return {.error = too_many(fmt::format("more than {} requests a second of this token",
                                              kRequestsPerSecond)),
                .status = 429};
    }
    return {.token = std::move(token)};
}

Result<Response> WebTills::serve_json(const WebToken& token, const http::Request& request) {
    if (request.path == kEvents && http::is_safe(request.method)) {
        const bool is_stream = is_event_stream(request);
        const Asked asked = TRY(events_asked(request, is_stream));
        if (is_stream) {
            return stream(token, asked);
        }
        const Told told = TRY(serve(token, asked));
        return json_answer(told.reply);
    }
    const FoundRoute found = find_route(request.method, request.path);
    if (found.route == nullptr) {
        return no_such_path(found.path_known);
    }
    const Asked asked = TRY(request_asked(found, request));
    const Told told = TRY(serve(token, asked));
    Response response = json_answer(told.reply);
    response.headers.push_back({"X-Device-Book", std::to_string(told.book)});
    return response;
}

Result<Told> WebTills::serve(const WebToken& token, const Asked& asked) {
    const Held held(held_, kWorkersHeldMax);
    if (!held) {
        return too_many("too many requests of web tills are under way");
    }
    if (asked.route == nullptr) {
        return poll(token, asked);
    }
    TRY(check_rights(token, asked.route->kind, asked.body));
    DeviceLines::Answer answer = TRY(ask(token, asked));
    Told told{.reply = with_plain_bytes(std::move(answer.body),
                                        contract::reply_shape(asked.route->kind))};
    told.book = answer.book;
    return told;
}

Result<DeviceLines::Answer> WebTills::ask(const WebToken& token, const Asked& asked) {
    const std::int64_t wait_ms = asked.wait_ms == kWaitMsNotSaid ? kWaitMsUsual : asked.wait_ms;
    const os::Deadline end = parts_.clock.now() + std::chrono::milliseconds(wait_ms);
    if (asked.route->kind == RequestKind::operation && asked.wait_ms > 0) {
        const Held waiting(waiting_, kWaitersMax);
        if (waiting) {
            return wait_for(token, asked.body, asked.book, end);
        }
    }
    return parts_.lines.ask(token, asked.route->kind, asked.body, asked.book,
                            std::max(end, parts_.clock.now() + kWaitPart));
}

/// devd answers at once what needs no wait, or no longer one: then it comes before the part's end.
Result<DeviceLines::Answer> WebTills::wait_for(const WebToken& token, const Value& body,
                                               std::int64_t book, os::Deadline end) {
    for (;;) {
        const os::Deadline part = std::min(end, parts_.clock.now() + kWaitPart);
        auto answer = parts_.lines.ask(token, RequestKind::await, body, book, part);
        const os::Instant now = parts_.clock.now();
        if (!answer || now < part - kEarly || now >= end - kEarly || is_over(token)) {
            return answer;
        }
    }
}

bool WebTills::is_over(const WebToken& token) {
    return is_stopping_ || !parts_.tokens.is_good(token.digest);
}

// ---- events -------------------------------------------------------------------------------------

Result<std::unique_ptr<EventReader>> WebTills::reader_for(const WebToken& token,
                                                          const Asked& asked) {
    auto topics = TRY(topics_from(text_in(asked.body, "topics")));
    const auto from = TRY(cursor_from(text_in(asked.body, "after"), topics.size()));
    const os::Deadline soon = parts_.clock.now() + std::chrono::milliseconds(kWaitMsUsual);
    auto line = TRY(parts_.lines.take(token, soon));
    return EventReader::begin(std::move(line), std::move(topics), from, soon);
}

Result<Response> WebTills::stream(const WebToken& token, const Asked& asked) {
    const Held held(held_, kWorkersHeldMax);
    if (!held) {
        return too_many("too many requests of web tills are under way");
    }
    auto reader = TRY(reader_for(token, asked));
    auto place = stream_place(token.digest);
    if (place == nullptr) {
        return too_many(fmt::format("{} streams of this token are open", kStreamsPerTokenMax));
    }
    Response response{.content_type = "text/event-stream"};
    response.source = std::make_shared<EventStream>(EventStream::Parts{.reader = std::move(reader),
                                                                       .tokens = parts_.tokens,
                                                                       .digest = token.digest,
                                                                       .clock = parts_.clock,
                                                                       .place = std::move(place)});
    return response;
}

Result<Told> WebTills::poll(const WebToken& token, const Asked& asked) {
    const Held waiting(waiting_, kWaitersMax);
    if (!waiting) {
        return too_many("too many requests wait");
    }
    const std::int64_t usual = text_in(asked.body, "after").empty() ? 0 : kWaitMsUsual;
    const std::int64_t wait_ms = asked.wait_ms == kWaitMsNotSaid ? usual : asked.wait_ms;
    const auto reader = TRY(reader_for(token, asked));
    const os::Deadline end = parts_.clock.now() + std::chrono::milliseconds(wait_ms);
    Value::Array events;
    std::size_t bytes = 0;
    while (events.size() < kEventsPerAnswerMax && bytes < kPieceBytesUsual) {
        const os::Instant now = parts_.clock.now();
        const os::Deadline part = events.empty() ? std::min(end, now + kWaitPart) : now;
        auto event = TRY(reader->next(part));
        if (event) {
            bytes += ipc::to_json(*event, -1).size();
            events.push_back(std::move(*event));
        } else if (!events.empty() || parts_.clock.now() >= end || is_over(token)) {
            break;
        }
    }
    Value::Map map;
    map.emplace_back("events", Value(std::move(events)));
    map.emplace_back("after", Value(reader->cursor()));
    TRY(reader->end(parts_.clock.now() + kWaitPart));
    Told told{.reply = Value(std::move(map))};
    told.book = reader->book();
    return told;
}

std::shared_ptr<void> WebTills::stream_place(const std::string& digest) {
    const std::lock_guard lock(streams_->mutex);
    std::size_t& count = streams_->of_token[digest];
    if (count >= kStreamsPerTokenMax) {
        return nullptr;
    }
    ++count;
    return std::shared_ptr<void>(streams_.get(), [streams = streams_, digest](void*) {
        const std::lock_guard inner(streams->mutex);
        if (--streams->of_token[digest] == 0) {
            streams->of_token.erase(digest);
        }
    });
}

}  // namespace tillhost::sumpd::webpos
