#include <nlohmann/json.hpp>

#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::exchange {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

ordered_json tree_of(const Value& value) {
    switch (value.kind) {
        case Value::Kind::none: return nullptr;
        case Value::Kind::text: return value.text;
        case Value::Kind::number: return value.number;
        case Value::Kind::boolean: return value.boolean;
        case Value::Kind::list: {
            ordered_json list = ordered_json::array();
            for (const Value& item : value.items) {
                list.push_back(tree_of(item));
            }
            return list;
        }
        case Value::Kind::record: {
            ordered_json record = ordered_json::object();
            for (const auto& [name, field] : value.fields) {
                record[name] = tree_of(field);
            }
            return record;
        }
    }
    return nullptr;
}

/// Builds the tree without recursion of its own; refuses depth and fractions as they come.
class Builder final : public nlohmann::json_sax<json> {
public:
    bool null() override { return put(Value()); }
    bool boolean(bool value) override { return put(Value(value)); }
    bool number_integer(number_integer_t value) override {
        return put(Value(static_cast<std::int64_t>(value)));
    }
    bool number_unsigned(number_unsigned_t value) override {
        return value <= INT64_MAX && put(Value(static_cast<std::int64_t>(value)));
    }
    bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return false; }
    bool string(string_t& value) override { return put(Value(std::move(value))); }
    bool binary(binary_t& /*value*/) override { return false; }
    bool start_object(std::size_t /*count*/) override { return open(Value::record()); }
    bool key(string_t& value) override {
        open_.back().name = std::move(value);
        return true;
    }
    bool end_object() override { return close(); }
    bool start_array(std::size_t /*count*/) override { return open(Value::list()); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                     const json::exception& /*why*/) override {
        return false;
    }

    Value take() { return std::move(root_); }

private:
    struct Open {
        Value value{};
        std::string name{};  ///< of the field that comes
    };

    bool open(Value value) {
        open_.push_back({std::move(value), {}});
        return open_.size() <= static_cast<std::size_t>(kDepthMax);
    }
    bool close() {
        Value value = std::move(open_.back().value);
        open_.pop_back();
        return put(std::move(value));
    }
    bool put(Value value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (open_.back().value.kind == Value::Kind::list) {
            open_.back().value.items.push_back(std::move(value));
        } else {
            open_.back().value.fields.emplace_back(std::move(open_.back().name), std::move(value));
        }
        return true;
    }

    std::vector<Open> open_;
    Value root_;
};

}  // namespace

std::string json_of(const Value& value) {
    return tree_of(value).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

base::Result<Value> parse_json(std::string_view text) {
    Builder builder;
    if (!json::sax_parse(text, &builder)) {
        return base::make_error(base::ErrorCode::malformed, "no JSON of the exchange");
    }
    return builder.take();
}

}  // namespace tillhost::simulators::exchange
