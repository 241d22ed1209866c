#include "hal/drivers/printer/escpos/protocol.h"

#include <algorithm>
#include <initializer_list>

#include "hal/base/invariant.h"

namespace tillhost::drivers::escpos {
namespace {

using base::Bytes;
using base::ByteWriter;

constexpr unsigned kEsc = 0x1B;
constexpr unsigned kFs = 0x1C;
constexpr unsigned kGs = 0x1D;
constexpr unsigned kDle = 0x10;

Bytes of(std::initializer_list<unsigned> values) {
    Bytes bytes;
    for (const unsigned value : values) {
        bytes.push_back(base::byte(value));
    }
    return bytes;
}

/// GS ( k pL pH cn fn data.
void put_two_dimensional(ByteWriter& to, unsigned kind, unsigned function,
                         std::initializer_list<unsigned> parameters, std::string_view data = {}) {
    constexpr unsigned kHead = 2;
    to.u8(kGs).u8('(').u8('k');
    to.u16_le(kHead + parameters.size() + data.size()).u8(kind).u8(function);
    to.raw(of(parameters)).raw(base::bytes_of(data));
}

}  // namespace

Bytes initialise() { return of({kEsc, '@'}); }
Bytes single_bytes() { return of({kFs, '.'}); }
Bytes international_set() { return of({kEsc, 'R', 0}); }
Bytes code_page(std::uint8_t number) { return of({kEsc, 't', number}); }
Bytes align(Align where) { return of({kEsc, 'a', static_cast<unsigned>(where)}); }
Bytes bold(bool on) { return of({kEsc, 'E', on ? 1U : 0U}); }
Bytes underline(bool on) { return of({kEsc, '-', on ? 1U : 0U}); }
Bytes size(unsigned width, unsigned height) {
    return of({kGs, '!', (width - 1) << 4 | (height - 1)});
}
Bytes feed(std::uint8_t lines) { return of({kEsc, 'd', lines}); }
Bytes cut(bool partial, std::uint8_t dots) { return of({kGs, 'V', partial ? 0x42U : 0x41U, dots}); }

Bytes raster(std::size_t row_bytes, base::ByteView rows) {
    INVARIANT(row_bytes > 0 && row_bytes <= kRasterRowBytesMax && rows.size() % row_bytes == 0);
    const std::size_t count = rows.size() / row_bytes;
    INVARIANT(count <= kRasterRowsMax);
    ByteWriter to;
    to.u8(kGs).u8('v').u8('0').u8(0).u16_le(row_bytes).u16_le(count).raw(rows);
    return to.take();
}

Bytes bars(Bars kind, std::string_view data, std::uint8_t height, std::uint8_t module,
           bool text_below) {
    ByteWriter to;
    to.u8(kGs).u8('h').u8(height).u8(kGs).u8('w').u8(module);
    to.u8(kGs).u8('f').u8(0).u8(kGs).u8('H').u8(text_below ? 2 : 0);
    to.u8(kGs).u8('k').u8(static_cast<unsigned>(kind));
    if (kind == Bars::code128) {
        to.u8(data.size()).raw(base::bytes_of(data));
    } else {
        to.raw(base::bytes_of(data)).u8(0);
    }
    return to.take();
}

Bytes qr(std::string_view data, std::uint8_t module, QrCorrection correction) {
    constexpr unsigned kQr = 0x31;
    ByteWriter to;
    put_two_dimensional(to, kQr, 0x41, {0x32, 0});
    put_two_dimensional(to, kQr, 0x43, {module});
    put_two_dimensional(to, kQr, 0x45, {static_cast<unsigned>(correction)});
    put_two_dimensional(to, kQr, 0x50, {0x30}, data);
    put_two_dimensional(to, kQr, 0x51, {0x30});
    return to.take();
}

Bytes pdf417(std::string_view data, std::uint8_t module) {
    constexpr unsigned kPdf417 = 0x30;
    ByteWriter to;
    put_two_dimensional(to, kPdf417, 0x46, {0});
    put_two_dimensional(to, kPdf417, 0x43, {module});
    put_two_dimensional(to, kPdf417, 0x50, {0x30}, data);
    put_two_dimensional(to, kPdf417, 0x51, {0x30});
    return to.take();
}

Bytes pulse(Pin pin, unsigned on_ms, unsigned off_ms) {
    constexpr unsigned kUnitMs = 2;
    return of({kEsc, 'p', static_cast<unsigned>(pin), on_ms / kUnitMs, off_ms / kUnitMs});
}

Bytes pulse_now(Pin pin, unsigned on_ms) {
    constexpr unsigned kUnitMs = 100;
    const unsigned units = std::clamp((on_ms + kUnitMs - 1) / kUnitMs, 1U, 8U);
    return of({kDle, 0x14, 1, static_cast<unsigned>(pin), units});
}

Bytes ask_now(std::uint8_t n) { return of({kDle, 0x04, n}); }
Bytes ask_in_turn(std::uint8_t n) { return of({kGs, 'r', n}); }
Bytes ask_name(std::uint8_t n) { return of({kGs, 'I', n}); }
Bytes tell_changes() {
    constexpr unsigned kDrawerOnlineErrorPaper = 0x0F;
    return of({kGs, 'a', kDrawerOnlineErrorPaper});
}

Bytes mark(std::string_view id) {
    INVARIANT(id.size() == kMarkBytes);
    ByteWriter to;
    to.u8(kGs).u8('(').u8('H').u16_le(2 + kMarkBytes).u8(0x30).u8(0x30).raw(base::bytes_of(id));
    return to.take();
}

std::string mark_of(std::uint64_t number) {
    constexpr std::uint64_t kFirst = 0x21;
    constexpr std::uint64_t kCharacters = 0x7E - kFirst + 1;
    std::string id(kMarkBytes, ' ');
    for (std::size_t i = kMarkBytes; i-- > 0; number /= kCharacters) {
        id[i] = static_cast<char>(kFirst + number % kCharacters);
    }
    return id;
}

}  // namespace tillhost::drivers::escpos
