// Commands that print: text, fonts, headers, bar codes, rows of dots, feed and cut.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulators/core/codepage.h"
#include "simulators/fiscal/shtrih/answers.h"
#include "simulators/fiscal/shtrih/commands.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr FieldPlace kCutInReceipt{.table = 1, .row = 1, .field = 22};
constexpr unsigned kFlagWrap = 0x40;
constexpr std::uint8_t kBoldFont = 2, kPlainFont = 1;
constexpr std::uint16_t kFonts = 7;

std::string text_to_print(base::ByteView bytes) {
    const auto end = std::find(bytes.begin(), bytes.end(), std::byte{0});
    base::Bytes kept;
    for (auto at = bytes.begin(); at != end; ++at) {
        if (base::to_unsigned(*at) >= 0x20) {  // codes 1 to 31 are not printed
            kept.push_back(*at);
        }
    }
    return utf8_from_cp1251(kept);
}

/// Columns of the paper that one letter of the font takes (table 8 field 1).
std::size_t columns_of(Machine& machine, std::uint8_t font) {
    const std::uint64_t wide = machine.tables().number({.table = 8, .row = font, .field = 1});
    return wide == 0 ? 1 : static_cast<std::size_t>(wide);
}

/// What does not fit in the line is not printed, unless the flags ask to wrap it.
void print_in_font(Machine& machine, unsigned flags, std::uint8_t font, const std::string& text) {
    const std::size_t columns = machine.paper().columns() / columns_of(machine, font);
    std::vector<std::string> lines = machine.paper().wrapped(text, columns);
    if ((flags & kFlagWrap) == 0 || lines.empty()) {
        lines.resize(1);
    }
    machine.print_text(lines);
}

Answer print_line(Machine& machine, Call& call) {
    const unsigned flags = call.reader.u8();  // every roll is the receipt's
    print_in_font(machine, flags, kPlainFont, text_to_print(call.reader.take_rest()));
    return nothing();
}

Answer print_bold(Machine& machine, Call& call) {
    const unsigned flags = call.reader.u8();
    print_in_font(machine, flags, kBoldFont, text_to_print(call.reader.take_rest()));
    return nothing();
}

Answer print_line_in_font(Machine& machine, Call& call) {
    const unsigned flags = call.reader.u8();
    const std::uint8_t font = call.reader.u8();
    if (font == 0 || font > kFonts) {
        return Refusal::bad_parameters;
    }
    print_in_font(machine, flags, font, text_to_print(call.reader.take_rest()));
    return nothing();
}

Answer document_header(Machine& machine, Call& call) {
    constexpr std::size_t kTextBytes = 30;
    const std::string text = text_to_print(call.reader.take(kTextBytes));
    const std::uint16_t number = call.reader.u16_le();
    const auto device_number =
        static_cast<std::uint16_t>(++machine.memory().document_number & 0xFFFFU);
    std::vector<std::string> lines = machine.header();
    lines.push_back(machine.paper().pair(text, fmt::format("№ {:05}", number)));
    machine.print(lines);
    return base::ByteWriter().u16_le(device_number).take();
}

Answer print_cliche(Machine& machine, Call& /*call*/) {
    machine.print(machine.header());
    return nothing();
}

Answer print_advert(Machine& machine, Call& /*call*/) {
    machine.print(machine.footer());
    return nothing();
}

Answer document_end(Machine& machine, Call& /*call*/) {
    std::vector<std::string> lines = machine.footer();
    machine.cut(lines);
    machine.print(lines);
    return nothing();
}

Answer cut(Machine& machine, Call& /*call*/) {
    if (machine.receipt_open() && machine.tables().number(kCutInReceipt) != 1) {
        return Refusal::wrong_mode;
    }
    machine.print_text({machine.paper().centred("- - - - - 8< - - - - -")});
    return nothing();
}

Answer feed(Machine& machine, Call& call) {
    call.reader.u8();
    machine.print(std::vector<std::string>(call.reader.u8()));
    return nothing();
}

Answer continue_printing(Machine& machine, Call& /*call*/) {
    return as_answer(machine.continue_printing());
}

Answer ean13(Machine& machine, Call& call) {
    constexpr std::uint64_t kTwelveDigits = 1'000'000'000'000;
    const std::uint64_t number = call.reader.uint_le(5);
    if (number >= kTwelveDigits) {
        return Refusal::bad_parameters;
    }
    const std::string digits = fmt::format("{:012}", number);
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        sum += (digits[i] - '0') * (i % 2 == 0 ? 1 : 3);
    }
    machine.print_text(
        machine.paper().box("EAN-13", fmt::format("{}{}", digits, (10 - sum % 10) % 10)));
    return nothing();
}

std::string_view barcode_name(std::uint8_t type) {
    constexpr std::array<std::string_view, 9> kNames{
        "UPC-A", "UPC-E", "EAN-13", "EAN-8", "CODE39", "ITF", "CODABAR", "CODE93", "CODE128"};
    constexpr std::uint8_t kPdf417 = 10;
    if (type < kNames.size()) {
        return kNames[type];
    }
    return type == kPdf417 ? "PDF417" : type > kPdf417 ? "GS1" : "";
}

