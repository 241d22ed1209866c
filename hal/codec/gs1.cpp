#include "hal/codec/gs1.h"

#include <algorithm>
#include <array>

#include "hal/codec/gs1_table.h"

namespace tillhost::codec {
namespace {

constexpr std::size_t kAiDigitsMin = 2;
constexpr std::size_t kAiDigitsMax = 4;
constexpr char kSeparator = 0x1D;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// The invariant characters of ISO 646 that GS1 allows (figure 7.11-1).
bool is_gs1_character(char letter) {
    constexpr std::string_view kMarks = "!\"%&'()*+,-./_:;<=>?";
    return is_digit(letter) || (letter >= 'A' && letter <= 'Z') ||
           (letter >= 'a' && letter <= 'z') || kMarks.find(letter) != std::string_view::npos;
}

/// Digits at the front as a number; nothing else counts as an identifier.
const ApplicationIdentifiers* identifier_at(std::string_view text) {
    unsigned number = 0;
    for (std::size_t digits = 1; digits <= std::min(kAiDigitsMax, text.size()); ++digits) {
        const char letter = text[digits - 1];
        if (!is_digit(letter)) {
            return nullptr;
        }
        number = number * 10 + static_cast<unsigned>(letter - '0');
        for (const ApplicationIdentifiers& row : kApplicationIdentifiers) {
            if (digits >= kAiDigitsMin && row.digits == digits && number >= row.from &&
                number <= row.to) {
                return &row;
            }
        }
    }
    return nullptr;
}

bool fits(const ApplicationIdentifiers& row, std::string_view value) {
    return value.size() >= row.length_min && value.size() <= row.length_max &&
           std::all_of(value.begin(), value.end(), row.numeric ? is_digit : is_gs1_character);
}

bool is_stand_in(std::byte byte) {
    constexpr std::array kStandIns{kGroupSeparator, std::byte{0xE8}, std::byte{0xF8}};
    return std::find(kStandIns.begin(), kStandIns.end(), byte) != kStandIns.end();
}

}  // namespace

bool looks_like_gs1(base::ByteView data) {
    return !data.empty() && (is_stand_in(data.front()) ||
                             std::find(data.begin(), data.end(), kGroupSeparator) != data.end());
}

std::vector<ElementString> read_gs1(base::ByteView data) {
    const std::size_t skipped = !data.empty() && is_stand_in(data.front()) ? 1 : 0;
    const std::string text = base::string_of(data.subspan(skipped));
    std::string_view rest = text;
    std::vector<ElementString> elements;
    while (!rest.empty()) {
        const ApplicationIdentifiers* row = identifier_at(rest);
        if (row == nullptr || elements.size() == kGs1ElementsMax) {
            return {};
        }
        ElementString& element = elements.emplace_back();
        element.ai = rest.substr(0, row->digits);
        rest.remove_prefix(row->digits);
        const std::size_t length =
            row->predefined ? row->length_max : std::min(rest.find(kSeparator), rest.size());
        element.value = rest.substr(0, length);
        if (!fits(*row, element.value)) {
            return {};
        }
        rest.remove_prefix(element.value.size());
        if (!rest.empty() && rest.front() == kSeparator) {
            rest.remove_prefix(1);  // some encoders end predefined lengths with one as well
        }
    }
    return elements;
}

}  // namespace tillhost::codec
