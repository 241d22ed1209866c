#include "hal/transport/connector.h"

namespace tillhost::transport {

base::Result<std::unique_ptr<Connector>> make_connector(std::string_view address,
                                                        const os::Clock& clock, int cancel_fd) {
    struct Maker {
        std::unique_ptr<Connector> operator()(SerialAddress& serial) const {
            return make_serial(std::move(serial), clock, cancel_fd);
        }
        std::unique_ptr<Connector> operator()(PtyAddress& pty) const {
            return make_pty(std::move(pty), clock, cancel_fd);
        }
        std::unique_ptr<Connector> operator()(TcpAddress& tcp) const {
            return make_tcp(std::move(tcp), clock, cancel_fd);
        }
        std::unique_ptr<Connector> operator()(HidAddress& hid) const {
            return make_usb_hid(std::move(hid), clock, cancel_fd);
        }
        std::unique_ptr<Connector> operator()(UsbAddress& usb) const {
            return make_usb_bulk(std::move(usb), clock, cancel_fd);
        }
        const os::Clock& clock;
        int cancel_fd;
    };
    Address parsed = TRY(parse_address(address));
    if (const auto* tcp = std::get_if<TcpAddress>(&parsed); tcp != nullptr && tcp->port == 0) {
        return base::bad_field("port.number", "tcp:ADDRESS:PORT, a number from 1 to 65535");
    }
    return std::visit(Maker{clock, cancel_fd}, parsed);
}

}  // namespace tillhost::transport
