#include "simulators/services/exchange/value.h"

#include <algorithm>
#include <charconv>

namespace tillhost::simulators::exchange {

Value Value::list(std::vector<Value> elements) {
    Value value;
    value.kind = Kind::list;
    value.items = std::move(elements);
    return value;
}

Value Value::record() {
    Value value;
    value.kind = Kind::record;
    return value;
}

Value& Value::set(std::string_view name, Value value) {
    kind = Kind::record;
    const auto same = [&](const auto& field) { return field.first == name; };
    const auto found = std::find_if(fields.begin(), fields.end(), same);
    if (found != fields.end()) {
        found->second = std::move(value);
    } else {
        fields.emplace_back(std::string(name), std::move(value));
    }
    return *this;
}

Value& Value::add(std::string_view name, Value value) {
    kind = Kind::record;
    for (auto& [known, elements] : fields) {
        if (known == name) {
            if (elements.kind != Kind::list) {
                Value alone = std::move(elements);
                elements = Value::list();
                elements.items.push_back(std::move(alone));
            }
            elements.items.push_back(std::move(value));
            return *this;
        }
    }
    Value first = Value::list();
    first.items.push_back(std::move(value));
    fields.emplace_back(std::string(name), std::move(first));
    return *this;
}

const Value* Value::find(std::string_view name) const {
    for (const auto& [known, value] : fields) {
        if (known == name) {
            return &value;
        }
    }
    return nullptr;
}

const Value& Value::at(std::string_view name) const {
    static const Value kNothing;
    const Value* value = find(name);
    return value == nullptr ? kNothing : *value;
}

std::span<const Value> Value::all(std::string_view name) const {
    const Value* value = find(name);
    if (value == nullptr || value->kind == Kind::none) {
        return {};
    }
    return value->kind == Kind::list ? std::span<const Value>(value->items)
                                     : std::span<const Value>(value, 1);
}

std::string Value::as_text() const {
    switch (kind) {
        case Kind::text: return text;
        case Kind::number: return std::to_string(number);
        case Kind::boolean: return boolean ? "true" : "false";
        case Kind::none:
        case Kind::list:
        case Kind::record: return {};
    }
    return {};
}

std::int64_t Value::as_number() const {
    if (kind != Kind::text) {
        return kind == Kind::number ? number : 0;
    }
    std::int64_t read = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), read);
    return error == std::errc{} && end == text.data() + text.size() ? read : 0;
}

bool Value::as_flag() const {
    return kind == Kind::boolean ? boolean : text == "true" || text == "1";
}

}  // namespace tillhost::simulators::exchange
