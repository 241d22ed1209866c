#include "licd/keys/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "hal/base/text.h"
#include "licd/keys/instant.h"

namespace tillhost::licd::keys {
namespace {

constexpr std::size_t kTagMax = 8;
constexpr std::size_t kFieldNameMax = 32;
constexpr std::size_t kNameMax = 64;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_small_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

bool is_field_name(std::string_view name) {
    return !name.empty() && name.size() <= kFieldNameMax && is_lower(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
}

int hex_of(char c) { return is_digit(c) ? c - '0' : (c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1); }

std::optional<std::string> unescaped(std::string_view text) {
    std::string value;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_control(text[at]) || text[at] == '~') {
            return std::nullopt;
        }
        if (text[at] != '%') {
            value += text[at];
            continue;
        }
        const int high = at + 2 < text.size() ? hex_of(text[at + 1]) : -1;
        const int low = at + 2 < text.size() ? hex_of(text[at + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        value += static_cast<char>(high * 16 + low);
        at += 2;
    }
    return base::is_utf8(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
        const bool plain = !is_control(c) && c != ' ' && c != '%' && c != '~';
        text += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return text;
}

std::vector<std::string> split(std::string_view text, char between) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(between), text.size());
        parts.emplace_back(text.substr(0, end));
        const bool was_last = end == text.size();
        text.remove_prefix(std::min(end + 1, text.size()));
        if (text.empty() && !was_last) {
            parts.emplace_back();
        }
    }
    return parts;
}

std::string joined(const std::vector<std::string>& parts, char between) {
    std::string text;
    for (std::size_t at = 0; at < parts.size(); ++at) {
        text += at == 0 ? "" : std::string(1, between);
        text += parts[at];
    }
    return text;
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kNameMax &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return is_lower(c) || is_capital(c) || is_digit(c) || c == '.' || c == '-' ||
                      c == '_';
           });
}

bool is_hex(std::string_view text, std::size_t bytes) {
    return text.size() == 2 * bytes && std::all_of(text.begin(), text.end(), is_small_hex);
}

base::Result<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    // "-0" and "007" are other texts for a number: one number, one text.
    if (read.ec != std::errc() || read.ptr != end || std::to_string(value) != text) {
        return base::bad_field("number", "a whole number");
    }
    return value;
}

base::Error Fields::fault(std::string_view what) const {
    return base::make_error(base::ErrorCode::key_damaged,
                            fmt::format("line {}: {}", number_, what));
}

base::Done Fields::add(std::string_view word) {
    const std::size_t equal = word.find('=');
    const auto value = unescaped(word.substr(equal == std::string_view::npos ? 0 : equal + 1));
    if (word.empty() || !value) {
        return fault("one blank between fields, and %XX for what may not stand in a value");
    }
    if (equal == std::string_view::npos) {
        if (!fields_.empty()) {
            return fault(fmt::format("\"{}\" is no field", word));
        }
        words_.push_back(*value);
        return {};
    }
    Field field{.name = {}, .value = *value, .critical = word.front() == '!'};
    field.name = word.substr(field.critical ? 1 : 0, equal - (field.critical ? 1 : 0));
    if (!is_field_name(field.name) || find(field.name) != nullptr) {
        return fault(fmt::format("the field \"{}\" is none or stands twice", field.name));
    }
    if (fields_.size() + words_.size() >= kFieldsMax) {
        return fault(fmt::format("more than {} fields", kFieldsMax));
    }
    fields_.push_back(std::move(field));
    return {};
}

base::Result<Fields> Fields::read(std::string_view line, std::size_t number) {
    Fields fields;
    fields.number_ = number;
    const std::size_t end = std::min(line.find(' '), line.size());
    fields.tag_ = line.substr(0, end);
    if (fields.tag_.empty() || fields.tag_.size() > kTagMax ||
        !std::all_of(fields.tag_.begin(), fields.tag_.end(), is_capital)) {
        return fields.fault("it begins with no capital that tells its kind");
    }
    for (std::size_t at = end; at < line.size();) {
        const std::size_t next = std::min(line.find(' ', at + 1), line.size());
        TRY(fields.add(line.substr(at + 1, next - at - 1)));
        at = next;
    }
    return fields;
}

const std::string* Fields::find(std::string_view name) const {
    const auto found = std::find_if(fields_.begin(), fields_.end(),
                                    [&](const Field& field) { return field.name == name; });
    return found == fields_.end() ? nullptr : &found->value;
}

base::Result<std::string> Fields::need(std::string_view name) const {
    const std::string* const value = find(name);
    if (value == nullptr || value->empty()) {
        return fault(fmt::format("the field {} is missing", name));
    }
    return *value;
}

base::Result<std::int64_t> Fields::need_number(std::string_view name, std::int64_t min,
                                               std::int64_t max) const {
    const auto value = whole_number(TRY(need(name)));
    if (!value || *value < min || *value > max) {
        return fault(fmt::format("{} is a number from {} to {}", name, min, max));
    }
    return *value;
}

base::Result<std::int64_t> Fields::number_or(std::string_view name, std::int64_t min,
                                             std::int64_t max, std::int64_t otherwise) const {
    return find(name) == nullptr ? base::Result<std::int64_t>(otherwise)
                                 : need_number(name, min, max);
}

base::Result<std::int64_t> Fields::need_instant(std::string_view name) const {
    const auto value = instant_from_text(TRY(need(name)));
    if (!value) {
        return fault(fmt::format("{} is a time as 2026-11-22T10:00:00Z", name));
    }
    return *value;
}

base::Done Fields::need_place(std::size_t place) const {
    if (words_.size() != 1 || words_.front() != std::to_string(place)) {
        return fault(fmt::format("\"{} {}\" belongs here: lines were swapped, or one is missing",
                                 tag_, place));
    }
    return {};
}

base::Done Fields::understood(std::span<const std::string_view> known) const {
    for (const Field& field : fields_) {
        if (field.critical && std::find(known.begin(), known.end(), field.name) == known.end()) {
            return base::make_error(
                base::ErrorCode::wrong_version,
                fmt::format("line {}: the field !{} must be understood and is not known here: "
                            "this version of the program is too old for the file",
                            number_, field.name));
        }
    }
    return {};
}

base::Done Fields::nothing_but(std::span<const std::string_view> known) const {
    for (const Field& field : fields_) {
        if (std::find(known.begin(), known.end(), field.name) == known.end()) {
            return fault(fmt::format("there is no field {}, only {}", field.name,
                                     fmt::join(known.begin(), known.end(), ", ")));
        }
    }
    return {};
}

FieldWriter& FieldWriter::word(std::string_view plain) {
    text_ += ' ';
    text_ += plain;
    return *this;
}

FieldWriter& FieldWriter::put(std::string_view name, std::string_view value) {
    text_ += fmt::format(" {}={}", name, escaped(value));
    return *this;
}

FieldWriter& FieldWriter::put(std::string_view name, std::int64_t value) {
    return put(name, std::to_string(value));
}

}  // namespace tillhost::licd::keys
