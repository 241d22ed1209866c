#include "ipc/http/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "hal/base/text.h"

namespace tillhost::http {
namespace {

using base::ErrorCode;

base::Error wrong(std::string_view what) { return base::bad_field("form", what); }
base::Error too_many(std::size_t most) {
    return base::make_error(ErrorCode::too_large, fmt::format("more than {} fields", most));
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return static_cast<unsigned>(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return static_cast<unsigned>(c - 'a') + 10U;
    }
    if (c >= 'A' && c <= 'F') {
        return static_cast<unsigned>(c - 'A') + 10U;
    }
    return std::nullopt;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

bool is_control(char c) { return (c >= '\0' && c < ' ') || c == '\x7F'; }

bool is_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos && base::is_utf8(text);
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
        text.remove_prefix(1);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
        text.remove_suffix(1);
    }
    return text;
}

/// The front up to the mark, which is taken off too; all of it where there is no mark.
std::string_view take_until(std::string_view& text, std::string_view mark) {
    const std::size_t end = std::min(text.find(mark), text.size());
    const std::string_view front = text.substr(0, end);
    text.remove_prefix(std::min(end + mark.size(), text.size()));
    return front;
}

/// A value of a header's parameter: a token, or text in quotes with \" and \\ escaped. Nothing if
/// the quotes do not end.
std::optional<std::string> take_value(std::string_view& rest) {
    if (!rest.starts_with('"')) {
        return std::string(trimmed(take_until(rest, ";")));
    }
    std::string value;
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (rest[at] == '"') {
            rest.remove_prefix(at + 1);
            take_until(rest, ";");
            return value;
        }
        const bool escape = rest[at] == '\\' && at + 1 < rest.size() &&
                            (rest[at + 1] == '"' || rest[at + 1] == '\\');
        value += rest[escape ? ++at : at];
    }
    return std::nullopt;
}

struct Parameters {
    std::string_view kind;  ///< what stands before the first ";"
    std::vector<Pair> values;
};

/// `form-data; name="a"; filename="b"`
base::Result<Parameters> parameters_of(std::string_view header) {
    Parameters found;
    found.kind = trimmed(take_until(header, ";"));
    while (!trimmed(header).empty()) {
        if (found.values.size() >= kPartsMax) {
            return too_many(kPartsMax);
        }
        const std::size_t equals = header.find('=');
        if (equals == std::string_view::npos) {
            break;  // a parameter without value: nothing of ours
        }
        const std::string_view name = trimmed(header.substr(0, equals));
        header = trimmed(header.substr(equals + 1));
        auto value = take_value(header);
        if (!value) {
            return wrong("quotes that end");
        }
        found.values.push_back({std::string(name), std::move(*value)});
    }
    return found;
}

const std::string* parameter(const Parameters& parameters, std::string_view name) {
    for (const Pair& pair : parameters.values) {
        if (same_name(pair.name, name)) {
            return &pair.value;
        }
    }
    return nullptr;
}

/// Content-Disposition out of the lines before a part's content; other lines say nothing to us.
base::Result<Parameters> disposition_of(std::string_view head) {
    while (!head.empty()) {
        std::string_view line = take_until(head, "\r\n");
        const std::string_view name = take_until(line, ":");
        if (same_name(trimmed(name), "Content-Disposition")) {
            return parameters_of(line);
        }
    }
    return wrong("a Content-Disposition in each part");
}

base::Done add_part(std::string_view head, std::string_view content, Form& form) {
    if (head.size() > kPartHeadBytesMax) {
        return base::make_error(ErrorCode::too_large, "a part's head");
    }
    const Parameters disposition = TRY(disposition_of(head));
    const std::string* const name = parameter(disposition, "name");
    if (!same_name(disposition.kind, "form-data") || name == nullptr || !is_text(*name) ||
        name->empty() || name->size() > kFieldNameBytesMax) {
        return wrong("a name in each part");
    }
    if (const std::string* const file = parameter(disposition, "filename")) {
        if (!is_text(*file)) {
            return wrong("file names of UTF-8");
        }
        form.files.push_back({*name, *file, std::string(content)});
    } else if (is_text(content)) {
        form.fields.push_back({*name, std::string(content)});
    } else {
        return wrong("values of UTF-8");
    }
    return {};
}

