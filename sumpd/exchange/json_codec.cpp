#include "sumpd/exchange/json_codec.h"

#include <fmt/format.h>

#include <iterator>

#include "hal/base/invariant.h"
#include "hal/os/digest.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::exchange {
namespace {

void append_name(std::string& to, std::string_view name) {
    to += '"';
    const char first = name.front();
    to += first >= 'A' && first <= 'Z' ? static_cast<char>(first - 'A' + 'a') : first;
    to += name.substr(1);
    to += "\":";
}

}  // namespace

void append_json_string(std::string& to, std::string_view text) {
    const std::string carried = made_carried(text);
    to += '"';
    for (const char c : carried) {
        switch (c) {
            case '"': to += "\\\""; break;
            case '\\': to += "\\\\"; break;
            case '\n': to += "\\n"; break;
            case '\r': to += "\\r"; break;
            case '\t': to += "\\t"; break;
            default: to += c;  // no other control characters are carried
        }
    }
    to += '"';
}

void JsonWriter::begin(std::string_view name) {
    if (text_.back() != '{' && text_.back() != '[') {
        text_ += ',';
    }
    if (open_.back() == Around::object) {
        append_name(text_, name);
    }
}

void JsonWriter::quoted(std::string_view name, std::string_view text) {
    begin(name);
    append_json_string(text_, text);
}

void JsonWriter::value(std::string_view name, std::string& to, Length) { quoted(name, to); }
void JsonWriter::value(std::string_view name, Secret& to, Length) { quoted(name, to.text); }
void JsonWriter::value(std::string_view name, std::int64_t& to, Range) {
    begin(name);
    fmt::format_to(std::back_inserter(text_), "{}", to);
}
void JsonWriter::value(std::string_view name, bool& to) {
    begin(name);
    text_ += to ? "true" : "false";
}
void JsonWriter::value(std::string_view name, Amount& to) { quoted(name, text_of(to)); }
void JsonWriter::value(std::string_view name, Measure& to) { quoted(name, text_of(to)); }
void JsonWriter::value(std::string_view name, Moment& to) { quoted(name, text_of(to)); }
void JsonWriter::value(std::string_view name, Uuid& to) { quoted(name, to.text); }
void JsonWriter::value(std::string_view name, base::Bytes& to, std::size_t) {
    begin(name);
    text_ += '"' + base64_of(to) + '"';
}

void JsonWriter::enumerator(std::string_view name, int& to,
                            std::span<const std::string_view> names) {
    INVARIANT(to >= 1 && static_cast<std::size_t>(to) <= names.size());
    quoted(name, names[static_cast<std::size_t>(to) - 1]);
}

bool JsonWriter::optional(std::string_view, bool is_there) { return is_there; }

std::size_t JsonWriter::list(std::string_view name, std::size_t size, Count bound) {
    const bool left_out = size == 0 && bound.min == 0;
    if (!left_out) {
        begin(name);
        text_ += '[';
    }
    open_.push_back(left_out ? Around::no_list : Around::list);
    return size;
}

void JsonWriter::end_list() {
    if (open_.back() == Around::list) {
        text_ += ']';
    }
    open_.pop_back();
}

void JsonWriter::begin_record(std::string_view name) {
    begin(name);
    text_ += '{';
    open_.push_back(Around::object);
}

void JsonWriter::end_record() {
    text_ += '}';
    open_.pop_back();
}

std::size_t JsonWriter::one_of(std::string_view, std::size_t now,
                               std::span<const std::string_view>) {
    return now;
}

std::string sha256_of(const Document& document) {
    const std::string text = to_json(document);
    return os::sha256_hex(std::as_bytes(std::span(text)));
}

}  // namespace tillhost::sumpd::exchange
