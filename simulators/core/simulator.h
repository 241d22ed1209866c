#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "simulators/core/fault.h"
#include "simulators/core/line_device.h"
#include "simulators/core/line_meter.h"

namespace tillhost::simulators {

class FiscalControl;
class PrinterControl;
class ScannerControl;
class TerminalControl;
class TokenControl;

/// How often a command came, and how often it was carried out.
struct CommandCount {
    std::uint64_t taken = 0;
    std::uint64_t done = 0;
};

/// A simulated device with what every class of device has: a line, paper, commands, faults. What
/// only its class has stands in fiscal(), terminal(), scanner(), printer() or token().
class Simulator : public LineDevice {
public:
    /// The paper so far, oldest line first, UTF-8.
    virtual const std::vector<std::string>& tape() const = 0;
    /// How many commands of that code the device took so far, and how many of them it has carried
    /// out; 0 counts all. The code is the family's (0x10, 0xFF45). Zero where nobody counts.
    virtual CommandCount commands(std::uint16_t /*code*/) const { return {}; }
    /// How the line was used since the start or the last meter_anew(). Zero where nobody measures.
    virtual LineFigures line() const { return {}; }
    virtual void meter_anew(os::Instant /*now*/) {}
    /// Arms a fault or does at once what it says. `now` as for LineDevice. Errors: not_supported
    /// (this family has nothing of that kind), retry_later (kArmedFaultsMax wait already),
    /// wrong_state (shift_expired without an open shift).
    virtual base::Done inject(const Fault& fault, os::Instant now) = 0;

    /// The registrar's back door, or nullptr where this is none.
    virtual const FiscalControl* fiscal() const { return nullptr; }
    /// The card terminal's, or nullptr.
    virtual const TerminalControl* terminal() const { return nullptr; }
    /// The scanner's, or nullptr.
    virtual ScannerControl* scanner() { return nullptr; }
    /// The receipt printer's, or nullptr.
    virtual const PrinterControl* printer() const { return nullptr; }
    /// The security token's, or nullptr.
    virtual const TokenControl* token() const { return nullptr; }
};

}  // namespace tillhost::simulators