Answer barcode(Machine& machine, Call& call) {
    constexpr std::size_t kDataBytesMax = 48;
    constexpr std::uint8_t kTextPlaceMax = 3;
    call.reader.take(2);  // height and width of a bar
    const std::uint8_t text_place = call.reader.u8();
    call.reader.u8();  // font of the text
    const std::string_view name = barcode_name(call.reader.u8());
    const base::ByteView data = call.reader.take_rest();
    if (name.empty() || text_place > kTextPlaceMax || data.empty() || data.size() > kDataBytesMax) {
        return Refusal::bad_parameters;
    }
    machine.print_text(machine.paper().box(name, utf8_from_cp1251(data)));
    return nothing();
}

Answer graphic_line(Machine& machine, Call& call) {
    constexpr std::uint16_t kDotsALine = 24;
    constexpr std::size_t kBytesMax = 72;
    const std::uint16_t repeats = call.reader.u16_le();
    call.reader.u8();  // flags
    const base::ByteView row = call.reader.take_rest();
    if (repeats == 0 || row.empty() || row.size() > kBytesMax) {
        return Refusal::bad_parameters;
    }
    const std::string line = machine.paper().dots(row);
    const auto lines = static_cast<std::size_t>((repeats + kDotsALine - 1) / kDotsALine);
    machine.print_text(std::vector<std::string>(std::min<std::size_t>(lines, 100), line));
    return nothing();
}

Answer load_block(Machine& machine, Call& call) {
    constexpr std::uint8_t kBlocks = 128;
    constexpr std::size_t kBlockBytes = 64;
    const std::uint8_t type = call.reader.u8();
    const std::uint8_t block = call.reader.u8();
    const base::ByteView data = call.reader.take(kBlockBytes);
    if (type != 0 || block >= kBlocks) {
        return Refusal::bad_parameters;
    }
    machine.loaded[block] = {data.begin(), data.end()};
    return nothing();
}

/// The loaded blocks from `first` on, as far as they go; nothing if fewer bytes are there.
std::optional<base::Bytes> loaded_bytes(const Machine& machine, unsigned first,
                                        std::size_t length) {
    base::Bytes bytes;
    for (unsigned block = first; bytes.size() < length; ++block) {
        const auto found = machine.loaded.find(static_cast<std::uint8_t>(block));
        if (block > 0xFF || found == machine.loaded.end()) {
            return std::nullopt;
        }
        bytes.insert(bytes.end(), found->second.begin(), found->second.end());
    }
    bytes.resize(length);
    return bytes;
}

Answer code_2d(Machine& machine, Call& call) {
    constexpr std::array<std::string_view, 4> kNames{"PDF417", "DATAMATRIX", "AZTEC", "QR"};
    constexpr std::uint8_t kQrWithAnswer = 131, kQr = 3, kAlignMax = 2;
    constexpr std::uint16_t kDots = 33;
    const std::uint8_t type = call.reader.u8();
    const std::uint16_t length = call.reader.u16_le();
    const std::uint8_t first = call.reader.u8();
    const base::ByteView parameters = call.reader.take(5);
    const std::uint8_t align = call.reader.u8();
    const std::uint8_t kind = type == kQrWithAnswer ? kQr : type;
    if (kind >= kNames.size() || length == 0 || align > kAlignMax) {
        return Refusal::bad_parameters;
    }
    const auto data = loaded_bytes(machine, first, length);
    if (!data) {
        return Refusal::no_data;
    }
    machine.print_text(machine.paper().box(kNames[kind], utf8_from_cp1251(*data)));
    if (type != kQrWithAnswer) {
        return nothing();
    }
    const unsigned dot = std::max(base::to_unsigned(parameters[2]), 1U);
    return base::ByteWriter().raw(parameters).u16_le(kDots * dot).u16_le(kDots * dot).take();
}

// code, least bytes, password, operator in the answer, prints, signs
constexpr std::array kRows{
    CommandRow{0x12, 5, true, true, true, false, print_bold},
    CommandRow{0x17, 5, true, true, true, false, print_line},
    CommandRow{0x18, 36, true, true, true, false, document_header},
    CommandRow{0x2F, 6, true, true, true, false, print_line_in_font},
    CommandRow{0x25, 5, true, true, true, false, cut},
    CommandRow{0x29, 6, true, true, true, false, feed},
    CommandRow{0x52, 4, true, true, true, false, print_cliche},
    CommandRow{0x53, 4, true, true, true, false, document_end},
    CommandRow{0x54, 4, true, true, true, false, print_advert},
    CommandRow{0xB0, 4, true, true, false, false, continue_printing},
    CommandRow{0xC2, 9, true, true, true, false, ean13},
    CommandRow{0xC5, 8, true, true, true, false, graphic_line},
    CommandRow{0xCB, 10, true, true, true, false, barcode},
    CommandRow{0xDD, 70, true, true, false, false, load_block},
    CommandRow{0xDE, 14, true, true, true, false, code_2d},
};

}  // namespace

std::span<const CommandRow> print_commands() { return kRows; }

}  // namespace tillhost::simulators::shtrih
