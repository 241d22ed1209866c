#include "hal/drivers/fiscal/shtrih/field_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "hal/base/money.h"
#include "hal/base/quantity.h"
#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/errors.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteView;

struct Width {
    std::string_view kind;
    std::size_t bytes;
};

constexpr Width kWidths[] = {
    {"pw", 4},        {"u8", 1},         {"u16", 2},       {"u32", 4},   {"u48", 6},
    {"m5", 5},        {"m6", 6},         {"M5", 5},        {"q6", 6},    {"dmy", 3},
    {"hms", 3},       {"ymdhm", 5},      {"flags", 2},     {"mode", 1},  {"submode", 1},
    {"doctype", 1},   {"error", 1},      {"vat", 1},       {"tax", 1},   {"ymd", 3},
    {"u40", 5},       {"secret", kRest}, {"fieldtype", 1}, {"bars", 1},  {"square", 1},
    {"operation", 1}, {"opens", 1},      {"phase", 1},     {"found", 1}, {"tlv", kRest},
};

struct Word {
    std::string_view kind;
    unsigned value;
    std::string_view text;
};

// Source: "KKT with FN protocol v1.17"; VAT bytes: javapos_shtrih, Doc/VatTable.txt
constexpr Word kWords[] = {
    {"mode", 1, "data are being read"},
    {"mode", 2, "shift open"},
    {"mode", 3, "shift older than 24 hours"},
    {"mode", 4, "shift closed"},
    {"mode", 5, "locked: wrong tax inspector's password"},
    {"mode", 6, "date must be confirmed"},
    {"mode", 7, "decimal point may be changed"},
    {"mode", 8, "document open"},
    {"mode", 9, "technical reset allowed"},
    {"mode", 10, "test run"},
    {"mode", 11, "full fiscal report"},
    {"submode", 0, "paper present, idle"},
    {"submode", 1, "no paper"},
    {"submode", 2, "paper ran out while printing"},
    {"submode", 3, "new paper: waits for continue printing"},
    {"submode", 4, "prints a full report"},
    {"submode", 5, "prints"},
    {"doctype", 0, "none"},
    {"doctype", 1, "registration"},
    {"doctype", 2, "opening of a shift"},
    {"doctype", 4, "receipt"},
    {"doctype", 8, "closing of a shift"},
    {"doctype", 0x10, "closing of the fiscal mode"},
    {"doctype", 0x11, "strict form"},
    {"doctype", 0x14, "correction"},
    {"doctype", 0x15, "correction of a strict form"},
    {"doctype", 0x17, "settlement report"},
    {"found", 1, "registration"},
    {"found", 2, "shift opened"},
    {"found", 3, "receipt"},
    {"found", 4, "strict form"},
    {"found", 5, "shift closed"},
    {"found", 6, "fiscal mode closed"},
    {"found", 11, "registration changed"},
    {"found", 21, "settlement report"},
    {"found", 31, "correction"},
    {"operation", 1, "sale"},
    {"operation", 2, "return of a sale"},
    {"operation", 3, "purchase"},
    {"operation", 4, "return of a purchase"},
    {"opens", 0, "sale"},
    {"opens", 1, "purchase"},
    {"opens", 2, "return of a sale"},
    {"opens", 3, "return of a purchase"},
    {"opens", 0x80, "correction: sale"},
    {"opens", 0x81, "correction: purchase"},
    {"opens", 0x82, "correction: return of a sale"},
    {"opens", 0x83, "correction: return of a purchase"},
    {"fieldtype", 0, "number"},
    {"fieldtype", 1, "text"},
    {"bars", 0, "UPC-A"},
    {"bars", 1, "UPC-E"},
    {"bars", 2, "EAN-13"},
    {"bars", 3, "EAN-8"},
    {"bars", 4, "code 39"},
    {"bars", 5, "ITF"},
    {"bars", 6, "Codabar"},
    {"bars", 7, "code 93"},
    {"bars", 8, "code 128"},
    {"bars", 10, "PDF417"},
    {"square", 0, "PDF417"},
    {"square", 1, "Data Matrix"},
    {"square", 2, "Aztec"},
    {"square", 3, "QR"},
    {"square", 131, "QR with an answer"},
    {"phase", 1, "set up"},
    {"phase", 3, "fiscal mode open"},
    {"phase", 7, "fiscal mode closed"},
    {"phase", 15, "all sent"},
    {"vat", 1, "main rate"},
    {"vat", 2, "10 %"},
    {"vat", 4, "0 %"},
    {"vat", 8, "no VAT"},
    {"vat", 16, "main rate, included"},
    {"vat", 32, "10/110"},
    {"vat", 129, "5 %"},
    {"vat", 130, "7 %"},
    {"vat", 132, "5/105"},
    {"vat", 144, "7/107"},
    {"tax", 0x01, "general"},
    {"tax", 0x02, "simplified, income"},
    {"tax", 0x04, "simplified, income less expense"},
    {"tax", 0x08, "imputed income"},
    {"tax", 0x10, "agricultural"},
    {"tax", 0x20, "patent"},
};

