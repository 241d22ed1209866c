#pragma once

#include <string_view>

#include "hal/base/bytes.h"

namespace tillhost::drivers::escpos {

/// One command, or a run of text, at the beginning of what is sent to a printer.
struct HostCommand {
    std::size_t length = 0;     ///< 0: more bytes are needed
    std::string_view name{};    ///< of commands.def; "text"; "junk": a byte that begins nothing
    std::size_t data_from = 0;  ///< text, barcodes and pictures: from there to its end
};

/// Reads it. Total; `bytes` is not empty.
HostCommand find_command(base::ByteView bytes);

}  // namespace tillhost::drivers::escpos
