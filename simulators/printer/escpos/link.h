#pragma once

#include <memory>

#include "simulators/core/frame_tracker.h"

namespace tillhost::simulators::escpos {

/// Units of the host: a command with the text before it is a frame, a real-time command that stands
/// alone is a control unit.
std::unique_ptr<FrameTracker> make_host_tracker();
/// Units of the printer: a status byte, the four bytes of an automatic status, the answer to a mark
/// and an identity are a frame each; XON and XOFF are control units.
std::unique_ptr<FrameTracker> make_printer_tracker();

}  // namespace tillhost::simulators::escpos