constexpr std::array<std::string_view, 13> kFlagNames = {"journal roll",
                                                         "receipt roll",
                                                         "",
                                                         "",
                                                         "two decimals",
                                                         "journal storage",
                                                         "journal paper seen",
                                                         "receipt paper seen",
                                                         "journal lever down",
                                                         "receipt lever down",
                                                         "cover open",
                                                         "drawer open",
                                                         "journal cover open"};

std::optional<std::size_t> number_in(std::string_view text) {
    std::size_t value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = problem == std::errc() && end == text.data() + text.size() && !text.empty();
    return whole ? std::optional(value) : std::nullopt;
}

std::uint64_t number_of(ByteView bytes) {
    base::ByteReader reader(bytes);
    return bytes.empty() ? 0 : reader.uint_le(std::min<std::size_t>(bytes.size(), 8));
}

unsigned at(ByteView bytes, std::size_t index) { return base::to_unsigned(bytes[index]); }

/// Printable text up to the first 00, control codes as dots.
std::string text_of(codec::CodePage page, ByteView bytes) {
    base::Bytes shown;
    for (std::byte value : bytes) {
        if (value == std::byte{0}) {
            break;
        }
        shown.push_back(value < std::byte{0x20} ? std::byte{'.'} : value);
    }
    return '"' + codec::from_code_page(page, shown) + '"';
}

std::string flags_text(std::uint64_t word) {
    std::string text = fmt::format("{:04X}h", word);
    for (std::size_t bit = 0; bit < kFlagNames.size(); ++bit) {
        if ((word >> bit & 1U) != 0 && !kFlagNames[bit].empty()) {
            text += ", ";
            text += kFlagNames[bit];
        }
    }
    return text;
}

std::string word_text(std::string_view kind, unsigned value) {
    const unsigned looked_up = kind == "mode" ? value & 0x0FU : value;
    for (const Word& word : kWords) {
        if (word.kind == kind && word.value == looked_up) {
            return fmt::format("{:02X}h: {}", value, word.text);
        }
    }
    return fmt::format("{:02X}h", value);
}

std::string date_time_text(std::string_view kind, ByteView bytes) {
    if (kind == "dmy") {
        return fmt::format("20{:02}-{:02}-{:02}", at(bytes, 2), at(bytes, 1), at(bytes, 0));
    }
    if (kind == "hms") {
        return fmt::format("{:02}:{:02}:{:02}", at(bytes, 0), at(bytes, 1), at(bytes, 2));
    }
    if (kind == "ymd") {
        return fmt::format("20{:02}-{:02}-{:02}", at(bytes, 0), at(bytes, 1), at(bytes, 2));
    }
    return fmt::format("20{:02}-{:02}-{:02}T{:02}:{:02}", at(bytes, 0), at(bytes, 1), at(bytes, 2),
                       at(bytes, 3), at(bytes, 4));
}

bool is_not_given(ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](std::byte b) { return b == std::byte{0xFF}; });
}

}  // namespace

std::size_t width_of(std::string_view kind) {
    for (const Width& row : kWidths) {
        if (row.kind == kind) {
            return row.bytes;
        }
    }
    return number_in(kind.substr(1)).value_or(kRest);  // t40, a16, x3; t* and x* take the rest
}

std::string value_of(std::string_view kind, ByteView bytes) {
    if (kind == "m5" || kind == "m6" || kind == "M5") {
        if (kind == "M5" && is_not_given(bytes)) {
            return "not given";
        }
        return base::minor_to_text(static_cast<std::int64_t>(number_of(bytes)), 2);
    }
    if (kind == "q6") {
        return base::Quantity{static_cast<std::int64_t>(number_of(bytes)), 6}.to_text();
    }
    if (kind == "dmy" || kind == "hms" || kind == "ymd" || kind == "ymdhm") {
        return date_time_text(kind, bytes);
    }
    if (kind == "secret") {
        return fmt::format("{} bytes, not shown", bytes.size());
    }
    if (kind == "flags") {
        return flags_text(number_of(bytes));
    }
    if (kind == "error") {
        const auto code = static_cast<std::uint8_t>(number_of(bytes));
        return fmt::format("{:02X}h: {}", code, text_of_device_code(code));
    }
    if (kind.starts_with('u') || kind == "pw") {
        return fmt::format("{}", number_of(bytes));
    }
    if (kind.starts_with('t') && kind != "tax") {
        return text_of(codec::CodePage::cp1251, bytes);
    }
    if (kind.starts_with('a')) {
        return text_of(codec::CodePage::cp866, bytes);
    }
    if (kind.starts_with('x')) {
        return base::to_hex(bytes);
    }
    return word_text(kind, bytes.empty() ? 0 : at(bytes, 0));
}

}  // namespace tillhost::drivers::shtrih
