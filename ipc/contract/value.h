#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::contract {

/// One tree for everything that travels: msgpack, JSON and the book's rows are read into it and
/// written from it, so that bounds are checked in one place (the generated decoders).
///
/// Integers are signed 64 bits; a larger unsigned one is refused by the reader of the bytes. A
/// number with a fraction is kept only so that the error can name the field it stands in.
class Value final {
public:
    using Array = std::vector<Value>;
    using Map = std::vector<std::pair<std::string, Value>>;  ///< in the order of sending

    Value() = default;
    explicit Value(bool value) : node_(value) {}
    explicit Value(std::int64_t value) : node_(value) {}
    explicit Value(double value) : node_(value) {}
    explicit Value(std::string value) : node_(std::move(value)) {}
    explicit Value(base::Bytes value) : node_(std::move(value)) {}
    explicit Value(Array value) : node_(std::move(value)) {}
    explicit Value(Map value) : node_(std::move(value)) {}

    template <class T>
    const T* get_if() const {
        return std::get_if<T>(&node_);
    }
    bool is_nil() const { return std::holds_alternative<std::monostate>(node_); }
    /// The entry of that name, or nullptr when there is none or this is not a map.
    const Value* find(std::string_view key) const;
    Value* find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }
    /// "text", "map", …: for error texts.
    std::string_view type_name() const;

    template <class Visitor>
    decltype(auto) visit(Visitor&& visitor) const {
        return std::visit(std::forward<Visitor>(visitor), node_);
    }
    friend bool operator==(const Value&, const Value&) = default;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, base::Bytes, Array, Map>
        node_;
};

/// How enumerators and bytes are written: numbers and raw bytes for programs, names and hex digits
/// for JSON that people read. Both are understood when read.
enum class Style : std::uint8_t { wire, readable };

class Decoder;

/// The same bytes for equal content, whatever wrote it: type byte, length, content, maps sorted by
/// key. Only ever hashed.
base::Bytes canonical_bytes(const Value& value);

}  // namespace tillhost::contract
