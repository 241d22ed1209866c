#include "simulators/printer/escpos/symbols.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hal/base/text.h"

namespace tillhost::simulators::escpos {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kCode39 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -$%./+*";
constexpr std::string_view kCodabar = "0123456789ABCDabcd$+-./:";

struct Kind {
    unsigned code;  ///< of the form with a length; the other form counts from 0
    std::string_view name;
    std::string_view letters;  ///< empty: any byte
    std::size_t min;
    std::size_t max;
    std::size_t check_at;  ///< length with a check digit, 0: none is looked at
};

// Epson, "GS k": kinds and what they take.
constexpr std::array kKinds{
    Kind{65, "UPC-A", kDigits, 11, 12, 12},    Kind{66, "UPC-E", kDigits, 6, 12, 0},
    Kind{67, "EAN13", kDigits, 12, 13, 13},    Kind{68, "EAN8", kDigits, 7, 8, 8},
    Kind{69, "CODE39", kCode39, 1, 255, 0},    Kind{70, "ITF", kDigits, 2, 254, 0},
    Kind{71, "CODABAR", kCodabar, 2, 255, 0},  Kind{72, "CODE93", {}, 1, 255, 0},
    Kind{73, "CODE128", {}, 2, 255, 0},        Kind{74, "GS1-128", {}, 2, 255, 0},
    Kind{75, "DataBar", kDigits, 13, 13, 0},   Kind{76, "DataBar-T", kDigits, 13, 13, 0},
    Kind{77, "DataBar-L", kDigits, 13, 13, 0}, Kind{78, "DataBar-E", {}, 2, 255, 0},
};

/// The check digit of UPC and EAN, over everything before it.
bool check_digit_is_right(std::string_view digits) {
    unsigned sum = 0;
    for (std::size_t i = 0; i + 1 < digits.size(); ++i) {
        const bool threefold = (digits.size() - i) % 2 == 0;
        sum += static_cast<unsigned>(digits[i] - '0') * (threefold ? 3 : 1);
    }
    return (sum + static_cast<unsigned>(digits.back() - '0')) % 10 == 0;
}

bool is_printable(const Kind& kind, std::string_view data) {
    constexpr unsigned kItf = 70, kCode128 = 73;
    if (data.size() < kind.min || data.size() > kind.max) {
        return false;
    }
    if (!kind.letters.empty() && data.find_first_not_of(kind.letters) != std::string_view::npos) {
        return false;
    }
    if (kind.check_at == data.size() && !check_digit_is_right(data)) {
        return false;
    }
    if (kind.code == kItf && data.size() % 2 != 0) {
        return false;
    }
    return kind.code != kCode128 ||
           (data[0] == '{' && (data[1] == 'A' || data[1] == 'B' || data[1] == 'C'));
}

}  // namespace

std::string readable(base::ByteView data) {
    std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
    std::string words;
    while (!text.empty()) {
        std::string_view rest = text;
        const auto point = base::take_code_point(rest);
        if (point && *point >= 0x20 && *point != 0x7F) {
            base::append_utf8(words, *point);
            text = rest;
            continue;
        }
        words += fmt::format("\\x{:02X}", static_cast<unsigned char>(text.front()));
        text.remove_prefix(1);
    }
    return words;
}

std::string barcode_line(const Command& command) {
    constexpr unsigned kLengthFormsFrom = 65;
    const bool ended_by_nul = command.at(0) < kLengthFormsFrom;
    const unsigned code = command.at(0) + (ended_by_nul ? kLengthFormsFrom : 0);
    base::ByteView data = command.data;
    data = data.subspan(std::min<std::size_t>(data.size(), ended_by_nul ? 1 : 2));
    if (ended_by_nul && !data.empty() && data.back() == std::byte{0}) {
        data = data.first(data.size() - 1);
    }
    const auto* kind = std::find_if(kKinds.begin(), kKinds.end(),
                                    [code](const Kind& each) { return each.code == code; });
    if (kind == kKinds.end()) {
        return fmt::format("[not printed: barcode {} {}]", command.at(0), readable(data));
    }
    return fmt::format(
        "[{}{} {}]", is_printable(*kind, base::string_of(data)) ? "" : "not printed: ", kind->name,
        readable(data));
}

void SymbolStore::clear() {
    qr_.clear();
    pdf417_.clear();
}

std::string SymbolStore::take(const Command& command) {
    // GS ( k pL pH cn fn …: 31h is QR, 30h PDF417; 50h keeps behind a byte m, 51h prints.
    constexpr std::size_t kHead = 3;
    constexpr unsigned kPdf417 = 0x30, kQr = 0x31, kKeep = 0x50, kPrint = 0x51;
    const unsigned kind = command.at(kHead);
    const unsigned function = command.at(kHead + 1);
    if (kind != kQr && kind != kPdf417) {
        return {};
    }
    base::Bytes& data = kind == kQr ? qr_ : pdf417_;
    if (function == kKeep && command.data.size() >= kHead + 3) {
        data.assign(command.data.begin() + kHead + 3, command.data.end());
    }
    if (function != kPrint || data.empty()) {
        return {};
    }
    return fmt::format("[{} {}]", kind == kQr ? "QR" : "PDF417", readable(data));
}

}  // namespace tillhost::simulators::escpos
