#pragma once

#include <cstdint>
#include <string>

#include "hal/base/result.h"
#include "hal/transport/address.h"

namespace tillhost::transport {

/// Sets a serial port to raw bytes, 8N1, this speed and flow control, through libserialport.
/// `real_path` is a device node, not a link (libserialport looks its name up under
/// /sys/class/tty). The port is closed again by libserialport; the settings stay while somebody
/// else has it open. Errors: port_failed, with what the library said.
base::Done configure_serial_port(const std::string& real_path, std::int64_t baud, FlowControl flow);

}  // namespace tillhost::transport
