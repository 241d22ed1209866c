#include "sumpd/exchange/message_items.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/text.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::string_view kVersionKnown = "1.";

/// A child of the node by its name in the XSD, for telling what was refused.
const Node* child_of(const Node& node, std::string_view name, Syntax syntax) {
    if (syntax == Syntax::xml) {
        return node.find(node.space, name);
    }
    std::string member(name);
    member.front() = static_cast<char>(member.front() - 'A' + 'a');
    return node.find(Space::none, member);
}

std::string text_in(const Node& node, std::string_view name, Syntax syntax, std::size_t max) {
    const Node* child = child_of(node, name, syntax);
    return child == nullptr ? std::string()
                            : std::string(base::cut_utf8(made_carried(child->text), max));
}

/// What FieldReader cannot know: the body of an object is of the object's kind.
std::optional<Fault> wrong_in(const Object& object) {
    const auto kinds = object_kinds();
    const auto kind = std::find(kinds.begin(), kinds.end(), object.kind);
    if (kind == kinds.end()) {
        return Fault{.code = FaultCode::unsupported_kind,
                     .message = "unknown kind " + object.kind,
                     .field = "Kind"};
    }
    if (object.deleted == object.body.has_value()) {
        return Fault{.code = FaultCode::schema_invalid,
                     .message = "Body: right is one, or Deleted true and none",
                     .field = "Body"};
    }
    if (object.body && kinds[object.body->index()] != *kind) {
        return Fault{.code = FaultCode::schema_invalid,
                     .message = fmt::format("Body: right is {}, as the kind says", *kind),
                     .field = "Body"};
    }
    return std::nullopt;
}
std::optional<Fault> wrong_in(const MessageDocument&) { return std::nullopt; }
std::optional<Fault> wrong_in(const DocumentVerdict&) { return std::nullopt; }

}  // namespace

void fields(FieldVisitor& v, MessageHeader& x) {
    constexpr Length kNode{1, kReferenceMax};
    v.value("From", x.from, kNode);
    v.value("To", x.to, kNode);
    v.value("MessageNo", x.message_no, Range{1, kMessageNoMax});
    v.value("AckNo", x.ack_no, Range{0, kMessageNoMax});
    v.value("CreatedAt", x.created_at);
    v.value("Format", x.format, Length{1, 16});
    v.value("Full", x.full);
}

void fields(FieldVisitor& v, MessageDocument& x) {
    fields(v, x.document);
    maybe(v, "DeviceId", x.device_id);
    maybe(v, "DeviceName", x.device_name, Length{1, kNameMax});
    maybe(v, "ReceivedAt", x.received_at);
    values(v, "Flag", x.flags, Count{0, kFlagsMax}, Length{1, kReferenceMax});
}

Fault MessageItems::placed(Fault fault) const {
    fault.message = number_ == 0 ? "header: " + fault.message
                                 : fmt::format("item {}: {}", number_, fault.message);
    return fault;
}

std::optional<Fault> MessageItems::header(const Node& node, Syntax syntax) {
    MessageHeader header;
    FieldReader reader(node, syntax);
    fields(reader, header);
    if (reader.fault()) {
        return reader.fault();
    }
    if (!header.format.starts_with(kVersionKnown)) {
        return Fault{.code = FaultCode::unsupported_version,
                     .message = "Format: right is 1.0",
                     .field = "Format"};
    }
    return events_.header(header);
}

std::optional<Fault> MessageItems::item(std::string_view name, const Node& node, Syntax syntax) {
    if (name == "Object") {
        return take<Object>(name, node, syntax, &MessageEvents::object);
    }
    if (name == "Document") {
        return take<MessageDocument>(name, node, syntax, &MessageEvents::document);
    }
    if (name == "Result") {
        return take<DocumentVerdict>(name, node, syntax, &MessageEvents::verdict);
    }
    return refuse_item(name, node, syntax,
                       Fault{.code = FaultCode::unsupported_kind,
                             .message = "unknown item; known are Object, Document and Result"});
}

template <class T>
std::optional<Fault> MessageItems::take(std::string_view name, const Node& node, Syntax syntax,
                                        std::optional<Fault> (MessageEvents::*give)(std::int64_t,
                                                                                    T)) {
    T record;
    FieldReader reader(node, syntax);
    fields(reader, record);
    std::optional<Fault> fault = reader.fault() ? reader.fault() : wrong_in(record);
    if (fault) {
        return refuse_item(name, node, syntax, std::move(*fault));
    }
    return (events_.*give)(number_, std::move(record));
}

std::optional<Fault> MessageItems::refuse_item(std::string_view name, const Node& node,
                                               Syntax syntax, Fault fault) {
    RefusedItem item{.number = number_, .fault = std::move(fault)};
    if (name == "Object") {
        item.kind = text_in(node, "Kind", syntax, kReferenceMax);
        item.id = text_in(node, "Id", syntax, 2 * kReferenceMax);
    } else {
        item.kind = std::string(base::cut_utf8(made_carried(name), kReferenceMax));
        item.id = text_in(node, "DocId", syntax, 2 * kReferenceMax);
    }
    return events_.refused(std::move(item));
}

}  // namespace tillhost::sumpd::exchange
