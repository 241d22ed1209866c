#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "hal/transport/transport.h"

namespace tillhost::transport {

/// What a line was found behind when it was opened last.
struct Behind {
    std::string node{};     ///< Transport::node()
    std::string adapter{};  ///< name_of() the USB device behind it (usb_adapter.h); empty: none
};

/// A connector for an address (make_connector, and what is put around it).
using MakeConnector =
    std::function<base::Result<std::unique_ptr<Connector>>(const std::string& address)>;

/// A connector that lets no other USB device behind the line than the one of this name (by_serial
/// or by_place, usb_adapter.h); empty: any, or none. A foreign device is not touched: where the
/// address names a node that is looked at before it is opened; where it names a kind of device
/// (hid:VENDOR:PRODUCT, usb:…) the one of this name is chosen among those that are plugged in. It
/// is looked at once more when it is open, because the name may have gone to another one meanwhile
/// (an open node keeps its name). Notes in `found`, which outlives it, what each line was opened
/// behind.
///
/// Errors, here: those of `make`. Errors of connect() beside those of the connector: wrong_device,
/// saying which one is there, or that several have this serial number.
base::Result<std::unique_ptr<Connector>> expect_adapter(MakeConnector make, std::string address,
                                                        std::string expected, Behind& found);

}  // namespace tillhost::transport
