#pragma once

#include <string>

#include "hal/base/bytes.h"
#include "simulators/printer/escpos/command.h"

namespace tillhost::simulators::escpos {

/// The line that stands on the paper for a barcode of GS k: "[EAN13 4006381333931]". One that a
/// printer would refuse, for its characters, its length or its check digit, or for a missing "{A",
/// "{B", "{C" of CODE128, stands as "[not printed: EAN13 123]". An unknown kind is "[not printed:
/// barcode 99 ...]".
std::string barcode_line(const Command& command);

/// Two-dimensional codes: GS ( k keeps their data, and prints.
class SymbolStore final {
public:
    /// What a command of the group prints, as "[QR 1234]" or "[PDF417 1234]"; empty where it only
    /// sets something. Without data nothing is printed.
    std::string take(const Command& command);
    void clear();

private:
    base::Bytes qr_;
    base::Bytes pdf417_;
};

/// Data of a code in words: UTF-8 where it is, other bytes and controls as \xHH.
std::string readable(base::ByteView data);

}  // namespace tillhost::simulators::escpos
