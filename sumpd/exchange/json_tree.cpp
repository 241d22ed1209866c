#include "sumpd/exchange/json_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace tillhost::sumpd::exchange {
namespace {

using Json = nlohmann::json;

/// Called by the library's parser for each piece; a method that returns false stops it.
class Builder final : public nlohmann::json_sax<Json> {
public:
    explicit Builder(const TreeBounds& bounds) : bounds_(bounds) {}

    bool null() override { return put(Node::Kind::null, {}); }
    bool boolean(bool value) override { return put(Node::Kind::boolean, value ? "true" : "false"); }
    bool number_integer(number_integer_t value) override {
        return put(Node::Kind::integer, std::to_string(value));
    }
    bool number_unsigned(number_unsigned_t value) override {
        return put(Node::Kind::integer, std::to_string(value));
    }
    bool number_float(number_float_t, const string_t&) override {
        return put(Node::Kind::fraction, {});
    }
    bool string(string_t& value) override { return put(Node::Kind::text, std::move(value)); }
    bool binary(binary_t&) override { return refuse("bytes are not JSON"); }
    bool start_object(std::size_t) override { return open(Node::Kind::map); }
    bool start_array(std::size_t) override { return open(Node::Kind::list); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        const std::vector<Node>& members = open_.back().children;
        if (members.size() >= bounds_.members_max) {
            return refuse(fmt::format("an object has at most {} names", bounds_.members_max));
        }
        const auto is_it = [&](const Node& member) { return member.name == name; };
        if (std::any_of(members.begin(), members.end(), is_it)) {
            return refuse("a name stands twice in an object");
        }
        key_ = std::move(name);
        return true;
    }
    bool parse_error(std::size_t place, const std::string&,
                     const nlohmann::detail::exception&) override {
        return refuse(fmt::format("the text is no JSON at byte {}", place));
    }

    Node& whole() { return whole_; }
    const std::string& reason() const { return reason_; }

private:
    bool refuse(std::string reason) {
        reason_ = std::move(reason);
        return false;
    }
    bool counted() {
        return ++nodes_ <= bounds_.nodes_max ||
               refuse(fmt::format("a text has at most {} values", bounds_.nodes_max));
    }
    void add(Node node) {
        if (open_.empty()) {
            whole_ = std::move(node);
        } else {
            open_.back().children.push_back(std::move(node));
        }
    }
    bool put(Node::Kind kind, std::string text) {
        if (!counted()) {
            return false;
        }
        add(Node{.kind = kind, .name = std::exchange(key_, {}), .text = std::move(text)});
        return true;
    }
    bool open(Node::Kind kind) {
        if (!counted()) {
            return false;
        }
        if (open_.size() >= bounds_.depth_max) {
            return refuse(fmt::format("objects and lists are at most {} deep", bounds_.depth_max));
        }
        open_.push_back(Node{.kind = kind, .name = std::exchange(key_, {})});
        return true;
    }
    bool close() {
        Node node = std::move(open_.back());
        open_.pop_back();
        add(std::move(node));
        return true;
    }

    const TreeBounds& bounds_;
    std::vector<Node> open_{};  ///< the outermost first
    std::string key_{};
    std::size_t nodes_ = 0;
    Node whole_{};
    std::string reason_{};
};

}  // namespace

Outcome<Node> json_tree(std::string_view text, const TreeBounds& bounds) {
    if (text.size() > bounds.bytes_max) {
        return refuse(FaultCode::too_large, fmt::format("at most {} bytes", bounds.bytes_max));
    }
    Builder builder(bounds);
    if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
        return refuse(FaultCode::bad_request, builder.reason());
    }
    return std::move(builder.whole());
}

}  // namespace tillhost::sumpd::exchange
