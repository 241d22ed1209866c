#include "devd/host/catalogue.h"

#include <fmt/format.h>

#include <cerrno>
#include <variant>

#include "hal/os/descriptor.h"
#include "hal/transport/ports.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/messages.h"
#include "ipc/json.h"

namespace tillhost::devd::host {
namespace {

using contract::PortReason;
using contract::PortState;

void tell_obstacle(const transport::FoundPort& found, contract::Port& port) {
    port.state = PortState::unavailable;
    const std::string why = os::errno_text(found.obstacle);
    if (found.obstacle == ENOENT || found.obstacle == ENOTDIR || found.obstacle == ELOOP) {
        port.reason = PortReason::absent;
        port.text = fmt::format("{}; check cable and power", why);
    } else if (found.obstacle == EACCES || found.obstacle == EPERM) {
        port.reason = PortReason::denied;
        port.text = fmt::format("{}; devd's user must be in the group of the device node", why);
    } else {
        port.reason = PortReason::failed;
        port.text = why;
    }
}

contract::UsbAdapter adapter_of(const transport::UsbAdapter& found) {
    contract::UsbAdapter adapter;
    adapter.vendor = found.vendor;
    adapter.product = found.product;
    adapter.serial = found.serial;
    adapter.maker = found.maker;
    adapter.name = found.name;
    adapter.place = found.place;
    adapter.interface = found.interface;
    adapter.channel = found.channel;
    return adapter;
}

contract::Port port_of(const transport::FoundPort& found) {
    contract::Port port;
    port.address = transport::to_text(found.address);
    port.by_id = found.by_id;
    port.state = PortState::available;
    port.holder_pid = found.holder_pid;
    port.holder = found.holder;
    port.stable = found.stable;
    if (found.adapter) {
        port.adapter = adapter_of(*found.adapter);
    }
    if (found.obstacle != 0) {
        tell_obstacle(found, port);
    } else if (found.holder_pid != 0 &&
               !std::holds_alternative<transport::PtyAddress>(found.address)) {
        // Who plays a device on a pseudo-terminal keeps its other side open too: no obstacle.
        port.state = PortState::unavailable;
        port.reason = PortReason::busy;
        port.text = fmt::format("process {} ({}) has it open", found.holder_pid, found.holder);
    }
    return port;
}

}  // namespace

base::Result<std::string> ports_json(const std::string& address) {
    contract::PortsReply reply;
    if (address.empty()) {
        for (const transport::FoundPort& found : transport::list_serial_ports()) {
            reply.ports.push_back(port_of(found));
        }
        for (const transport::FoundPort& found : transport::list_hid_ports()) {
            reply.ports.push_back(port_of(found));
        }
        for (const transport::FoundPort& found : transport::list_usb_printers()) {
            reply.ports.push_back(port_of(found));
        }
    } else {
        reply.ports.push_back(port_of(transport::look_at(TRY(transport::parse_address(address)))));
    }
    return ipc::to_json(contract::to_value(reply, contract::Style::readable), -1) + "\n";
}

}  // namespace tillhost::devd::host
