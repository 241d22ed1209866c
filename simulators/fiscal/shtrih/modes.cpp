#include "simulators/fiscal/shtrih/modes.h"

#include <algorithm>
#include <array>

#include "simulators/fiscal/shtrih/machine.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr unsigned kDump = mode_bit(1);
constexpr unsigned kOpen = mode_bit(kModeShiftOpen);
constexpr unsigned kExpired = mode_bit(kModeShiftExpired);
constexpr unsigned kClosed = mode_bit(kModeShiftClosed);
constexpr unsigned kConfirm = mode_bit(kModeConfirmDate);
constexpr unsigned kDocument = mode_bit(kModeDocument);
constexpr unsigned kReset = mode_bit(9);
constexpr unsigned kTest = mode_bit(10);

constexpr unsigned kShift = kOpen | kExpired;
constexpr unsigned kCash = kShift | kClosed | kReset;
constexpr unsigned kPositions = kOpen | kClosed | kDocument;
constexpr unsigned kGraphics = kOpen | kClosed | kDocument | kReset;

// Codes that are allowed in any mode have no row: 10, 11, 12, 13, 14, 15, 17, 1A, 1B, 1F, 26, 28,
// 2D, 2E, 2F, 6B, B0, DD, F7, FC, FF01 to FF04, FF09, FF0A, FF0C, FF0E, FF30 to FF33, FF3A, FF3B,
// FF3F, FF40, FF4C. B0 asks for submode 3 instead. FF39 works in an open shift too, as drivers use
// it, although the manual has mode 4 only.
constexpr std::array kRows{
    ModeRow{0x18, kCash},
    ModeRow{0x1E, kAnyMode & ~kDump & ~kDocument},
    ModeRow{0x21, kClosed | kReset},
    ModeRow{0x22, kClosed | kReset},
    ModeRow{0x23, kConfirm},
    ModeRow{0x24, kClosed},
    ModeRow{0x25, kAnyMode & ~kTest},  // in an open receipt by table 1 field 22
    ModeRow{0x29, kAnyMode & ~kDocument & ~kTest},
    ModeRow{0x40, kShift},
    ModeRow{0x41, kShift},
    ModeRow{0x50, kCash},
    ModeRow{0x51, kCash},
    ModeRow{0x52, kAnyMode & ~kDocument & ~kTest},
    ModeRow{0x53, kAnyMode & ~kDocument & ~kTest},
    ModeRow{0x54, kAnyMode & ~kDocument & ~kTest},
    ModeRow{0x80, kPositions},
    ModeRow{0x81, kPositions},
    ModeRow{0x82, kPositions},
    ModeRow{0x83, kPositions},
    ModeRow{0x85, kDocument, Refusal::receipt_closed},
    ModeRow{0x88, kDocument, Refusal::receipt_closed},
    ModeRow{0x89, kDocument, Refusal::receipt_closed},
    ModeRow{0x8C, kShift},
    ModeRow{0x8D, kOpen | kClosed},
    ModeRow{0x8E, kDocument, Refusal::receipt_closed},
    ModeRow{0xC2, kGraphics},
    ModeRow{0xC5, kGraphics},
    ModeRow{0xCB, kGraphics},
    ModeRow{0xDE, kAnyMode},
    ModeRow{0xE0, kClosed},
    ModeRow{0xFF0B, kClosed},
    ModeRow{0xFF35, kOpen | kClosed},
    ModeRow{0xFF36, kOpen | kClosed},
    ModeRow{0xFF37, kClosed},
    ModeRow{0xFF38, kClosed},
    ModeRow{0xFF3C, kClosed},
    ModeRow{0xFF41, kClosed},
    ModeRow{0xFF42, kShift},
    ModeRow{0xFF43, kShift},
    ModeRow{0xFF45, kDocument, Refusal::receipt_closed},
    ModeRow{0xFF46, kOpen | kDocument},
    ModeRow{0xFF4A, kOpen | kClosed},
    ModeRow{0xFF4B, kDocument},
    ModeRow{0xFF4D, kDocument},
    ModeRow{0xFF67, kDocument, Refusal::bad_operation},
};

}  // namespace

std::span<const ModeRow> mode_rows() { return kRows; }

Refusal check_mode(std::uint16_t code, std::uint8_t mode) {
    const auto* row = std::find_if(kRows.begin(), kRows.end(),
                                   [code](const ModeRow& each) { return each.code == code; });
    if (row == kRows.end() || (row->modes & mode_bit(mode)) != 0) {
        return Refusal::ok;
    }
    const bool only_too_old = mode == kModeShiftExpired && (row->modes & kOpen) != 0;
    return only_too_old ? Refusal::shift_expired : row->otherwise;
}

}  // namespace tillhost::simulators::shtrih
