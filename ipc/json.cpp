#include "ipc/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "hal/base/bytes.h"
#include "hal/base/invariant.h"
#include "ipc/tree_builder.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;
using contract::Value;
using Json = nlohmann::ordered_json;

struct ToJson {
    Json operator()(std::monostate) const { return nullptr; }
    Json operator()(bool value) const { return value; }
    Json operator()(std::int64_t value) const { return value; }
    Json operator()(double value) const { return value; }
    Json operator()(const std::string& value) const { return value; }
    Json operator()(const base::Bytes& value) const { return base::to_hex(value); }
    Json operator()(const Value::Array& value) const {
        Json list = Json::array();
        for (const Value& one : value) {
            list.push_back(one.visit(*this));
        }
        return list;
    }
    Json operator()(const Value::Map& value) const {
        Json map = Json::object();
        for (const auto& [key, one] : value) {
            map[key] = one.visit(*this);
        }
        return map;
    }
};

/// Hands the text over character by character and keeps how far the parser has come.
class Cursor final {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = char;

    Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}
    char operator*() const { return *at_; }
    Cursor& operator++() {
        *reached_ = ++at_;
        return *this;
    }
    bool operator!=(const Cursor& other) const { return at_ != other.at_; }

private:
    const char* at_;
    const char** reached_;
};

/// Called by the library's parser for each piece; a method that returns false stops it.
class Visitor final : public nlohmann::json_sax<Json> {
public:
    bool null() override { return tree_.put(Value()); }
    bool boolean(bool value) override { return tree_.put(Value(value)); }
    bool number_integer(number_integer_t value) override { return tree_.put(Value(value)); }
    bool number_unsigned(number_unsigned_t value) override { return tree_.put_unsigned(value); }
    bool number_float(number_float_t value, const string_t&) override {
        return tree_.put(Value(value));
    }
    bool string(string_t& value) override { return tree_.put(Value(std::move(value))); }
    bool binary(binary_t&) override {
        return tree_.refuse(ErrorCode::malformed, "bytes are not JSON");
    }
    bool start_object(std::size_t) override { return tree_.open_map(0); }
    bool key(string_t& name) override { return tree_.key(name); }
    bool end_object() override { return tree_.close(); }
    bool start_array(std::size_t) override { return tree_.open_list(0); }
    bool end_array() override { return tree_.close(); }
    bool parse_error(std::size_t, const std::string&,
                     const nlohmann::detail::exception& thrown) override {
        // "[json.exception.…] parse error at line 1, column 2: what is wrong"
        const std::string_view whole = thrown.what();
        const std::size_t place = whole.find("column ");
        const std::size_t begins =
            place == std::string_view::npos ? place : whole.find(": ", place);
        return tree_.refuse(
            ErrorCode::malformed,
            std::string(begins == std::string_view::npos ? whole : whole.substr(begins + 2)));
    }
    TreeBuilder& tree() { return tree_; }

private:
    TreeBuilder tree_;
};

std::string place_of(std::string_view text, std::size_t offset) {
    // The parser has taken the character that it stumbled over.
    const std::string_view before = text.substr(0, offset == 0 ? 0 : offset - 1);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t last = before.rfind('\n');
    const std::size_t column =
        last == std::string_view::npos ? before.size() + 1 : before.size() - last;
    return fmt::format("line {}, column {}", line, column);
}

}  // namespace

std::string to_json(const Value& value, int indent) {
    const Json json = value.visit(ToJson{});
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

base::Result<Value> from_json(std::string_view text) {
    if (text.size() > contract::kFrameBytesMax) {
        return make_error(ErrorCode::too_large, fmt::format("a text of {} bytes; at most {}",
                                                            text.size(), contract::kFrameBytesMax));
    }
    const char* reached = text.data();
    Visitor visitor;
    const bool whole = Json::sax_parse(Cursor(text.data(), &reached),
                                       Cursor(text.data() + text.size(), &reached), &visitor);
    TreeBuilder& tree = visitor.tree();
    if (!whole || tree.error()) {
        INVARIANT(tree.error().has_value());
        const auto offset = static_cast<std::size_t>(reached - text.data());
        return make_error(tree.error()->code,
                          fmt::format("{}: {}", place_of(text, offset), tree.error()->detail));
    }
    return tree.take();
}

}  // namespace tillhost::ipc
