#include <cctype>
#include <pugixml.hpp>

#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::exchange {
namespace {

using base::ErrorCode;

std::string_view local_name(std::string_view name) {
    const auto colon = name.find(':');
    return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string small(std::string_view name) {
    std::string text(local_name(name));
    if (!text.empty()) {
        text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
    }
    return text;
}

std::string capital(std::string_view name) {
    std::string text(name);
    if (!text.empty()) {
        text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    }
    return text;
}

bool has_elements(const pugi::xml_node& node) {
    for (const pugi::xml_node& child : node.children()) {
        if (child.type() == pugi::node_element) {
            return true;
        }
    }
    return false;
}

/// Nothing where it is deeper than it may be.
base::Result<Value> content_of(const pugi::xml_node& node, int depth) {
    if (depth > kDepthMax) {
        return base::make_error(ErrorCode::malformed, "too many levels");
    }
    if (!has_elements(node)) {
        return Value(std::string(node.text().get()));
    }
    Value record = Value::record();
    for (const pugi::xml_node& child : node.children()) {
        if (child.type() != pugi::node_element) {
            continue;
        }
        const std::string name = small(child.name());
        Value content = TRY(content_of(child, depth + 1));
        record.has(name) ? record.add(name, std::move(content))
                         : record.set(name, std::move(content));
    }
    return record;
}

base::Result<Element> element_of(const pugi::xml_node& node) {
    Element element;
    element.name = local_name(node.name());
    for (const pugi::xml_attribute& attribute : node.attributes()) {
        element.attributes.set(small(attribute.name()), std::string(attribute.value()));
    }
    element.content = TRY(content_of(node, 1));
    return element;
}

base::Done load(pugi::xml_document& document, std::string_view text) {
    constexpr unsigned kHow = pugi::parse_default | pugi::parse_doctype;
    if (!document.load_buffer(text.data(), text.size(), kHow)) {
        return base::make_error(ErrorCode::malformed, "no well-formed XML");
    }
    for (const pugi::xml_node& node : document.children()) {
        if (node.type() == pugi::node_doctype) {
            return base::make_error(ErrorCode::malformed, "a DOCTYPE");
        }
    }
    return {};
}

void write(std::string& text, std::string_view name, const Value& value,
           std::string_view attributes) {
    if (value.kind == Value::Kind::list) {
        for (const Value& item : value.items) {
            write(text, name, item, {});
        }
        return;
    }
    if (value.kind == Value::Kind::none) {
        return;
    }
    text.append("<").append(name).append(attributes).append(">");
    for (const auto& [field, content] : value.fields) {
        write(text, capital(field), content, {});
    }
    text.append(xml_escaped(value.as_text())).append("</").append(name).append(">");
}

}  // namespace

std::string xml_escaped(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char one : text) {
        switch (one) {
            case '&': escaped += "&amp;"; break;
            case '<': escaped += "&lt;"; break;
            case '>': escaped += "&gt;"; break;
            case '"': escaped += "&quot;"; break;
            default: escaped += one;
        }
    }
    return escaped;
}

std::string xml_of(std::string_view name, const Value& value, std::string_view attributes) {
    std::string text;
    write(text, name, value, attributes);
    return text;
}

base::Result<Element> parse_xml(std::string_view text) {
    pugi::xml_document document;
    TRY(load(document, text));
    return element_of(document.document_element());
}

base::Result<Element> parse_envelope(std::string_view text) {
    pugi::xml_document document;
    TRY(load(document, text));
    const pugi::xml_node envelope = document.document_element();
    if (local_name(envelope.name()) != "Envelope") {
        return base::make_error(ErrorCode::malformed, "no SOAP envelope");
    }
    for (const pugi::xml_node& part : envelope.children()) {
        if (local_name(part.name()) == "Body" && part.first_child()) {
            return element_of(part.first_child());
        }
    }
    return base::make_error(ErrorCode::malformed, "a SOAP envelope without a body");
}

}  // namespace tillhost::simulators::exchange
