#include "ipc/contract/decoder.h"

#include <fmt/format.h>

#include "hal/base/text.h"

namespace tillhost::contract {

using base::Error;
using base::ErrorCode;

bool Decoder::fail(std::string_view expected) {
    const std::string path = path_text(path_);
    error_ = base::bad_field(path.empty() ? "message" : path, expected);
    return false;
}

std::string Decoder::path_text(const Step* step) const {
    if (step == nullptr) {
        return root_;
    }
    std::string text = path_text(step->parent);
    if (step->key.empty()) {
        return text + "[" + std::to_string(step->index) + "]";
    }
    text += text.empty() ? "" : ".";
    text += step->key;
    return text;
}

bool Decoder::missing(std::string_view key) {
    return at(key, [this] { return fail("is required"); });
}

bool Decoder::map(const Value& from) {
    return from.get_if<Value::Map>() != nullptr ||
           fail(fmt::format("a map of fields, not {}", from.type_name()));
}

const std::pair<std::string, Value>* Decoder::only_entry(const Value& from) {
    const Value::Map* map = from.get_if<Value::Map>();
    if (map == nullptr || map->size() != 1) {
        fail("a map with exactly one entry, the name of the case");
        return nullptr;
    }
    return &map->front();
}

std::int64_t Decoder::enumerator(const Value& from, std::span<const EnumRow> rows) {
    const auto* number = from.get_if<std::int64_t>();
    const auto* name = from.get_if<std::string>();
    for (const EnumRow& row : rows) {
        if ((number != nullptr && *number == row.number) ||
            (name != nullptr && *name == row.name)) {
            return row.number;
        }
    }
    std::string names;
    for (const EnumRow& row : rows) {
        names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", row.name, row.number);
    }
    fail(fmt::format("one of {}", names));
    return 0;
}

bool Decoder::read(const Value& from, bool& to) {
    const bool* value = from.get_if<bool>();
    if (value == nullptr) {
        return fail(fmt::format("true or false, not {}", from.type_name()));
    }
    to = *value;
    return true;
}

bool Decoder::read(const Value& from, std::int64_t& to, std::int64_t min, std::int64_t max) {
    const auto* value = from.get_if<std::int64_t>();
    if (value == nullptr) {
        return fail(fmt::format("an integer from {} to {}, not {}", min, max, from.type_name()));
    }
    if (*value < min || *value > max) {
        return fail(fmt::format("an integer from {} to {}, not {}", min, max, *value));
    }
    to = *value;
    return true;
}

bool Decoder::read(const Value& from, std::string& to, std::size_t min, std::size_t max) {
    const auto* value = from.get_if<std::string>();
    if (value == nullptr) {
        return fail(fmt::format("text of {} to {} characters, not {}", min, max, from.type_name()));
    }
    if (!base::is_utf8(*value)) {
        return fail("text in UTF-8");
    }
    const std::size_t length = base::utf8_length(*value);
    if (length < min || length > max) {
        return fail(fmt::format("text of {} to {} characters, not {}", min, max, length));
    }
    to = *value;
    return true;
}

bool Decoder::read(const Value& from, base::Bytes& to, std::size_t min, std::size_t max) {
    if (const auto* hex = from.get_if<std::string>()) {
        auto bytes = base::from_hex(*hex);
        if (!bytes) {
            return fail("bytes, or an even number of hex digits");
        }
        to = std::move(*bytes);
    } else if (const auto* bytes = from.get_if<base::Bytes>()) {
        to = *bytes;
    } else {
        return fail(fmt::format("bytes, not {}", from.type_name()));
    }
    return (to.size() >= min && to.size() <= max) ||
           fail(fmt::format("{} to {} bytes, not {}", min, max, to.size()));
}

bool Decoder::read(const Value& from, base::OperationId& to) {
    const auto* text = from.get_if<std::string>();
    auto id = text == nullptr ? base::Result<base::OperationId>(base::Error{})
                              : base::OperationId::from_text(*text);
    if (!id) {
        return fail("a UUID of version 7, such as 0190b8f2-7c1e-7a00-8000-000000000001");
    }
    to = *id;
    return true;
}

const Value::Array* Decoder::array(const Value& from, std::size_t min, std::size_t max) {
    const auto* items = from.get_if<Value::Array>();
    if (items == nullptr) {
        fail(fmt::format("a list of {} to {} entries, not {}", min, max, from.type_name()));
        return nullptr;
    }
    if (items->size() < min || items->size() > max) {
        fail(fmt::format("a list of {} to {} entries, not {}", min, max, items->size()));
        return nullptr;
    }
    return items;
}

Value put(const base::Bytes& value, Style style) {
    return style == Style::readable ? Value(base::to_hex(value)) : Value(value);
}

}  // namespace tillhost::contract
