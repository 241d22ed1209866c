#include "sumpd/exchange/field_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hal/base/text.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::exchange {
namespace {

constexpr std::size_t kForeignNameMax = 64;  // of an unknown kind, told in a fault
constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::optional<bool> json_bool_from(std::string_view text) { return text == "true"; }

std::optional<bool> xml_bool_from(std::string_view text) {
    if (text == "true" || text == "1") {
        return true;
    }
    return text == "false" || text == "0" ? std::optional(false) : std::nullopt;
}

char lowered(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

FieldReader::FieldReader(const Node& root, Syntax syntax) : syntax_(syntax) {
    frames_.push_back(Frame{&root, {}});
    const auto right = syntax == Syntax::json ? Node::Kind::map : Node::Kind::element;
    if (root.kind != right) {
        fault_ = Fault{.code = FaultCode::schema_invalid, .message = "the whole must be an object"};
    }
}

bool FieldReader::is_named(const Node& node, std::string_view name) const {
    if (syntax_ == Syntax::xml) {
        return node.name == name && node.space == frames_.back().node->space;
    }
    return node.name.size() == name.size() && node.name.front() == lowered(name.front()) &&
           std::string_view(node.name).substr(1) == name.substr(1);
}

std::string FieldReader::step_of(std::string_view name) const {
    std::string step(name);
    if (syntax_ == Syntax::json) {
        step.front() = lowered(step.front());
    }
    if (in_list()) {
        const List& list = lists_.back();
        step += fmt::format("[{}]", list.next == 0 ? 0 : list.next - 1);
    }
    return step;
}

void FieldReader::fail(std::string_view name, std::string_view expected, FaultCode code) {
    if (fault_) {
        return;
    }
    std::string path;
    for (std::size_t i = 1; i < frames_.size(); ++i) {
        path += frames_[i].step + ".";
    }
    path = name.empty() ? path.substr(0, path.empty() ? 0 : path.size() - 1) : path + step_of(name);
    fault_ = Fault{.code = code, .message = fmt::format("{}: {}", path, expected)};
    if (!path.empty()) {
        fault_->field = std::move(path);
    }
}

bool FieldReader::is_absent(const Node& node) const {
    if (syntax_ == Syntax::json) {
        return node.kind == Node::Kind::null;
    }
    const std::string* nil = node.attribute(Space::instance, "nil");
    return nil != nullptr && (*nil == "true" || *nil == "1");
}

const Node* FieldReader::only(std::string_view name) {
    const Node* found = nullptr;
    for (const Node& child : frames_.back().node->children) {
        if (!is_named(child, name)) {
            continue;
        }
        if (found != nullptr) {
            fail(name, "stands twice; once is right");
            return nullptr;
        }
        found = &child;
    }
    return found;
}

template <class Expected>
const Node* FieldReader::take(std::string_view name, const Expected& expected) {
    if (fault_) {
        return nullptr;
    }
    if (in_list()) {
        List& list = lists_.back();
        return list.items[list.next++];  // list() has told how many there are
    }
    const Node* node = only(name);
    if (node == nullptr || is_absent(*node)) {
        const auto& all = frames_.back().node->children;
        const bool elsewhere = syntax_ == Syntax::xml && node == nullptr &&
                               std::any_of(all.begin(), all.end(),
                                           [&](const Node& each) { return each.name == name; });
        fail(name, fmt::format("is missing{}; right is {}",
                               elsewhere ? " (it is there in another namespace)" : "", expected()));
        return nullptr;
    }
    return node;
}

template <class Expected>
std::optional<std::string_view> FieldReader::scalar(std::string_view name, Node::Kind kind,
                                                    const Expected& expected) {
    const Node* node = take(name, expected);
    if (node == nullptr) {
        return std::nullopt;
    }
    const bool right = syntax_ == Syntax::json ? node->kind == kind : node->children.empty();
    if (!right) {
        fail(name, "right is " + expected());
        return std::nullopt;
    }
    return node->text;
}

template <class T>
void FieldReader::read(std::string_view name, T& to, std::optional<T> (*from)(std::string_view),
                       std::string_view expected) {
    const auto right = [&] { return std::string(expected); };
    const auto text = scalar(name, Node::Kind::text, right);
    if (!text) {
        return;
    }
    auto value = from(syntax_ == Syntax::xml ? trimmed(*text) : *text);
    if (value) {
        to = std::move(*value);
    } else {
        fail(name, fmt::format("right is {}", expected));
    }
}

void FieldReader::value(std::string_view name, std::string& to, Length bound) {
    const auto expected = [&] {
        return bound.min == bound.max
                   ? fmt::format("a text of {} bytes", bound.max)
                   : fmt::format("a text of {} to {} bytes", bound.min, bound.max);
    };
    const auto text = scalar(name, Node::Kind::text, expected);
    if (!text) {
        return;
    }
    if (text->size() < bound.min || text->size() > bound.max) {
        fail(name, "right is " + expected());
    } else if (!is_carried(*text)) {
        fail(name, "right is UTF-8 without control characters, which XML does not have");
    } else {
        to = *text;
    }
}

void FieldReader::value(std::string_view name, Secret& to, Length bound) {
    value(name, to.text, bound);
}

void FieldReader::value(std::string_view name, std::int64_t& to, Range bound) {
    const auto expected = [&] {
        return fmt::format("a whole number from {} to {}", bound.min, bound.max);
    };
    const auto text = scalar(name, Node::Kind::integer, expected);
    if (!text) {
        return;
    }
    const auto number = integer_from(syntax_ == Syntax::xml ? trimmed(*text) : *text);
    if (number && *number >= bound.min && *number <= bound.max) {
        to = *number;
    } else {
        fail(name, "right is " + expected());
    }
}

void FieldReader::value(std::string_view name, bool& to) {
    const auto text =
        scalar(name, Node::Kind::boolean, [] { return std::string("true or false"); });
    if (!text) {
        return;
    }
    const auto value =
        syntax_ == Syntax::json ? json_bool_from(*text) : xml_bool_from(trimmed(*text));
    if (value) {
        to = *value;
    } else {
        fail(name, "right is true or false");
    }
}

void FieldReader::value(std::string_view name, Amount& to) {
    read(name, to, amount_from, "a text like \"12.50\", at most 100000000000.00");
}

void FieldReader::value(std::string_view name, Measure& to) {
    read(name, to, measure_from, "a text like \"1.000\", at most 1000000000.000");
}

void FieldReader::value(std::string_view name, Moment& to) {
    read(name, to, moment_from,
         "a time with its offset, like \"2026-11-27T10:00:00.000+03:00\", of 1970 to 2199");
}

void FieldReader::value(std::string_view name, Uuid& to) {
    read(name, to, uuid_from, "a UUID like \"0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f30\"");
}

void FieldReader::value(std::string_view name, base::Bytes& to, std::size_t max) {
    const auto expected = [&] { return fmt::format("base64 of at most {} bytes", max); };
    const auto text = scalar(name, Node::Kind::text, expected);
    if (!text) {
        return;
    }
    auto bytes = base64_from(*text);
    if (bytes && bytes->size() <= max) {
        to = std::move(*bytes);
    } else {
        fail(name, "right is " + expected());
    }
}

void FieldReader::enumerator(std::string_view name, int& to,
                             std::span<const std::string_view> names) {
    if (fault_) {
        return;
    }
    const auto expected = [&] { return fmt::format("one of {}", fmt::join(names, ", ")); };
    const auto text = scalar(name, Node::Kind::text, expected);
    if (!text) {
        return;
    }
    const auto found =
        std::find(names.begin(), names.end(), syntax_ == Syntax::xml ? trimmed(*text) : *text);
    if (found == names.end()) {
        fail(name, "right is " + expected());
    } else {
        to = static_cast<int>(found - names.begin()) + 1;
    }
}

bool FieldReader::optional(std::string_view name, bool is_there) {
    if (fault_) {
        return is_there;
    }
    const Node* node = only(name);
    return fault_ ? is_there : node != nullptr && !is_absent(*node);
}

std::size_t FieldReader::list(std::string_view name, std::size_t size, Count bound) {
    if (fault_) {
        return size;
    }
    List list;
    const Node* array = syntax_ == Syntax::json ? only(name) : frames_.back().node;
    if (array != nullptr && !is_absent(*array)) {
        if (syntax_ == Syntax::json && array->kind != Node::Kind::list) {
            fail(name, "right is a list");
            return size;
        }
        for (const Node& each : array->children) {
            if (syntax_ == Syntax::json || (is_named(each, name) && !is_absent(each))) {
                list.items.push_back(&each);
            }
        }
    }
    if (fault_ || list.items.size() < bound.min || list.items.size() > bound.max) {
        fail(name, fmt::format("there are {}; right are {} to {}", list.items.size(), bound.min,
                               bound.max));
        return size;
    }
    list.depth = frames_.size();
    lists_.push_back(std::move(list));
    return lists_.back().items.size();
}

void FieldReader::end_list() {
    if (!fault_) {
        lists_.pop_back();
    }
}

void FieldReader::begin_record(std::string_view name) {
    const Node* node = take(name, [] { return std::string("an object"); });
    if (node == nullptr) {
        return;
    }
    if (syntax_ == Syntax::json && node->kind != Node::Kind::map) {
        fail(name, "right is an object");
        return;
    }
    std::string step = step_of(name);
    frames_.push_back(Frame{node, std::move(step)});
}

void FieldReader::end_record() {
    if (!fault_) {
        frames_.pop_back();
    }
}

std::size_t FieldReader::one_of(std::string_view, std::size_t,
                                std::span<const std::string_view> names) {
    if (fault_) {
        return names.size();
    }
    const Node& at = *frames_.back().node;
    std::size_t place = names.size();
    const Node* unknown = nullptr;
    for (const Node& child : at.children) {
        const auto is_it = [&](std::string_view name) { return is_named(child, name); };
        const auto found = std::find_if(names.begin(), names.end(), is_it);
        if (found == names.end()) {
            const bool ours = syntax_ == Syntax::json || child.space == at.space;
            unknown = unknown == nullptr && ours ? &child : unknown;
        } else if (place != names.size()) {
            fail({}, "has two kinds; one is right");
            return names.size();
        } else {
            place = static_cast<std::size_t>(found - names.begin());
        }
    }
    if (place == names.size() && unknown != nullptr) {
        fail({},
             fmt::format("unknown kind {}; known are {}",
                         made_carried(base::cut_utf8(unknown->name, kForeignNameMax)),
                         fmt::join(names, ", ")),
             FaultCode::unsupported_kind);
    } else if (place == names.size()) {
        fail({}, fmt::format("right is one of {}", fmt::join(names, ", ")));
    }
    return place;
}

}  // namespace tillhost::sumpd::exchange
