#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/field_reader.h"
#include "sumpd/exchange/visitor.h"
#include "sumpd/exchange/xml_tree.h"

// Records as XML: elements of the record's namespace in the order of the XSD when written, in any
// order when read. Values are written as in JSON. A list is its element repeated; a body is
// <Body><Receipt>…</Receipt></Body>.
namespace tillhost::sumpd::exchange {

/// Writes what it visits as the children of one element.
class XmlWriter final : public FieldVisitor {
public:
    /// Appends to the text, so that an envelope can stand around.
    explicit XmlWriter(std::string& text) : text_(text) {}

    void value(std::string_view name, std::string& to, Length bound) override;
    void value(std::string_view name, Secret& to, Length bound) override;
    void value(std::string_view name, std::int64_t& to, Range bound) override;
    void value(std::string_view name, bool& to) override;
    void value(std::string_view name, Amount& to) override;
    void value(std::string_view name, Measure& to) override;
    void value(std::string_view name, Moment& to) override;
    void value(std::string_view name, Uuid& to) override;
    void value(std::string_view name, base::Bytes& to, std::size_t max) override;
    void enumerator(std::string_view name, int& to,
                    std::span<const std::string_view> names) override;
    bool optional(std::string_view name, bool is_there) override;
    std::size_t list(std::string_view name, std::size_t size, Count bound) override;
    void end_list() override {}
    void begin_record(std::string_view name) override;
    void end_record() override;
    std::size_t one_of(std::string_view type, std::size_t now,
                       std::span<const std::string_view> names) override;

private:
    void element(std::string_view name, std::string_view ready);

    std::string& text_;
    std::vector<std::string> open_{};
};

/// The text as character data: with & < > and carriage returns escaped, and U+FFFD for what XML
/// does not have.
std::string xml_escaped(std::string_view text);
/// The same for an attribute in double quotes.
std::string xml_escaped_attribute(std::string_view text);

/// One element with its namespace, without an XML declaration. As with to_json(), enumerators must
/// not be 0; bounds are not looked at.
template <class T>
std::string to_xml(T record, std::string_view element, Space space = Space::exchange) {
    std::string text = "<";
    text.append(element).append(" xmlns=\"").append(uri_of(space)).append("\">");
    XmlWriter writer(text);
    fields(writer, record);
    return text.append("</").append(element).append(">");
}

/// Reads a record from an element of any name; fields are of the element's own namespace.
/// Refused: schema_invalid with the field; unsupported_kind for an unknown alternative.
template <class T>
Outcome<T> from_xml(const Node& element) {
    T record;
    FieldReader reader(element, Syntax::xml);
    fields(reader, record);
    if (reader.fault()) {
        return tl::unexpected<Fault>(*reader.fault());
    }
    return record;
}

/// The same from a whole text; refused is also what xml_tree() refuses.
template <class T>
Outcome<T> from_xml(std::string_view text, const TreeBounds& bounds = kRequestBounds) {
    const Outcome<Node> tree = xml_tree(text, bounds);
    return tree ? from_xml<T>(*tree) : Outcome<T>(tl::unexpected<Fault>(tree.error()));
}

}  // namespace tillhost::sumpd::exchange
