// Claim: no bytes of a host break the simulated printer, whatever its model, and no part of it
// grows past its bound. Shown by any bytes in pieces, with pauses, faults and power cuts between.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simulators/printer/escpos/memory.h"
#include "simulators/printer/escpos/printer.h"

namespace escpos = tillhost::simulators::escpos;
namespace base = tillhost::base;
namespace os = tillhost::os;
using tillhost::simulators::FaultKind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kPieceBytesMax = 64, kBufferBytes = 100;
    constexpr std::array kFaults{FaultKind::paper_out,  FaultKind::paper_in,
                                 FaultKind::cutter_jam, FaultKind::clear,
                                 FaultKind::cover_open, FaultKind::cover_closed,
                                 FaultKind::head_hot,   FaultKind::feed_button};
    const base::ByteView input = std::as_bytes(std::span(data, size));
    if (const auto mechanics = escpos::decode_mechanics(input)) {
        if (escpos::decode_mechanics(escpos::encode_mechanics(*mechanics)) != mechanics) {
            std::abort();
        }
    }
    base::ByteReader reader(input);
    const unsigned kind = reader.u8();
    const auto printer =
        escpos::make_escpos_printer({.model = static_cast<escpos::Model>(kind & 3U),
                                     .buffer_bytes = kBufferBytes,
                                     .flow = static_cast<escpos::Flow>((kind >> 2U) % 3),
                                     .old_interface = (kind & 0x80U) != 0});
    os::Instant now{};
    while (reader.left() != 0) {
        const unsigned head = reader.u8();
        (*printer)->receive(
            reader.take(std::min<std::size_t>(head % kPieceBytesMax, reader.left())), now);
        now += std::chrono::milliseconds((head & 0x40U) != 0 ? 300 : 1);
        (*printer)->advance(now);
        if ((head & 0x80U) != 0) {
            const FaultKind fault = kFaults[head % kFaults.size()];
            static_cast<void>((*printer)->inject({.kind = fault, .ms = 50}, now));
        }
        if (head == 0xFF) {
            (*printer)->power(!(*printer)->powered(), now);
        }
        (*printer)->take_output();
        if ((*printer)->printer_state().buffered_bytes > kBufferBytes) {
            std::abort();
        }
    }
    return 0;
}
