#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "simulators/core/simulator.h"

namespace tillhost::simulators {

/// Pulses that are told one by one; older ones are only counted.
inline constexpr std::size_t kPulsesKeptMax = 1000;

/// One pulse at the drawer's plug.
struct DrawerPulse {
    int pin = 2;  ///< 2 or 5
    std::int64_t on_ms = 0;
    std::int64_t off_ms = 0;  ///< 0 of a real-time pulse, which names none
    bool real_time = false;
    bool operator==(const DrawerPulse&) const = default;
};

/// Where a receipt printer stands, for people and for tests.
struct PrinterState {
    std::string model;
    bool powered = true;
    bool online = true;
    bool cover_open = false;
    std::string paper = "ok";    ///< ok, low, out
    std::string error = "none";  ///< none, cutter, head_hot, dead
    bool drawer_open = false;
    std::array<std::uint64_t, 2> pulses{};  ///< at pin 2, at pin 5
    std::uint64_t pulses_ignored = 0;       ///< they came while one was running
    std::uint64_t printed_lines = 0;        ///< blank ones and those of pictures too
    std::uint64_t cuts = 0;
    std::uint64_t marks_answered = 0;  ///< completion marks
    std::uint64_t unknown_commands = 0;
    std::uint64_t lost_bytes = 0;  ///< they came while the receive buffer was full
    std::uint64_t buffered_bytes = 0;
    std::uint64_t display_bytes = 0;  ///< passed on to a customer display
    std::uint64_t faults_fired = 0;
    std::string failure;  ///< why the simulator gave up (its memory cannot be written), else empty
};

/// The back door to a simulated receipt printer. Not reachable by the printer's own line.
class PrinterControl {
public:
    virtual ~PrinterControl() = default;
    virtual PrinterState printer_state() const = 0;
    /// Pulses since the power came on, oldest first, at most kPulsesKeptMax.
    virtual const std::vector<DrawerPulse>& pulses() const = 0;
};

/// A receipt printer on a line: both faces of one object.
class PrinterSimulator : public Simulator, public PrinterControl {
public:
    const PrinterControl* printer() const final { return this; }
};

}  // namespace tillhost::simulators