/// RFC 2046, section 5.1.1; blanks behind a boundary are not taken: no browser writes them.
base::Result<Form> decode_parts(std::string_view boundary, std::string_view body) {
    if (boundary.empty() || boundary.size() > kBoundaryBytesMax) {
        return wrong("a boundary of 1 to 70 bytes");
    }
    const std::string opening = fmt::format("--{}", boundary);
    const std::string delimiter = fmt::format("\r\n{}", opening);
    if (!body.starts_with(opening)) {
        return wrong("a boundary at its beginning");
    }
    body.remove_prefix(opening.size());
    Form form;
    while (!body.starts_with("--")) {
        if (!body.starts_with("\r\n")) {
            return wrong("a line's end behind a boundary");
        }
        if (form.fields.size() + form.files.size() >= kPartsMax) {
            return too_many(kPartsMax);
        }
        body.remove_prefix(2);
        const std::size_t head_end = body.find("\r\n\r\n");
        const std::size_t content = head_end + 4;
        const std::size_t end =
            head_end == std::string_view::npos ? head_end : body.find(delimiter, head_end + 2);
        if (end == std::string_view::npos ||
            body.substr(0, head_end).find(delimiter) != body.npos) {
            return wrong("parts that have a head and an end");
        }
        // A boundary right behind the head shares its last line's end: an empty content.
        TRY(add_part(body.substr(0, head_end), body.substr(content, end - std::min(end, content)),
                     form));
        body.remove_prefix(end + delimiter.size());
    }
    return form;
}

}  // namespace

base::Result<std::string> percent_decode(std::string_view text, Plus plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%') {
            const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
            const auto low = at + 2 < text.size() ? hex_digit(text[at + 2]) : std::nullopt;
            if (!high || !low) {
                return base::bad_field("text", "two hex digits behind each %");
            }
            decoded += static_cast<char>(*high * 16U + *low);
            at += 2;
        } else {
            decoded += text[at] == '+' && plus == Plus::is_blank ? ' ' : text[at];
        }
    }
    if (!is_text(decoded)) {
        return base::bad_field("text", "UTF-8 without NUL");
    }
    return decoded;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

base::Result<std::vector<Pair>> decode_pairs(std::string_view text) {
    std::vector<Pair> pairs;
    while (!text.empty()) {
        std::string_view value = take_until(text, "&");
        if (value.empty()) {
            continue;
        }
        if (pairs.size() >= kPairsMax) {
            return too_many(kPairsMax);
        }
        const std::string_view name = take_until(value, "=");
        Pair pair;
        pair.name = TRY(percent_decode(name, Plus::is_blank));
        pair.value = TRY(percent_decode(value, Plus::is_blank));
        if (pair.name.size() > kFieldNameBytesMax) {
            return base::make_error(ErrorCode::too_large, "a field's name");
        }
        pairs.push_back(std::move(pair));
    }
    return pairs;
}

base::Result<std::string> decode_path(std::string_view path) {
    if (!path.starts_with('/')) {
        return base::bad_field("path", "one that begins with /");
    }
    std::string whole;
    while (!path.empty()) {
        path.remove_prefix(1);  // the "/" before this part
        const std::size_t end = std::min(path.find('/'), path.size());
        const std::string part = TRY(percent_decode(path.substr(0, end), Plus::is_plus));
        path.remove_prefix(end);
        if (part == ".." || part.find_first_of("/\\") != std::string::npos ||
            std::any_of(part.begin(), part.end(), is_control)) {
            return base::bad_field("path", "one without .., / and control characters in its parts");
        }
        if (!part.empty() && part != ".") {
            whole += '/';
            whole += part;
        } else if (path.empty()) {
            whole += '/';
        }
    }
    return whole;
}

std::vector<Pair> decode_cookies(std::string_view header) {
    std::vector<Pair> cookies;
    while (!header.empty() && cookies.size() < kPairsMax) {
        std::string_view value = trimmed(take_until(header, ";"));
        if (value.find('=') == std::string_view::npos || !is_text(value)) {
            continue;
        }
        const std::string_view name = trimmed(take_until(value, "="));
        if (!name.empty()) {
            cookies.push_back({std::string(name), std::string(trimmed(value))});
        }
    }
    return cookies;
}

base::Result<Form> decode_form(std::string_view content_type, std::string_view body) {
    const Parameters type = TRY(parameters_of(content_type));
    if (same_name(type.kind, "application/x-www-form-urlencoded")) {
        return Form{TRY(decode_pairs(body)), {}};
    }
    if (same_name(type.kind, "multipart/form-data")) {
        const std::string* const boundary = parameter(type, "boundary");
        return decode_parts(boundary == nullptr ? std::string_view() : *boundary, body);
    }
    return Form{};
}

}  // namespace tillhost::http
