#include "simulators/fiscal/shtrih/paper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "hal/base/money.h"
#include "hal/base/text.h"

namespace tillhost::simulators::shtrih {
namespace {

// Above ten: C0h and the number of the group.
constexpr std::array<std::uint8_t, 12> kVatCodes{1, 2, 4, 8, 16, 32, 129, 130, 132, 144, 203, 204};
constexpr std::array<std::string_view, 12> kVatLetters{"А", "Б", "В", "Г", "Д", "Е",
                                                       "Ж", "З", "И", "К", "Л", "М"};

/// Takes at most `count` characters off the front.
std::string take_front(std::string_view& text, std::size_t count) {
    std::string front;
    for (std::size_t i = 0; i < count; ++i) {
        const auto point = base::take_code_point(text);
        if (!point) {
            break;
        }
        base::append_utf8(front, *point);
    }
    return front;
}

std::string quantity_text(std::int64_t micro) {
    std::string text = base::minor_to_text(micro, 6);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) {
        text.pop_back();
    }
    return text;
}

}  // namespace

Paper::Paper(int columns)
    : columns_(static_cast<std::size_t>(std::clamp(columns, kPaperColumnsMin, kPaperColumnsMax))) {}

std::vector<std::string> Paper::wrapped(std::string_view text, std::size_t columns) const {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t before = text.size();
        lines.push_back(take_front(text, std::max<std::size_t>(columns, 1)));
        if (text.size() == before) {
            break;
        }
    }
    return lines;
}

std::string Paper::centred(std::string_view text) const {
    const std::size_t length = base::utf8_length(text);
    const std::size_t left = length < columns_ ? (columns_ - length) / 2 : 0;
    return std::string(left, ' ') + std::string(text);
}

std::string Paper::pair(std::string_view left, std::string_view right) const {
    const std::size_t right_length = std::min(base::utf8_length(right), columns_ - 1);
    const std::string kept = take_front(left, columns_ - 1 - right_length);
    const std::size_t blanks = columns_ - base::utf8_length(kept) - right_length;
    return kept + std::string(blanks, ' ') + std::string(right);
}

std::vector<std::string> Paper::position(const FiscalLine& line) const {
    std::vector<std::string> lines = wrapped(line.name);
    const std::string count = fmt::format("{} x {}", quantity_text(line.quantity_micro),
                                          base::minor_to_text(line.price_minor, 2));
    lines.push_back(
        pair(count, fmt::format("{}_{}", money_text(line.sum_minor), vat_letter(line.vat_code))));
    return lines;
}

std::vector<std::string> Paper::box(std::string_view kind, std::string_view payload) const {
    const std::size_t inside = columns_ - 4;  // a border and a blank on either side
    const auto line = [this](std::string_view left, std::string_view text, std::string_view fill,
                             std::string_view right) {
        std::string whole(left);
        whole += text;
        for (std::size_t at = base::utf8_length(text) + 2; at < columns_; ++at) {
            whole += fill;
        }
        return whole + std::string(right);
    };
    std::vector<std::string> lines{line("┌", fmt::format("─{}", kind), "─", "┐")};
    while (!payload.empty()) {
        const std::size_t before = payload.size();
        lines.push_back(line("│", " " + take_front(payload, inside), " ", "│"));
        if (payload.size() == before) {
            break;
        }
    }
    lines.push_back(line("└", "", "─", "┘"));
    return lines;
}

std::string Paper::dots(base::ByteView row) const {
    constexpr std::size_t kBits = 8;
    const std::size_t all = row.size() * kBits;
    const std::size_t step = std::max<std::size_t>((all + columns_ - 1) / columns_, 1);
    std::string line;
    for (std::size_t first = 0; first < all; first += step) {
        bool dark = false;
        for (std::size_t bit = first; bit < std::min(first + step, all); ++bit) {
            dark = dark || (base::to_unsigned(row[bit / kBits]) >> (bit % kBits) & 1U) != 0;
        }
        line += dark ? "█" : " ";
    }
    return line;
}

std::string money_text(std::int64_t minor) { return "=" + base::minor_to_text(minor, 2); }

std::string date_text(std::int64_t ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto minutes = std::chrono::floor<std::chrono::minutes>(time - day).count();
    return fmt::format("{:02}.{:02}.{:02} {:02}:{:02}", static_cast<unsigned>(date.day()),
                       static_cast<unsigned>(date.month()), static_cast<int>(date.year()) % 100,
                       minutes / 60, minutes % 60);
}

std::uint8_t vat_row(std::uint8_t vat_code) {
    const auto* found = std::find(kVatCodes.begin(), kVatCodes.end(), vat_code);
    return found == kVatCodes.end() ? std::uint8_t{0}
                                    : static_cast<std::uint8_t>(found - kVatCodes.begin() + 1);
}

std::string_view vat_letter(std::uint8_t vat_code) { return vat_letter_of_row(vat_row(vat_code)); }

std::string_view vat_letter_of_row(std::size_t row) {
    return row == 0 || row > kVatLetters.size() ? " " : kVatLetters[row - 1];
}

std::uint8_t vat_code_of_group(std::uint8_t group) {
    return group == 0 || group > 4 ? kVatCodes[3] : kVatCodes[group - 1U];
}

std::string_view title_of(ReceiptKind kind) {
    switch (kind) {
        case ReceiptKind::sale: return "ПРИХОД";
        case ReceiptKind::purchase: return "РАСХОД";
        case ReceiptKind::sale_return: return "ВОЗВРАТ ПРИХОДА";
        case ReceiptKind::purchase_return: return "ВОЗВРАТ РАСХОДА";
    }
    return "";
}

std::string_view title_of(FiscalOperation operation) {
    switch (operation) {
        case FiscalOperation::sale: return title_of(ReceiptKind::sale);
        case FiscalOperation::sale_return: return title_of(ReceiptKind::sale_return);
        case FiscalOperation::purchase: return title_of(ReceiptKind::purchase);
        case FiscalOperation::purchase_return: return title_of(ReceiptKind::purchase_return);
        case FiscalOperation::none: break;
    }
    return "";
}

}  // namespace tillhost::simulators::shtrih
