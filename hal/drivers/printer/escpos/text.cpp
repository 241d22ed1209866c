#include "hal/drivers/printer/escpos/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "hal/base/text.h"
#include "hal/drivers/printer/escpos/protocol.h"

namespace tillhost::drivers::escpos {
namespace {

using base::bad_field;
using base::Result;

constexpr std::string_view kExpected =
    "code pages and the printer's numbers of them, such as 437:0,866:17";

std::optional<codec::CodePage> page_of(std::string_view number) {
    const auto* const found =
        std::find_if(codec::kCodePages.begin(), codec::kCodePages.end(),
                     [&](codec::CodePage page) { return codec::number_of(page) == number; });
    return found == codec::kCodePages.end() ? std::nullopt : std::optional(*found);
}

std::optional<Page> read_page(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const auto page = page_of(text.substr(0, colon));
    const std::string_view digits = text.substr(colon + 1);
    std::uint8_t number = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (!page || digits.empty() || problem != std::errc{} || end != digits.data() + digits.size()) {
        return std::nullopt;
    }
    return Page{*page, number};
}

bool is_ascii(char32_t point) { return point >= 0x20 && point < 0x7F; }

/// How many characters from the front this page has.
std::size_t reach(codec::CodePage page, std::string_view text) {
    std::size_t count = 0;
    while (!text.empty()) {
        const auto point = base::take_code_point(text);
        if (!point || !codec::code_of(page, *point)) {
            break;
        }
        ++count;
    }
    return count;
}

}  // namespace

Result<std::vector<Page>> read_pages(std::string_view text, std::string_view field) {
    std::vector<Page> pages;
    while (true) {
        const std::size_t comma = text.find(',');
        const auto page = read_page(text.substr(0, comma));
        const bool known = page && std::any_of(pages.begin(), pages.end(), [&](const Page& one) {
                               return one.page == page->page;
                           });
        if (!page || known) {
            return bad_field(field, kExpected);
        }
        pages.push_back(*page);
        if (comma == std::string_view::npos) {
            return pages;
        }
        text.remove_prefix(comma + 1);
    }
}

/// The first of those that reach farthest; nullptr: none has the first character.
const Page* TextWriter::page_with_most(std::string_view text) const {
    const Page* best = nullptr;
    std::size_t most = 0;
    for (const Page& page : pages_) {
        if (const std::size_t count = reach(page.page, text); count > most) {
            best = &page;
            most = count;
        }
    }
    return best;
}

base::Done TextWriter::put(base::ByteWriter& to, std::string_view line, std::string_view field,
                           std::size_t place) {
    for (; !line.empty(); ++place) {
        const std::string_view rest = line;
        const auto point = base::take_code_point(line);
        if (!point) {
            return base::make_error(base::ErrorCode::text_not_printable,
                                    fmt::format("{}: not UTF-8 from character {}", field, place));
        }
        if (is_ascii(*point)) {
            to.u8(*point);
            continue;
        }
        if (current_ == nullptr || !codec::code_of(current_->page, *point)) {
            const Page* const page = page_with_most(rest);
            if (page == nullptr && substitute_) {
                to.u8('?');
                continue;
            }
            if (page == nullptr) {
                std::string names;
                for (const Page& one : pages_) {
                    names += fmt::format("{}{}", names.empty() ? "" : ", ", number_of(one.page));
                }
                return base::make_error(
                    base::ErrorCode::text_not_printable,
                    fmt::format("{}: character {} (U+{:04X}) is in none of the printer's code "
                                "pages ({})",
                                field, place, static_cast<std::uint32_t>(*point), names));
            }
            current_ = page;
            to.raw(code_page(page->number));
        }
        to.u8(base::to_unsigned(*codec::code_of(current_->page, *point)));
    }
    return {};
}

}  // namespace tillhost::drivers::escpos
