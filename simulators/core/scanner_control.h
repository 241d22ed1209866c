#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "hal/base/bytes.h"
#include "simulators/core/simulator.h"

namespace tillhost::simulators {

/// Longest code that a simulated scanner reads.
inline constexpr std::size_t kScanBytesMax = 8192;

/// Somebody holds a barcode before the scanner, and what goes wrong as it is told.
struct BarcodeRead {
    base::Bytes code{};
    std::string aim{};            ///< "]d2"; empty: the scanner does not say
    base::Bytes glue{};           ///< a second code, without a pause behind the first; empty: none
    std::int64_t dribble_ms = 0;  ///< pause before each byte but the first
    std::int64_t half = 0;   ///< only so many bytes leave, then the scanner loses its power; 0: all
    bool suffix = true;      ///< false: it is left out
    bool separators = true;  ///< false: group separators (1D) are lost, as in a keyboard wedge
    base::Bytes noise{};     ///< foreign bytes before the code
    std::string reply{};     ///< what the scanner's menu answers before the code: "REVINF"
};

/// What stands on the scanner.
struct ScannerState {
    bool powered = true;
    std::uint64_t reads = 0;
    std::uint64_t bytes = 0;  ///< that left
    std::uint64_t faults_fired = 0;
};

/// The back door to a simulated scanner.
class ScannerControl {
public:
    virtual ~ScannerControl() = default;
    /// Errors: wrong_state (it has no power), bad_field (no code, or too long), retry_later (the
    /// line is full).
    virtual base::Done read_barcode(const BarcodeRead& read, os::Instant now) = 0;
    virtual ScannerState scanner_state() const = 0;
};

/// A read in words, as `devsim ctl ENDPOINT scan CODE [k=v…]` takes it. In CODE \xHH is a byte and
/// \\ a backslash; "hex:30 31" are the bytes themselves. Keys: aim, glue, dribble_ms, half, suffix
/// (yes, no), gs (kept, lost), noise (as CODE), reply. Errors: bad_field(code), bad_field(<key>).
base::Result<BarcodeRead> parse_barcode_read(
    std::string_view code, std::span<const std::pair<std::string, std::string>> keys);

/// The keys, for --help.
std::string barcode_read_help();

}  // namespace tillhost::simulators
