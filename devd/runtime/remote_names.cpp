#include "devd/runtime/remote_names.h"

#include <utility>

namespace tillhost::devd::runtime {
namespace {

using contract::Value;

constexpr std::string_view kDevice = "device";

const std::string* find(const std::map<std::string, std::string>& names, const std::string& name) {
    const auto found = names.find(name);
    return found == names.end() ? nullptr : &found->second;
}

Value renamed(const Value& from, const std::map<std::string, std::string>& names) {
    if (const auto* map = from.get_if<Value::Map>()) {
        Value::Map made;
        made.reserve(map->size());
        for (const auto& [key, value] : *map) {
            const auto* text = key == kDevice ? value.get_if<std::string>() : nullptr;
            const std::string* other = text == nullptr ? nullptr : find(names, *text);
            made.emplace_back(key, other == nullptr ? renamed(value, names) : Value(*other));
        }
        return Value(std::move(made));
    }
    if (const auto* array = from.get_if<Value::Array>()) {
        Value::Array made;
        made.reserve(array->size());
        for (const Value& value : *array) {
            made.push_back(renamed(value, names));
        }
        return Value(std::move(made));
    }
    return from;
}

}  // namespace

RemoteNames::RemoteNames(const RemoteHost& host) : there_(host.devices) {
    for (const auto& [here, there] : there_) {
        here_.emplace(there, here);
    }
}

const std::string* RemoteNames::there(const std::string& here) const { return find(there_, here); }

const std::string* RemoteNames::here(const std::string& there) const { return find(here_, there); }

Value RemoteNames::to_there(const Value& body) const {
    Value made = body;
    if (Value* device = made.find(kDevice)) {
        const auto* text = device->get_if<std::string>();
        const std::string* other = text == nullptr ? nullptr : there(*text);
        if (other != nullptr) {
            *device = Value(*other);
        }
    }
    return made;
}

Value RemoteNames::to_here(const Value& said) const { return renamed(said, here_); }

std::string text_at(const Value& body, std::string_view key) {
    const Value* value = body.find(key);
    const auto* text = value == nullptr ? nullptr : value->get_if<std::string>();
    return text == nullptr ? std::string() : *text;
}

std::int64_t number_at(const Value& body, std::string_view key) {
    const Value* value = body.find(key);
    const auto* number = value == nullptr ? nullptr : value->get_if<std::int64_t>();
    return number == nullptr ? 0 : *number;
}

}  // namespace tillhost::devd::runtime
