#include "sumpd/webpos/plain_bytes.h"

#include <algorithm>
#include <utility>

namespace tillhost::sumpd::webpos {

using contract::FieldShape;
using contract::ShapeKind;
using contract::TypeShape;
using contract::Value;

namespace {

Value field_with_plain_bytes(Value value, const FieldShape& field) {
    if (const auto* list = value.get_if<Value::Array>()) {
        Value::Array plain;
        plain.reserve(list->size());
        for (const Value& one : *list) {
            plain.push_back(field_with_plain_bytes(one, field));
        }
        return Value(std::move(plain));
    }
    if (field.type != nullptr) {
        return with_plain_bytes(std::move(value), *field.type);
    }
    const auto* text = value.get_if<std::string>();
    return field.kind == ShapeKind::bytes && text != nullptr ? Value(plain_hex(*text))
                                                             : std::move(value);
}

}  // namespace

std::string plain_hex(std::string text) {
    std::erase(text, ' ');
    return text;
}

Value with_plain_bytes(Value value, const TypeShape& shape) {
    const auto* fields = value.get_if<Value::Map>();
    if (!shape.has_bytes || fields == nullptr) {
        return value;
    }
    Value::Map plain;
    plain.reserve(fields->size());
    for (const auto& [name, held] : *fields) {
        const auto found = std::find_if(
            shape.fields.begin(), shape.fields.end(),
            [&, &called = name](const FieldShape& each) { return each.name == called; });
        plain.emplace_back(
            name, found == shape.fields.end() ? held : field_with_plain_bytes(held, *found));
    }
    return Value(std::move(plain));
}

}  // namespace tillhost::sumpd::webpos
