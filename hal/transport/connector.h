#pragma once

#include <memory>
#include <string_view>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/transport/address.h"
#include "hal/transport/transport.h"

namespace tillhost::transport {

/// A connector for the address text (transport/address.h). Opens nothing yet. The clock, and the
/// descriptor that cancels every wait when readable (-1 = none), outlive the connector and its
/// transports. Errors: bad_field.
base::Result<std::unique_ptr<Connector>> make_connector(std::string_view address,
                                                        const os::Clock& clock, int cancel_fd = -1);

// The kinds of line. Each connect() follows the path anew, takes the line's lock, throws away
// what an earlier owner left in its queues, and closes on exec.

/// A serial port through a tty of the kernel. Held by flock and TIOCEXCL; port_busy names the
/// process that has it, where /proc shows it.
std::unique_ptr<Connector> make_serial(SerialAddress address, const os::Clock& clock,
                                       int cancel_fd);
/// The terminal side of a pseudo-terminal: a simulator, or a port carried over the network by
/// another program. Held by flock.
std::unique_ptr<Connector> make_pty(PtyAddress address, const os::Clock& clock, int cancel_fd);
/// A TCP connection without delay of small frames. Unsent bytes are thrown away when the owner
/// ends, so that a dead process cannot speak later. A peer that vanished without a word is
/// link_lost 10 s after bytes were sent to it, or 19 s after the last of an idle line. One that
/// ends the connection before it said anything is port_busy: such devices serve one client.
std::unique_ptr<Connector> make_tcp(TcpAddress address, const os::Clock& clock, int cancel_fd);
/// A USB HID device: one report a read, the report's id its first byte where the device numbers
/// them. Held by flock. port_failed also where several devices fit the address.
std::unique_ptr<Connector> make_usb_hid(HidAddress address, const os::Clock& clock, int cancel_fd);
/// A USB device by its bulk endpoints: the interface of the class printers, else one of the maker's
/// own. A driver of the kernel (usblp) is put off for as long as the line is open, and other
/// programs are kept out by the kernel: port_busy. One without a way back never has anything to
/// read. A stall of its way back is taken back; one that stalls what it is sent is link_lost, and
/// takes data again when it is opened anew. port_failed also where several devices fit the
/// address.
std::unique_ptr<Connector> make_usb_bulk(UsbAddress address, const os::Clock& clock, int cancel_fd);

}  // namespace tillhost::transport
