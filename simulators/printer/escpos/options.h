#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "hal/os/clock.h"
#include "simulators/core/fiscal_store.h"

namespace tillhost::simulators::escpos {

/// What a family of models does otherwise than the others.
enum class Model : std::uint8_t {
    full,     ///< everything of README.md
    no_mark,  ///< knows no GS ( H: nothing tells that the paper came out
    clone,    ///< neither GS ( H nor GS a, status bytes without their fixed bits, begins in Chinese
    mute,     ///< a cable or an interface without a way back: never says a byte
};

/// How the printer holds its host back when the receive buffer is full.
enum class Flow : std::uint8_t {
    line,      ///< by the line itself: a TCP window, DTR. LineDevice::room()
    xon_xoff,  ///< by bytes 13h and 11h; what comes nevertheless is lost
    none,      ///< not at all; what comes is lost
};

/// Receive buffers that a printer may have, in bytes.
inline constexpr std::size_t kBufferBytesMin = 45;
inline constexpr std::size_t kBufferBytesMax = 1024UL * 1024;
/// Widths of the paper in characters of font A, twelve dots each.
inline constexpr int kColumnsMin = 32;
inline constexpr int kColumnsMax = 48;

struct EscposOptions {
    Model model = Model::full;
    std::string serial = "J5PF001234";
    std::uint64_t seed = 1;
    int columns = 42;
    os::Duration line_time = std::chrono::milliseconds(5);  ///< one line of text
    std::size_t buffer_bytes = 4096;
    Flow flow = Flow::line;
    /// Code pages that stand under other numbers than usual: number of ESC t, code page ("866").
    std::map<std::uint8_t, std::string> pages{};
    int drawer_pin = 2;  ///< at which a drawer hangs: 2 or 5
    bool drawer_open_high =
        true;                    ///< pin 3 is high while the drawer is open, else while it is shut
    bool old_interface = false;  ///< real-time commands are found inside pictures and codes too
    std::shared_ptr<FiscalStore> store{};  ///< the paper's; a new one in memory if null
};

}  // namespace tillhost::simulators::escpos
