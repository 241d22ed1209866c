#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sumpd/exchange/documents.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/field_reader.h"
#include "sumpd/exchange/json_tree.h"
#include "sumpd/exchange/visitor.h"

// Records as JSON: one line; names are those of the XSD with a small first letter, of lists too
// ("document": […]); fields in their order. Absent optionals and empty lists that may be empty are
// left out. Amounts, measures, moments (ISO 8601 with ms and offset), UUIDs and bytes (base64) are
// texts, integers are numbers. A body is {"receipt": {…}}.
namespace tillhost::sumpd::exchange {

/// Writes what it visits as the members of one object.
class JsonWriter final : public FieldVisitor {
public:
    JsonWriter() { text_ += '{'; }
    /// Once, behind all fields.
    std::string take() {
        text_ += '}';
        return std::move(text_);
    }

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
    void end_list() override;
    void begin_record(std::string_view name) override;
    void end_record() override;
    std::size_t one_of(std::string_view type, std::size_t now,
                       std::span<const std::string_view> names) override;

private:
    enum class Around : std::uint8_t { object, list, no_list };
    void begin(std::string_view name);
    void quoted(std::string_view name, std::string_view text);

    std::string text_{};
    std::vector<Around> open_{Around::object};
};

/// Appends a JSON string in its quotes. Characters that XML does not have become U+FFFD, as they do
/// in XML; everything above ASCII stays as it is.
void append_json_string(std::string& to, std::string_view text);

/// The record must be as it may be sent: enumerators are not 0 (else the program ends). Bounds are
/// not looked at. Pure; the same record gives the same bytes.
template <class T>
std::string to_json(T record) {
    JsonWriter writer;
    fields(writer, record);
    return writer.take();
}

/// Reads one whole text. Refused: what json_tree() refuses; schema_invalid with the field;
/// unsupported_kind for an unknown alternative. See FieldReader.
template <class T>
Outcome<T> from_json(std::string_view text, const TreeBounds& bounds = kRequestBounds) {
    const Outcome<Node> tree = json_tree(text, bounds);
    if (!tree) {
        return tl::unexpected<Fault>(tree.error());
    }
    T record;
    FieldReader reader(*tree, Syntax::json);
    fields(reader, record);
    if (reader.fault()) {
        return tl::unexpected<Fault>(*reader.fault());
    }
    return record;
}

/// SHA-256 of the document's to_json() bytes, 64 lower-case hex digits: equal for equal documents,
/// whatever encoding, order or blanks they came in.
std::string sha256_of(const Document& document);

}  // namespace tillhost::sumpd::exchange
