#include "hal/codec/code_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/text.h"
#include "hal/codec/code_page_tables.h"

namespace tillhost::codec {
namespace {

constexpr unsigned kAsciiCodes = 128;
constexpr char32_t kReplacement = 0xFFFD;
const UpperHalf& upper_half(CodePage page) {
    switch (page) {
        case CodePage::cp437: return kCp437;
        case CodePage::cp850: return kCp850;
        case CodePage::cp852: return kCp852;
        case CodePage::cp858: return kCp858;
        case CodePage::cp866: return kCp866;
        case CodePage::cp1250: return kCp1250;
        case CodePage::cp1251: return kCp1251;
        case CodePage::cp1252: return kCp1252;
    }
    return kCp437;
}

bool is_control(char32_t point) { return point < 0x20 || point == 0x7F; }

}  // namespace

std::string_view number_of(CodePage page) {
    switch (page) {
        case CodePage::cp437: return "437";
        case CodePage::cp850: return "850";
        case CodePage::cp852: return "852";
        case CodePage::cp858: return "858";
        case CodePage::cp866: return "866";
        case CodePage::cp1250: return "1250";
        case CodePage::cp1251: return "1251";
        case CodePage::cp1252: return "1252";
    }
    return "";
}

std::optional<std::byte> code_of(CodePage page, char32_t point) {
    if (is_control(point)) {
        return std::nullopt;
    }
    if (point < kAsciiCodes) {
        return base::byte(point);
    }
    const UpperHalf& upper = upper_half(page);
    const auto found = std::find(upper.begin(), upper.end(), point);
    return found == upper.end() ? std::nullopt
                                : std::optional(base::byte(
                                      kAsciiCodes + static_cast<unsigned>(found - upper.begin())));
}

base::Result<base::Bytes> to_code_page(CodePage page, std::string_view text,
                                       std::string_view field) {
    base::Bytes bytes;
    bytes.reserve(text.size());
    for (std::size_t place = 1; !text.empty(); ++place) {
        const auto point = base::take_code_point(text);
        if (!point) {
            return base::make_error(base::ErrorCode::text_not_printable,
                                    fmt::format("{}: not UTF-8 from character {}", field, place));
        }
        const auto code = code_of(page, *point);
        if (!code) {
            return base::make_error(
                base::ErrorCode::text_not_printable,
                fmt::format("{}: character {} (U+{:04X}) is not in code page {} of the device",
                            field, place, static_cast<std::uint32_t>(*point), number_of(page)));
        }
        bytes.push_back(*code);
    }
    return bytes;
}

std::string with_substitutes(CodePage page, std::string_view text) {
    std::string printable;
    while (!text.empty()) {
        const std::string_view rest = text;
        const auto point = base::take_code_point(text);
        if (point && code_of(page, *point)) {
            printable += rest.substr(0, rest.size() - text.size());
        } else {
            printable += '?';
        }
        if (text.size() == rest.size()) {
            text.remove_prefix(1);  // no UTF-8: byte by byte
        }
    }
    return printable;
}

std::string from_code_page(CodePage page, base::ByteView bytes) {
    std::string text;
    for (std::byte value : bytes) {
        const unsigned code = base::to_unsigned(value);
        const char32_t point = code < kAsciiCodes ? code : upper_half(page)[code - kAsciiCodes];
        base::append_utf8(text, code >= kAsciiCodes && point == 0 ? kReplacement : point);
    }
    return text;
}

}  // namespace tillhost::codec
