#include "sumpd/webpos/soap.h"

#include <fmt/format.h>

#include <utility>

#include "hal/base/text.h"
#include "ipc/contract/envelope.h"
#include "sumpd/exchange/text_form.h"
#include "sumpd/exchange/xml_codec.h"
#include "sumpd/webpos/answers.h"
#include "sumpd/webpos/value_xml.h"
#include "sumpd/webpos/wsdl.h"

namespace tillhost::sumpd::webpos {

using base::Error;
using base::ErrorCode;
using base::Result;
using contract::FieldShape;
using contract::ShapeKind;
using contract::TypeShape;
using contract::Value;
using exchange::Encoding;
using exchange::Node;
using exchange::Space;
using http::Response;

namespace {

constexpr std::string_view kFrozenAddress = "https://localhost:8443/devices/soap";
constexpr std::string_view kXml = "text/xml; charset=utf-8";
constexpr std::string_view kRetryAfterSeconds = "1";
constexpr std::size_t kNameMax = 64;  // of an unknown operation, told in a fault

constexpr FieldShape kEventFields[] = {
    {.name = "topics"},
    {.name = "after", .may_miss = true},
};
constexpr TypeShape kEventsShape{"events", ShapeKind::record, kEventFields};
/// What an operation has beside the contract's fields.
constexpr FieldShape kOwnFields[] = {
    {.name = kWaitName, .kind = ShapeKind::integer, .may_miss = true},
    {.name = kBookName, .kind = ShapeKind::integer, .may_miss = true},
};
constexpr TypeShape kOwnShape{"own", ShapeKind::record, kOwnFields};

Error error_from(const exchange::Fault& fault) {
    const bool is_large = fault.code == exchange::FaultCode::too_large;
    return base::make_error(is_large ? ErrorCode::too_large : ErrorCode::malformed, fault.message);
}

/// 0 to `max`; `usual` if it is not there.
Result<std::int64_t> own_number(const Value& own, std::string_view name, std::int64_t usual,
                                std::int64_t max) {
    const Value* field = own.find(name);
    const auto* number = field == nullptr ? nullptr : field->get_if<std::int64_t>();
    if (number != nullptr && (*number < 0 || *number > max)) {
        return base::bad_field(name, fmt::format("an integer, 0 to {}", max));
    }
    return number == nullptr ? usual : *number;
}

Result<Asked> asked_by(const Node& element, const Route* route) {
    Asked asked{.route = route};
    const Value own = TRY(value_from_xml(element, kOwnShape));
    asked.wait_ms = TRY(own_number(own, kWaitName, kWaitMsNotSaid, kWaitMsMax));
    asked.book = TRY(own_number(own, kBookName, 0, INT64_MAX));
    asked.body = TRY(value_from_xml(
        element, route == nullptr ? kEventsShape : contract::request_shape(route->kind)));
    return asked;
}

Result<Asked> asked_in(SoapCall& call, exchange::Outcome<Node> element) {
    if (!element) {
        return error_from(element.error());
    }
    if (call.encoding == Encoding::raw_xml) {
        call.encoding = Encoding::soap11;
        return base::make_error(ErrorCode::malformed, "an envelope of SOAP 1.1 or 1.2 is right");
    }
    if (element->space != Space::devices) {
        return base::make_error(ErrorCode::malformed,
                                fmt::format("the element in the Body must be of the namespace {}",
                                            exchange::uri_of(Space::devices)));
    }
    const Route* route = find_route(contract::request_kind_from(element->name));
    if (route == nullptr && element->name != kEventsName) {
        return base::make_error(ErrorCode::unknown_kind,
                                fmt::format("there is no operation {}; see {}?wsdl",
                                            base::cut_utf8(element->name, kNameMax), kSoapPath));
    }
    call.name = element->name;
    return asked_by(*element, route);
}

/// The path that a wrong field's error begins with.
std::string_view field_of(const Error& error) {
    const std::size_t end = error.detail.find(": ");
    const bool has_one = error.code == ErrorCode::bad_field && end != std::string::npos;
    return has_one ? std::string_view(error.detail).substr(0, end) : std::string_view();
}

std::string detail_of(const Error& error, std::string_view request_id) {
    const std::string_view name =
        error.effect == base::Effect::unknown ? "outcome_unknown" : "refused";
    std::string text = fmt::format("<{} xmlns=\"{}\">", name, exchange::uri_of(Space::devices));
    append_xml(text, "error", to_value(contract::to_contract(error), contract::Style::readable));
    if (const std::string_view field = field_of(error); !field.empty()) {
        append_xml(text, "field", Value(std::string(field)));
    }
    append_xml(text, "request_id", Value(std::string(request_id)));
    return text.append("</").append(name).append(">");
}

}  // namespace

Encoding soap_of(const http::Request& request) {
    const bool is_new = request.header("Content-Type").starts_with("application/soap+xml");
    return is_new ? Encoding::soap12 : Encoding::soap11;
}

SoapCall open_soap(const http::Request& request) {
    exchange::Envelope envelope = exchange::open_envelope(request.body, soap_of(request));
    SoapCall call{.encoding = envelope.encoding, .code = envelope.soap_code};
    call.asked = asked_in(call, std::move(envelope.element));
    return call;
}

Response soap_answer(const SoapCall& call, const Told& told) {
    std::string text =
        fmt::format("<{}_reply xmlns=\"{}\">", call.name, exchange::uri_of(Space::devices));
    append_xml(text, "reply", told.reply);
    append_xml(text, kBookName, Value(told.book));
    text += fmt::format("</{}_reply>", call.name);
    return {.content_type = std::string(exchange::content_type_of(call.encoding, false)),
            .body = exchange::enclosed(call.encoding, text)};
}

Response soap_refusal(const SoapCall& call, const Error& error, std::string_view request_id) {
    const bool is_unknown = error.effect == base::Effect::unknown;
    Response response{.status = 500,
                      .content_type = std::string(exchange::content_type_of(call.encoding, true))};
    response.body = exchange::close_soap_fault(
        call.encoding, {.code = call.code,
                        .is_senders = !is_unknown && error.reaction == base::Reaction::reject,
                        .message = (is_unknown ? "outcome unknown: " : "") + base::to_text(error),
                        .detail = detail_of(error, request_id)});
    if (const int status = status_of(error); status == 503 || status == 504) {
        response.headers.push_back({"Retry-After", std::string(kRetryAfterSeconds)});
    }
    return response;
}

Response wsdl_answer(const http::Request& request) {
    const std::string address = fmt::format("{}://{}{}", request.secure ? "https" : "http",
                                            request.header("Host"), kSoapPath);
    std::string text;
    std::string_view rest = wsdl_text();
    for (;;) {
        const std::size_t at = rest.find(kFrozenAddress);
        text += rest.substr(0, at);
        if (at == std::string_view::npos) {
            return {.content_type = std::string(kXml), .body = std::move(text)};
        }
        text += exchange::xml_escaped_attribute(address);
        rest.remove_prefix(at + kFrozenAddress.size());
    }
}

}  // namespace tillhost::sumpd::webpos
