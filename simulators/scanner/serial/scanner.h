#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hal/base/result.h"
#include "simulators/core/scanner_control.h"

namespace tillhost::simulators::scanner_serial {

struct ScannerOptions {
    std::string suffix = "\r";  ///< behind each code
    std::string prefix{};       ///< before it
    std::uint64_t seed = 1;
};

/// A scanner on a line: both faces of one object.
class ScannerSimulator : public Simulator, public ScannerControl {
public:
    ScannerControl* scanner() final { return this; }
};

/// A scanner on a serial line (README.md) behind a Wire.
std::unique_ptr<ScannerSimulator> make_scanner(const ScannerOptions& options);

/// The bytes of a suffix by its word: cr, lf, crlf, tab, etx, none. Errors: bad_field(--suffix).
base::Result<std::string> suffix_bytes(std::string_view word);

}  // namespace tillhost::simulators::scanner_serial
