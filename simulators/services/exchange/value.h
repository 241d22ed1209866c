#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::simulators::exchange {

/// Levels of a tree that is read; deeper ones are refused.
inline constexpr int kDepthMax = 32;

/// A record of the exchange as a simulated neighbour sees it: fields by name, in the order of
/// writing, names with a small first letter whatever form they came in. It knows no schema: what
/// came as XML holds texts only, and a list of one element is that element.
struct Value {
    enum class Kind : std::uint8_t { none, text, number, boolean, list, record };

    Kind kind = Kind::none;
    std::string text{};
    std::int64_t number = 0;
    bool boolean = false;
    std::vector<Value> items{};
    std::vector<std::pair<std::string, Value>> fields{};

    Value() = default;
    Value(std::string value) : kind(Kind::text), text(std::move(value)) {}  // NOLINT
    Value(std::string_view value) : Value(std::string(value)) {}            // NOLINT
    Value(const char* value) : Value(std::string(value)) {}                 // NOLINT
    Value(std::int64_t value) : kind(Kind::number), number(value) {}        // NOLINT
    Value(int value) : Value(std::int64_t{value}) {}                        // NOLINT
    Value(bool value) : kind(Kind::boolean), boolean(value) {}              // NOLINT

    static Value list(std::vector<Value> elements = {});
    static Value record();

    /// Adds a field, or replaces it; a value without fields becomes a record.
    Value& set(std::string_view name, Value value);
    /// Adds an element to the list of that name.
    Value& add(std::string_view name, Value value);
    /// The field, or null.
    const Value* find(std::string_view name) const;
    /// The field, or an empty value.
    const Value& at(std::string_view name) const;
    bool has(std::string_view name) const { return find(name) != nullptr; }

    /// The field as text, number or truth, whatever form it came in.
    std::string text_of(std::string_view name) const { return at(name).as_text(); }
    std::int64_t number_of(std::string_view name) const { return at(name).as_number(); }
    bool flag_of(std::string_view name) const { return at(name).as_flag(); }
    /// The field's elements: of a list its items, else itself, of an absent one none.
    std::span<const Value> all(std::string_view name) const;

    std::string as_text() const;
    std::int64_t as_number() const;  ///< 0 where there is none
    bool as_flag() const;
};

/// Without blanks, as one line. What is not UTF-8 is replaced.
std::string json_of(const Value& value);
/// Errors: malformed. Total; fractions are refused, since the contract has none.
base::Result<Value> parse_json(std::string_view text);

/// An element with that name and what is in it; its attributes are given as they stand.
std::string xml_of(std::string_view name, const Value& value, std::string_view attributes = {});
std::string xml_escaped(std::string_view text);

/// An element that was read: its name without prefix, its attributes and its content.
struct Element {
    std::string name{};
    Value attributes{};
    Value content{};
};
/// The root of a document. Errors: malformed, also with a DOCTYPE. Total.
base::Result<Element> parse_xml(std::string_view text);
/// The first element in the Body of a SOAP envelope. Errors: malformed.
base::Result<Element> parse_envelope(std::string_view text);

}  // namespace tillhost::simulators::exchange
