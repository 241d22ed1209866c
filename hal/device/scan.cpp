#include "hal/device/scan.h"

#include <algorithm>
#include <utility>

#include "hal/base/text.h"
#include "hal/codec/aim.h"
#include "hal/codec/gs1.h"

namespace tillhost::device {
namespace {

using codec::Symbology;
using contract::ScanSymbology;

ScanSymbology to_contract(Symbology symbology) {
    switch (symbology) {
        case Symbology::unknown: return ScanSymbology::unknown;
        case Symbology::ean13: return ScanSymbology::ean13;
        case Symbology::ean8: return ScanSymbology::ean8;
        case Symbology::code39: return ScanSymbology::code39;
        case Symbology::code93: return ScanSymbology::code93;
        case Symbology::code128: return ScanSymbology::code128;
        case Symbology::itf: return ScanSymbology::itf;
        case Symbology::codabar: return ScanSymbology::codabar;
        case Symbology::databar: return ScanSymbology::databar;
        case Symbology::composite: return ScanSymbology::composite;
        case Symbology::pdf417: return ScanSymbology::pdf417;
        case Symbology::qr: return ScanSymbology::qr;
        case Symbology::data_matrix: return ScanSymbology::data_matrix;
        case Symbology::aztec: return ScanSymbology::aztec;
        case Symbology::dot_code: return ScanSymbology::dot_code;
        case Symbology::other: return ScanSymbology::other;
    }
    return ScanSymbology::unknown;
}

/// Control characters that barcodes carry.
constexpr std::string_view kHarmless = "\t\r\n\x04\x1C\x1D\x1E\x1F";

bool is_text(std::string_view text) {
    const bool plain = std::all_of(text.begin(), text.end(), [](char letter) {
        const auto code = static_cast<unsigned char>(letter);
        return (code >= 0x20 && code != 0x7F) || kHarmless.find(letter) != std::string_view::npos;
    });
    return plain && base::is_utf8(text);
}

}  // namespace

contract::Scan scan_of(base::ByteView code, std::string_view aim) {
    contract::Scan scan;
    scan.code = codec::join_add_on(aim, code);
    scan.aim = aim;
    scan.symbology = to_contract(codec::symbology_of(aim));
    if (std::string text = base::string_of(scan.code); is_text(text)) {
        scan.text = std::move(text);
    }
    if (aim.empty() ? codec::looks_like_gs1(scan.code) : codec::aim_says_gs1(aim)) {
        for (codec::ElementString& element : codec::read_gs1(scan.code)) {
            scan.gs1.push_back({std::move(element.ai), std::move(element.value)});
        }
    }
    return scan;
}

}  // namespace tillhost::device
