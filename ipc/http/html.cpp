#include "ipc/http/html.h"

#include <algorithm>

#include "hal/base/invariant.h"
#include "hal/base/text.h"

namespace tillhost::http {
namespace {

constexpr char32_t kReplacement = U'\uFFFD';

void append_escaped(std::string& html, char32_t c) {
    switch (c) {
        case U'&': html += "&amp;"; return;
        case U'<': html += "&lt;"; return;
        case U'>': html += "&gt;"; return;
        case U'"': html += "&quot;"; return;
        case U'\'': html += "&#39;"; return;
        default: break;  // a character, not an enumeration
    }
    const bool control = (c < U' ' && c != U'\t' && c != U'\n' && c != U'\r') || c == U'\x7F';
    base::append_utf8(html, control ? kReplacement : c);
}

std::string_view inserted(std::string_view name, std::initializer_list<Insert> inserts) {
    const Insert* const at =
        std::find_if(inserts.begin(), inserts.end(),
                     [name](const Insert& insert) { return insert.name() == name; });
    INVARIANT(at != inserts.end());  // a template and what is put into it stand side by side
    return at->html();
}

}  // namespace

std::string escape(std::string_view text) {
    std::string html;
    html.reserve(text.size());
    while (!text.empty()) {
        if (const auto c = base::take_code_point(text)) {
            append_escaped(html, *c);
        } else {
            base::append_utf8(html, kReplacement);
            text.remove_prefix(1);
        }
    }
    return html;
}

Markup fill(std::string_view html, std::initializer_list<Insert> inserts) {
    std::string filled;
    while (!html.empty()) {
        const std::size_t at = std::min(html.find_first_of("{}"), html.size());
        filled += html.substr(0, at);
        html.remove_prefix(at);
        if (html.starts_with("{{") || html.starts_with("}}")) {
            filled += html.front();
            html.remove_prefix(2);
        } else if (!html.empty()) {
            const std::size_t end = html.find('}');
            INVARIANT(html.front() == '{' && end != std::string_view::npos);
            filled += inserted(html.substr(1, end - 1), inserts);
            html.remove_prefix(end + 1);
        }
    }
    return Markup(std::move(filled));
}

}  // namespace tillhost::http
