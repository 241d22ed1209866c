#pragma once

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

/// A connector that lets no other USB device behind the line than the one of this name (by_serial
/// or by_place, usb_adapter.h); empty: any, or none. Where the address names a node it is looked at
/// before it is opened, so that a foreign device is not touched; then once more, because the name
/// may have gone to another one meanwhile (an open node keeps its name). Notes in `found`, which
/// outlives it, what each line was opened behind.
/// Errors beside those of the connector: wrong_device, saying which one is there.
std::unique_ptr<Connector> expect_adapter(std::unique_ptr<Connector> connector,
                                          std::string_view address, std::string expected,
                                          Behind& found);

}  // namespace tillhost::transport
