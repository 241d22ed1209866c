#include "hal/drivers/printer/escpos/barcode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "hal/base/text.h"
#include "hal/drivers/printer/escpos/protocol.h"

namespace tillhost::drivers::escpos {
namespace {

using base::bad_field;
using base::Bytes;
using base::Result;
using contract::PrintBarcode;

constexpr std::uint8_t kHeightDefault = 80;
constexpr unsigned kModuleDefault = 3;
constexpr unsigned kModuleMin = 2;  // GS w
constexpr unsigned kModuleMax = 6;
constexpr unsigned kQrModuleDefault = 4;
constexpr unsigned kPdfModuleMin = 2;  // GS ( k, cn 30h, fn 67
constexpr std::size_t kPdf417BytesMax = 800;
constexpr std::size_t kCode128CharactersMax = 80;

constexpr std::string_view kDigits = "0123456789";

bool only(std::string_view text, std::string_view letters) {
    return text.find_first_not_of(letters) == std::string_view::npos;
}

/// ISO/IEC 15420: weights 3 and 1 from the right.
char check_digit(std::string_view digits) {
    int sum = 0;
    int weight = 3;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        sum += (*digit - '0') * weight;
        weight = 4 - weight;
    }
    return static_cast<char>('0' + (10 - sum % 10) % 10);
}

struct Drawn {
    Bars kind = Bars::ean13;
    std::string data;
    unsigned modules = 0;  ///< its width without the quiet zones
};

Result<Drawn> draw_ean(Bars kind, std::string_view payload, std::size_t length, unsigned modules,
                       const std::string& field) {
    const bool whole = payload.size() == length;
    if (!only(payload, kDigits) || (!whole && payload.size() + 1 != length)) {
        return bad_field(
            field, fmt::format("{} digits, or {} without the check digit", length, length - 1));
    }
    const char check = check_digit(payload.substr(0, length - 1));
    if (whole && payload.back() != check) {
        return bad_field(field, fmt::format("{} as its check digit", check));
    }
    return Drawn{kind, std::string(payload.substr(0, length - 1)) + check, modules};
}

Result<Drawn> draw_code39(std::string_view payload, const std::string& field) {
    constexpr std::size_t kMax = 43;
    constexpr unsigned kModules = 16;  // with its gap
    if (payload.size() > kMax || !only(payload, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ -.$/+%")) {
        return bad_field(field, "1 to 43 digits, capital letters, blanks and - . $ / + %");
    }
    return Drawn{Bars::code39, std::string(payload),
                 kModules * static_cast<unsigned>(payload.size() + 2)};
}

Result<Drawn> draw_itf(std::string_view payload, const std::string& field) {
    constexpr std::size_t kMax = 80;
    if (!only(payload, kDigits) || payload.size() % 2 != 0 || payload.size() > kMax) {
        return bad_field(field, "an even number of digits, 2 to 80");
    }
    return Drawn{Bars::itf, std::string(payload), 9 * static_cast<unsigned>(payload.size()) + 9};
}

Result<Drawn> draw_codabar(std::string_view payload, const std::string& field) {
    constexpr std::size_t kMax = 80;
    constexpr std::string_view kEnds = "ABCD";
    const bool ended = payload.size() > 2 && payload.size() <= kMax &&
                       only(payload.substr(0, 1), kEnds) &&
                       only(payload.substr(payload.size() - 1), kEnds);
    if (!ended || !only(payload.substr(1, payload.size() - 2), "0123456789-$:/.+")) {
        return bad_field(field, "A to D, then digits and - $ : / . +, then A to D");
    }
    return Drawn{Bars::codabar, std::string(payload), 14 * static_cast<unsigned>(payload.size())};
}

/// Set B only: the bytes of set C are values, some of them those of real-time commands.
Result<Drawn> draw_code128(std::string_view payload, const std::string& field) {
    const bool printable = std::all_of(payload.begin(), payload.end(),
                                       [](char letter) { return letter >= ' ' && letter <= '~'; });
    if (!printable || payload.size() > kCode128CharactersMax) {
        return bad_field(field, "1 to 80 characters of ASCII, no control characters");
    }
    std::string data = "{B";
    for (const char letter : payload) {
        data += letter == '{' ? "{{" : std::string(1, letter);
    }
    return Drawn{Bars::code128, std::move(data),
                 11 * static_cast<unsigned>(payload.size() + 2) + 13};
}

/// The module's width that was asked for, or the largest up to the usual one that fits.
Result<std::uint8_t> module_of(std::int64_t asked, unsigned min, unsigned max, unsigned usual,
                               unsigned modules, unsigned width_dots, const std::string& field) {
    const unsigned fits = std::min(max, width_dots / modules);
    if (fits < min) {
        return bad_field(field + ".payload",
                         fmt::format("shorter: at {} dots a module it is {} dots wide, the line "
                                     "has {}",
                                     min, modules * min, width_dots));
    }
    if (asked == 0) {
        return static_cast<std::uint8_t>(std::min(fits, usual));
    }
    if (asked < min || asked > fits) {
        return bad_field(field + ".module_dots", fmt::format("0 or {} to {}", min, fits));
    }
    return static_cast<std::uint8_t>(asked);
}

Result<Bytes> finish(const PrintBarcode& code, const Drawn& drawn, unsigned width_dots,
                     const std::string& field) {
    constexpr std::int64_t kHeightMax = 255;
    if (code.height_dots < 0 || code.height_dots > kHeightMax) {
        return bad_field(field + ".height_dots", "0 to 255");
    }
    const auto height =
        code.height_dots == 0 ? kHeightDefault : static_cast<std::uint8_t>(code.height_dots);
    const std::uint8_t module = TRY(module_of(code.module_dots, kModuleMin, kModuleMax,
                                              kModuleDefault, drawn.modules, width_dots, field));
    return bars(drawn.kind, drawn.data, height, module, code.text_below);
}

/// Bytes that versions 1 to 40 hold at correction M (ISO/IEC 18004, table 7).
constexpr std::array<std::size_t, 40> kQrBytes{
    14,   26,   42,   62,   84,   106,  122,  152,  180,  213,  251,  287,  331,  362,
    412,  450,  504,  560,  624,  666,  711,  779,  857,  911,  997,  1059, 1125, 1190,
    1264, 1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331};

base::Done check_payload(std::string_view payload, std::size_t bytes_max,
                         const std::string& field) {
    constexpr char kGroupSeparator = 0x1D;
    const bool controls = std::any_of(payload.begin(), payload.end(), [](char letter) {
        const auto value = static_cast<unsigned char>(letter);
        return (value < 0x20 && letter != kGroupSeparator) || value == 0x7F;
    });
    if (payload.empty() || payload.size() > bytes_max || controls || !base::is_utf8(payload)) {
        return bad_field(field, fmt::format("1 to {} bytes of UTF-8, no control characters but "
                                            "the group separator",
                                            bytes_max));
    }
    return {};
}

Result<Bytes> draw_qr(const PrintBarcode& code, unsigned width_dots, const std::string& field) {
    TRY(check_payload(code.payload, kQrBytes.back(), field + ".payload"));
    const auto* const version =
        std::lower_bound(kQrBytes.begin(), kQrBytes.end(), code.payload.size());
    const unsigned modules = 4 * static_cast<unsigned>(version - kQrBytes.begin() + 1) + 17;
    constexpr unsigned kMax = 16;
    const std::uint8_t module =
        TRY(module_of(code.module_dots, 1, kMax, kQrModuleDefault, modules, width_dots, field));
    return qr(code.payload, module, QrCorrection::medium);
}

Result<Bytes> draw_pdf417(const PrintBarcode& code, const std::string& field) {
    TRY(check_payload(code.payload, kPdf417BytesMax, field + ".payload"));
    if (code.module_dots != 0 && code.module_dots < kPdfModuleMin) {
        return bad_field(field + ".module_dots", "0 or 2 to 8");
    }
    return pdf417(code.payload, static_cast<std::uint8_t>(
                                    code.module_dots == 0 ? kPdfModuleMin : code.module_dots));
}

}  // namespace

Result<Bytes> barcode(const PrintBarcode& code, unsigned width_dots, std::string_view at) {
    const std::string field(at);
    const std::string payload = field + ".payload";
    using contract::Symbology;
    Result<Drawn> drawn = Drawn{};
    if (code.payload.empty()) {
        return bad_field(payload, "not empty");
    }
    switch (code.symbology) {
        case Symbology::ean13: drawn = draw_ean(Bars::ean13, code.payload, 13, 95, payload); break;
        case Symbology::ean8: drawn = draw_ean(Bars::ean8, code.payload, 8, 67, payload); break;
        case Symbology::upc_a: drawn = draw_ean(Bars::upc_a, code.payload, 12, 95, payload); break;
        case Symbology::code39: drawn = draw_code39(code.payload, payload); break;
        case Symbology::itf: drawn = draw_itf(code.payload, payload); break;
        case Symbology::codabar: drawn = draw_codabar(code.payload, payload); break;
        case Symbology::code128: drawn = draw_code128(code.payload, payload); break;
        case Symbology::qr: return draw_qr(code, width_dots, field);
        case Symbology::pdf417: return draw_pdf417(code, field);
        case Symbology::data_matrix:
        case Symbology::aztec:
        case Symbology::unspecified:
            return base::make_error(base::ErrorCode::not_supported,
                                    field + ".symbology: the printer draws no such barcode");
    }
    return finish(code, TRY(std::move(drawn)), width_dots, field);
}

}  // namespace tillhost::drivers::escpos
