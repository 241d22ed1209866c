#include "licd/issuer/report.h"

#include <fmt/format.h>

#include "licd/keys/fields.h"

namespace tillhost::licd::issuer {
namespace {

constexpr std::size_t kIndent = 2;

std::string quoted(const std::string& value) {
    std::string text = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            text += '\\';
        }
        text += static_cast<unsigned char>(c) < 0x20
                    ? fmt::format("\\u{:04x}", static_cast<unsigned char>(c))
                    : std::string(1, c);
    }
    return text + "\"";
}

struct ToJson {
    std::string operator()(const std::string& value) const { return quoted(value); }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(const std::vector<std::string>& words) const {
        std::vector<std::string> parts;
        for (const std::string& word : words) {
            parts.push_back(quoted(word));
        }
        return "[" + keys::joined(parts, ',') + "]";
    }
    std::string operator()(const std::vector<Report>& rows) const {
        std::vector<std::string> parts;
        for (const Report& row : rows) {
            parts.push_back(row.json());
        }
        return "[" + keys::joined(parts, ',') + "]";
    }
};

/// What stands behind "name:".
struct ToText {
    std::size_t indent;

    std::string operator()(const std::string& value) const { return " " + value + "\n"; }
    std::string operator()(std::int64_t value) const { return fmt::format(" {}\n", value); }
    std::string operator()(bool value) const { return value ? " yes\n" : " no\n"; }
    std::string operator()(const std::vector<std::string>& words) const {
        std::string text = "\n";
        for (const std::string& word : words) {
            text += std::string(indent + kIndent, ' ') + word + "\n";
        }
        return text;
    }
    std::string operator()(const std::vector<Report>& rows) const {
        std::string text = "\n";
        for (const Report& row : rows) {
            std::string lines = row.text(indent + kIndent + 2);
            if (!lines.empty()) {
                lines[indent + kIndent] = '-';
            }
            text += lines;
        }
        return text;
    }
};

struct IsEmpty {
    bool operator()(const std::string& value) const { return value.empty(); }
    bool operator()(std::int64_t) const { return false; }
    bool operator()(bool) const { return false; }
    bool operator()(const std::vector<Report>& rows) const { return rows.empty(); }
    bool operator()(const std::vector<std::string>& words) const { return words.empty(); }
};

}  // namespace

Report& Report::put(std::string name, std::string value) {
    values_.emplace_back(std::move(name), std::move(value));
    return *this;
}
Report& Report::put(std::string name, std::int64_t value) {
    values_.emplace_back(std::move(name), value);
    return *this;
}
Report& Report::put_flag(std::string name, bool value) {
    values_.emplace_back(std::move(name), value);
    return *this;
}
Report& Report::put_list(std::string name, std::vector<Report> rows) {
    values_.emplace_back(std::move(name), std::move(rows));
    return *this;
}
Report& Report::put_words(std::string name, std::vector<std::string> words) {
    values_.emplace_back(std::move(name), std::move(words));
    return *this;
}

std::string Report::text(std::size_t indent) const {
    std::string text;
    for (const auto& [name, value] : values_) {
        if (!std::visit(IsEmpty{}, value)) {
            text += std::string(indent, ' ') + name + ":" + std::visit(ToText{indent}, value);
        }
    }
    return text;
}

std::string Report::json() const {
    std::vector<std::string> parts;
    for (const auto& [name, value] : values_) {
        parts.push_back(quoted(name) + ":" + std::visit(ToJson{}, value));
    }
    return "{" + keys::joined(parts, ',') + "}";
}

}  // namespace tillhost::licd::issuer
