#include "ipc/text_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "hal/base/text.h"

namespace tillhost::ipc {
namespace {

constexpr std::size_t kEscapeDigits = 4;

bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<char32_t> escaped(std::string_view digits) {
    unsigned code = 0;
    const auto [next, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    const bool whole = error == std::errc() && next == digits.data() + digits.size();
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    return whole && !surrogate ? std::optional(static_cast<char32_t>(code)) : std::nullopt;
}

/// What stands between quotes, the quotes included. Nothing: it is none.
std::optional<std::string> unquoted(std::string_view text) {
    if (text.size() < 2 || text.front() != '"' || text.back() != '"') {
        return std::nullopt;
    }
    text = text.substr(1, text.size() - 2);
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            return std::nullopt;
        }
        if (text[i] != '\\') {
            plain += text[i];
            continue;
        }
        const char kind = ++i < text.size() ? text[i] : '\0';
        if (kind == '"' || kind == '\\') {
            plain += kind;
            continue;
        }
        const auto code = kind == 'u' && text.size() - i > kEscapeDigits
                              ? escaped(text.substr(i + 1, kEscapeDigits))
                              : std::nullopt;
        if (!code) {
            return std::nullopt;
        }
        base::append_utf8(plain, *code);
        i += kEscapeDigits;
    }
    return base::is_utf8(plain) ? std::optional(plain) : std::nullopt;
}

base::Done take_line(std::string_view line, std::size_t number, std::vector<TextTable>& tables) {
    const auto wrong = [number](std::string_view right) {
        return base::bad_field(fmt::format("line {}", number), std::string(right));
    };
    if (line.empty() || line.front() == '#') {
        return {};
    }
    if (line.starts_with("[[") && line.ends_with("]]")) {
        const std::string_view name = line.substr(2, line.size() - 4);
        if (line.size() < 5 || !is_name(name) || tables.size() >= kTextTablesMax) {
            return wrong("[[name]]");
        }
        tables.push_back({.name = std::string(name), .line = number});
        return {};
    }
    if (line.front() == '[') {
        return wrong("a section stands in two pairs of brackets, [[name]], with nothing behind it");
    }
    const std::size_t sign = line.find('=');
    const std::string_view key = trimmed(line.substr(0, std::min(sign, line.size())));
    if (sign == std::string_view::npos || !is_name(key) || tables.back().find(key) != nullptr) {
        return wrong("key = \"text\", each key once");
    }
    auto text = unquoted(trimmed(line.substr(sign + 1)));
    if (!text) {
        return wrong(fmt::format("{} = \"text\", in quotes and with nothing behind it", key));
    }
    tables.back().entries.emplace_back(key, std::move(*text));
    return {};
}

}  // namespace

std::string quoted(std::string_view text) {
    std::string to = "\"";
    for (const char c : text) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            to += '\\';
            to += c;
        } else if (code < 0x20 || code == 0x7F) {
            to += fmt::format("\\u{:04X}", code);
        } else {
            to += c;
        }
    }
    return to + '"';
}

const std::string* TextTable::find(std::string_view key) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [key](const auto& entry) { return entry.first == key; });
    return found == entries.end() ? nullptr : &found->second;
}

std::string TextTable::get(std::string_view key) const {
    const std::string* found = find(key);
    return found == nullptr ? std::string() : *found;
}

void TextTable::set(std::string key, std::string text) {
    std::erase_if(entries, [&key](const auto& entry) { return entry.first == key; });
    entries.emplace_back(std::move(key), std::move(text));
}

base::Result<std::vector<TextTable>> read_text_tables(std::string_view text) {
    std::vector<TextTable> tables(1);
    std::size_t number = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        TRY(take_line(trimmed(text.substr(0, end)), ++number, tables));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return tables;
}

std::string write_text_tables(std::string_view comment, const std::vector<TextTable>& tables) {
    std::string text = fmt::format("# {}\n", comment);
    for (const TextTable& table : tables) {
        text += table.name.empty() ? "" : fmt::format("\n[[{}]]\n", table.name);
        for (const auto& [key, value] : table.entries) {
            text += fmt::format("{} = {}\n", key, quoted(value));
        }
    }
    return text;
}

}  // namespace tillhost::ipc
