#include "sumpd/webpos/value_xml.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "hal/base/text.h"
#include "sumpd/exchange/text_form.h"
#include "sumpd/exchange/xml_codec.h"
#include "sumpd/webpos/plain_bytes.h"

namespace tillhost::sumpd::webpos {

using base::Result;
using contract::FieldShape;
using contract::ShapeKind;
using contract::TypeShape;
using contract::Value;
using exchange::Node;
using exchange::Space;

namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::size_t kForeignNameMax = 64;  // of an unknown element, told in an error

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_nil(const Node& element) {
    const std::string* nil = element.attribute(Space::instance, "nil");
    return nil != nullptr && (*nil == "true" || *nil == "1");
}

std::string below(std::string_view path, std::string_view name) {
    return fmt::format("{}{}{}", path, path.empty() ? "" : ".", name);
}

std::string names_of(const TypeShape& shape) {
    std::string names;
    for (const FieldShape& field : shape.fields) {
        names += fmt::format("{}{}", names.empty() ? "" : ", ", field.name);
    }
    return names;
}

Result<Value> record_from(const Node& element, const TypeShape& shape, const std::string& path);

Result<Value> scalar_from(const Node& element, ShapeKind kind, const std::string& path) {
    if (!element.children.empty()) {
        return base::bad_field(path, "text, not elements");
    }
    const std::string_view text = trimmed(element.text);
    if (kind == ShapeKind::integer) {
        const auto number = exchange::integer_from(text);
        return number ? Result<Value>(Value(*number)) : base::bad_field(path, "an integer");
    }
    if (kind == ShapeKind::boolean) {
        const bool yes = text == "true" || text == "1";
        const bool good = yes || text == "false" || text == "0";
        return good ? Result<Value>(Value(yes)) : base::bad_field(path, "true or false");
    }
    // Of a text blanks count; of digits and words they do not.
    return Value(kind == ShapeKind::text ? element.text : std::string(text));
}

Result<Value> value_from(const Node& element, const FieldShape& field, const std::string& path) {
    return field.type == nullptr ? scalar_from(element, field.kind, path)
                                 : record_from(element, *field.type, path);
}

/// Takes the children of one element into the fields of one type, a field at a time.
class RecordReader final {
public:
    RecordReader(const TypeShape& shape, const std::string& path)
        : shape_(shape), path_(path), values_(shape.fields.size()), lists_(shape.fields.size()) {}

    base::Done take(const Node& child) {
        const std::string name(base::cut_utf8(child.name, kForeignNameMax));
        if (child.space != Space::devices) {
            return base::bad_field(
                below(path_, name),
                fmt::format("an element of the namespace {}", exchange::uri_of(Space::devices)));
        }
        const auto found =
            std::find_if(shape_.fields.begin(), shape_.fields.end(),
                         [&](const FieldShape& field) { return field.name == child.name; });
        if (found == shape_.fields.end()) {
            const bool may_be = shape_.kind == ShapeKind::record;
            return may_be ? base::Done()
                          : base::Done(base::bad_field(
                                path_, fmt::format("one of {}, not {}", names_of(shape_), name)));
        }
        return is_nil(child) ? base::Done() : put(child, *found);
    }

    Result<Value> whole() {
        Value::Map map;
        for (std::size_t i = 0; i < values_.size(); ++i) {
            const FieldShape& field = shape_.fields[i];
            // XML has no list without entries; one that must be there is such a one.
            if (field.is_list && (!lists_[i].empty() || !field.may_miss)) {
                map.emplace_back(std::string(field.name), Value(std::move(lists_[i])));
            } else if (values_[i]) {
                map.emplace_back(std::string(field.name), std::move(*values_[i]));
            }
        }
        if (shape_.kind == ShapeKind::choice && map.size() != 1) {
            return base::bad_field(path_, fmt::format("exactly one of {}", names_of(shape_)));
        }
        return Value(std::move(map));
    }

private:
    base::Done put(const Node& child, const FieldShape& field) {
        const auto at = static_cast<std::size_t>(&field - shape_.fields.data());
        std::string path = below(path_, field.name);
        if (field.is_list) {
            path += fmt::format("[{}]", lists_[at].size());
            lists_[at].push_back(TRY(value_from(child, field, path)));
            return {};
        }
        if (values_[at]) {
            return base::bad_field(path, "once");
        }
        values_[at] = TRY(value_from(child, field, path));
        return {};
    }

    const TypeShape& shape_;
    const std::string& path_;
    std::vector<std::optional<Value>> values_;
    std::vector<Value::Array> lists_;
};

Result<Value> record_from(const Node& element, const TypeShape& shape, const std::string& path) {
    if (element.children.empty() && !trimmed(element.text).empty()) {
        return base::bad_field(path.empty() ? element.name : path, "elements, not text");
    }
    RecordReader reader(shape, path);
    for (const Node& child : element.children) {
        TRY(reader.take(child));
    }
    return reader.whole();
}

void append_element(std::string& text, std::string_view name, std::string_view ready) {
    text.append("<").append(name).append(">").append(ready);
    text.append("</").append(name).append(">");
}

std::string inside_of(const Value& value) {
    return value.visit([](const auto& held) -> std::string {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, bool>) {
            return held ? "true" : "false";
        } else if constexpr (std::is_same_v<Held, std::string>) {
            return exchange::xml_escaped(held);
        } else if constexpr (std::is_same_v<Held, base::Bytes>) {
            return plain_hex(base::to_hex(held));
        } else if constexpr (std::is_same_v<Held, Value::Map>) {
            std::string text;
            for (const auto& [name, field] : held) {
                append_xml(text, name, field);
            }
            return text;
        } else if constexpr (std::is_arithmetic_v<Held>) {
            return fmt::format("{}", held);
        } else {
            return {};  // nothing, or a list of lists, which the schema does not have
        }
    });
}

}  // namespace

Result<Value> value_from_xml(const Node& element, const TypeShape& shape) {
    return record_from(element, shape, {});
}

void append_xml(std::string& text, std::string_view name, const Value& value) {
    if (const auto* list = value.get_if<Value::Array>()) {
        for (const Value& one : *list) {
            append_element(text, name, inside_of(one));
        }
    } else if (!value.is_nil()) {
        append_element(text, name, inside_of(value));
    }
}

}  // namespace tillhost::sumpd::webpos
