#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/ids.h"
#include "hal/base/result.h"
#include "ipc/contract/value.h"

namespace tillhost::contract {

enum class Presence : std::uint8_t { required, optional };

struct EnumRow {
    std::string_view name;
    std::int64_t number;
};

/// Reads Values into structs for the generated code. Keeps the path to the field at hand and the
/// first error, which says what would be right.
class Decoder final {
public:
    explicit Decoder(std::string root) : root_(std::move(root)) {}

    bool map(const Value& from);
    /// The single entry of a union's map; nullptr (with an error) otherwise.
    const std::pair<std::string, Value>* only_entry(const Value& from);
    std::int64_t enumerator(const Value& from, std::span<const EnumRow> rows);  ///< 0 with an error
    bool fail(std::string_view expected);

    template <class T, class... Bounds>
    bool field(const Value& from, std::string_view key, Presence presence, T& to,
               Bounds... bounds) {
        const Value* value = from.find(key);
        if (value == nullptr || value->is_nil()) {
            return presence == Presence::optional || missing(key);
        }
        return at(key, [&] { return read(*value, to, bounds...); });
    }

    template <class T, class... Bounds>
    bool list(const Value& from, std::string_view key, Presence presence, std::size_t min,
              std::size_t max, std::vector<T>& to, Bounds... bounds) {
        const Value* value = from.find(key);
        if (value == nullptr || value->is_nil()) {
            return presence == Presence::optional || missing(key);
        }
        return at(key, [&] {
            const Value::Array* items = array(*value, min, max);
            if (items == nullptr) {
                return false;
            }
            to.resize(items->size());
            for (std::size_t i = 0; i < items->size(); ++i) {
                if (!item(i, [&] { return read((*items)[i], to[i], bounds...); })) {
                    return false;
                }
            }
            return true;
        });
    }

    template <class T>
    bool nested(const std::pair<std::string, Value>& entry, T& to) {
        return at(entry.first, [&] { return decode(*this, entry.second, to); });
    }

    base::Error take_error() { return std::move(*error_); }

private:
    bool read(const Value& from, bool& to);
    bool read(const Value& from, std::int64_t& to, std::int64_t min, std::int64_t max);
    bool read(const Value& from, std::string& to, std::size_t min, std::size_t max);
    bool read(const Value& from, base::Bytes& to, std::size_t min, std::size_t max);
    bool read(const Value& from, base::OperationId& to);
    template <class T, class... Bounds>
    bool read(const Value& from, std::optional<T>& to, Bounds... bounds) {
        return read(from, to.emplace(), bounds...);
    }
    template <class T>
    bool read(const Value& from, T& to) {
        return decode(*this, from, to);
    }

    const Value::Array* array(const Value& from, std::size_t min, std::size_t max);
    bool missing(std::string_view key);

    /// One step of the path to the field at hand. The steps stand on the stack; only an error
    /// needs them as text.
    struct Step {
        const Step* parent = nullptr;
        std::string_view key{};  ///< empty: an item of a list
        std::size_t index = 0;
    };
    template <class Body>
    bool at(std::string_view key, Body body) {
        return below({.parent = path_, .key = key}, body);
    }
    template <class Body>
    bool item(std::size_t index, Body body) {
        return below({.parent = path_, .index = index}, body);
    }
    template <class Body>
    bool below(const Step& step, Body& body) {
        path_ = &step;
        const bool good = body();
        path_ = step.parent;
        return good;
    }
    std::string path_text(const Step* step) const;

    std::string root_;
    const Step* path_ = nullptr;
    std::optional<base::Error> error_;
};

/// Reads a struct or union of the contract. `root` stands before the field's path in errors.
/// Errors: bad_field naming the field and what would be right.
template <class T>
base::Result<T> from_value(const Value& value, std::string root = {}) {
    Decoder decoder(std::move(root));
    T result{};
    if (!decode(decoder, value, result)) {
        return decoder.take_error();
    }
    return result;
}

// How the generated code writes fields.
inline Value put(bool value, Style) { return Value(value); }
inline Value put(std::int64_t value, Style) { return Value(value); }
inline Value put(const std::string& value, Style) { return Value(value); }
Value put(const base::Bytes& value, Style style);
inline Value put(const base::OperationId& value, Style) { return Value(value.to_text()); }
template <class T>
Value put(const T& value, Style style) {
    if constexpr (std::is_enum_v<T>) {
        if (style == Style::readable) {
            return Value(std::string(name_of(value)));
        }
        return Value(static_cast<std::int64_t>(value));
    } else {
        return to_value(value, style);
    }
}
template <class T>
Value put(const std::vector<T>& value, Style style) {
    Value::Array array;
    array.reserve(value.size());
    for (const T& one : value) {
        array.push_back(put(one, style));
    }
    return Value(std::move(array));
}

}  // namespace tillhost::contract
