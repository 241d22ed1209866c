#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"

// Scanned data in HID reports: USB-IF, HID Point of Sale Usage Tables 1.02, page 8C. Bytes only.
namespace tillhost::drivers::hid_pos {

/// Longest code.
inline constexpr std::size_t kCodeBytesMax = 4096;
/// Longest report.
inline constexpr std::size_t kReportBytesMax = 4096;
/// A code whose next report does not come within this pause stays a half.
inline constexpr os::Duration kPieceGap = std::chrono::seconds(1);

/// Where the parts of a code stand in a report. Offsets in bytes of the report as it is read, its
/// id among them.
struct Layout {
    std::uint8_t report = 0;              ///< its id, the first byte; 0: reports are not numbered
    std::size_t bytes = 0;                ///< of the report; shorter ones are none
    std::optional<std::size_t> length{};  ///< number of valid data bytes; none: up to the zeros
    std::optional<std::size_t> aim{};     ///< three bytes
    std::size_t data = 0;
    std::size_t data_bytes = 0;
    std::optional<std::size_t> continued_bit{};  ///< more reports of this code follow
    friend bool operator==(const Layout&, const Layout&) = default;
};

/// The layout of a descriptor: usages FB, FC, FD (identifier), FE (data) and FF (continued) of page
/// 8C, and the byte count (page 01, usage 3B) in the same report. Nothing if it has no data.
std::optional<Layout> layout_of(base::ByteView descriptor);
/// Whether a descriptor has anything of page 8C.
bool is_scanner(base::ByteView descriptor);
/// Honeywell's, which others follow closely: id 02, length, identifier, 56 bytes, two bytes of the
/// vendor, flags; 64 bytes.
Layout usual_layout();
/// The same without the length byte, as seen on others: identifier, 56 bytes up to the zeros.
Layout usual_layout_without_length();

/// What one report carries.
struct Piece {
    std::string aim;  ///< "]d2"; empty where the scanner does not know
    base::Bytes data;
    bool continued = false;
    friend bool operator==(const Piece&, const Piece&) = default;
};

/// Nothing for another report than the layout's. Errors: frame_damaged (too short, a length beyond
/// its data).
base::Result<std::optional<Piece>> read_report(const Layout& layout, base::ByteView report);

/// A code in two parts.
struct Code {
    std::string aim;
    base::Bytes data;
};

/// Puts the pieces of a code together.
class Assembler final {
public:
    /// `suffix` is taken off the end of a code where it stands there.
    explicit Assembler(base::Bytes suffix = {}) : suffix_(std::move(suffix)) {}

    /// The code that is whole with this piece. A piece of another identifier, or one that comes
    /// later than kPieceGap after the one before, begins a code anew: the half is dropped. Replies
    /// of the scanner's menu (]X, ]Z), codes without data and codes that are too long are none.
    std::optional<Code> add(Piece piece, os::Instant now);
    /// The pause of kPieceGap has passed without a piece.
    void drop_half();
    bool waiting() const { return waiting_; }
    std::int64_t dropped() const { return dropped_; }

private:
    std::optional<Code> finish();

    base::Bytes suffix_;
    std::string aim_;
    base::Bytes data_;
    bool waiting_ = false;
    bool too_long_ = false;
    os::Instant last_{};
    std::int64_t dropped_ = 0;
};

/// The bytes of a suffix by the word of its setting: none, cr, lf, crlf, tab.
std::optional<base::Bytes> suffix_from(std::string_view word);

}  // namespace tillhost::drivers::hid_pos
