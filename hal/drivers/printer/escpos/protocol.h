#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"

// What is said to a printer, command by command. Source of the bytes: Epson's ESC/POS reference,
// the pages named by the commands' own names (ESC @, GS V, GS ( k, …), and the frames that public
// libraries test against (tests/vectors/printer/escpos). No line, no clock.
namespace tillhost::drivers::escpos {

/// The longest command that is ever written: after so many bytes of any value a printer that was
/// left in the middle of one is at the beginning of the next.
inline constexpr std::size_t kCommandBytesMax = 2560;

/// ESC @: modes as at power on, the line that was begun forgotten. The receive buffer stays.
base::Bytes initialise();
/// FS .: one byte a character; Chinese models begin in a mode of two.
base::Bytes single_bytes();
/// ESC R 0: the ASCII characters where ASCII has them.
base::Bytes international_set();
/// ESC t: the printer's own number of a code page.
base::Bytes code_page(std::uint8_t number);

enum class Align : std::uint8_t { left = 0, centre = 1, right = 2 };
base::Bytes align(Align where);  ///< ESC a; only at the beginning of a line
base::Bytes bold(bool on);       ///< ESC E
base::Bytes underline(bool on);  ///< ESC -
/// GS !: times as wide and as high, each 1 to 8.
base::Bytes size(unsigned width, unsigned height);

inline constexpr std::uint8_t kLineFeed = 0x0A;
base::Bytes feed(std::uint8_t lines);  ///< ESC d
/// GS V, functions B: feeds to the knife and `dots` more, and cuts.
base::Bytes cut(bool partial, std::uint8_t dots);

/// GS v 0: rows of a picture, `row_bytes` a row, highest bit left, 1 = black.
/// Not more than kRasterRowsMax rows, and at most kRasterRowBytesMax a row.
base::Bytes raster(std::size_t row_bytes, base::ByteView rows);
inline constexpr std::size_t kRasterRowsMax = 24;
inline constexpr std::size_t kRasterRowBytesMax = 104;

/// Kinds of barcode as GS k numbers them in its function A.
enum class Bars : std::uint8_t {
    upc_a = 0,
    ean13 = 2,
    ean8 = 3,
    code39 = 4,
    itf = 5,
    codabar = 6,
    code128 = 73,  ///< function B
};
/// GS h, GS w, GS f, GS H, GS k. `data` as the command wants it; see barcode.h for its bounds.
base::Bytes bars(Bars kind, std::string_view data, std::uint8_t height, std::uint8_t module,
                 bool text_below);

enum class QrCorrection : std::uint8_t { low = 0x30, medium = 0x31 };
/// GS ( k, cn 31h: model 2, size, correction, store, print.
base::Bytes qr(std::string_view data, std::uint8_t module, QrCorrection correction);
/// GS ( k, cn 30h.
base::Bytes pdf417(std::string_view data, std::uint8_t module);

/// Pin of the drawer's socket that is pulsed.
enum class Pin : std::uint8_t { two = 0, five = 1 };
/// ESC p: in its turn behind what was sent before. Times count in 2 ms, up to 510.
base::Bytes pulse(Pin pin, unsigned on_ms, unsigned off_ms);
/// DLE DC4 1: at once, also where the printer stands still. Counts in 100 ms, 100 to 800.
base::Bytes pulse_now(Pin pin, unsigned on_ms);

/// DLE EOT n: answered at once, even with a full buffer; n 1 printer, 2 why it is off-line,
/// 3 errors, 4 paper. Written by itself, never inside of a command.
base::Bytes ask_now(std::uint8_t n);
/// GS r n: answered when everything before it has been taken in; n 1 paper, 2 drawer.
base::Bytes ask_in_turn(std::uint8_t n);
/// GS I n: 42h maker, 43h model, 44h serial number; answered by a text.
base::Bytes ask_name(std::uint8_t n);
/// GS a: tells every change by itself. ESC @ ends it.
base::Bytes tell_changes();

inline constexpr std::size_t kMarkBytes = 4;
/// GS ( H fn 48: answered with the same four characters (20h to 7Eh) when everything before it is
/// on paper. Dropped without an answer where the printer's buffers are cleared.
base::Bytes mark(std::string_view id);
/// The four characters of a running number; they come again after 78 million.
std::string mark_of(std::uint64_t number);

}  // namespace tillhost::drivers::escpos
