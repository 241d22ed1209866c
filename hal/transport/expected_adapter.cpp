#include "hal/transport/expected_adapter.h"

#include <fmt/format.h>

#include <utility>

#include "hal/transport/address.h"
#include "hal/transport/follow_links.h"
#include "hal/transport/usb_adapter.h"

namespace tillhost::transport {
namespace {

using base::Done;

/// The node that the address names now, empty if it names none or that is not there.
std::string node_of(const Address& address) {
    const auto* serial = std::get_if<SerialAddress>(&address);
    const auto* hid = std::get_if<HidAddress>(&address);
    const std::string path = serial != nullptr ? serial->path : hid != nullptr ? hid->path : "";
    return path.empty() ? path : follow_links(path);
}

Done check(const std::string& node, const std::optional<UsbAdapter>& adapter,
           const std::string& expected) {
    if (expected.empty() || (adapter && is_named(*adapter, expected))) {
        return {};
    }
    std::string there = "no USB device";
    if (adapter) {
        const std::string number = by_serial(*adapter);
        there = number.empty() ? by_place(*adapter) : number;
    }
    return base::make_error(
        base::ErrorCode::wrong_device,
        fmt::format("behind {} is {}, expected {}; where it was moved or exchanged on purpose, "
                    "unset the setting adapter",
                    node, there, expected));
}

class ExpectingConnector final : public Connector {
public:
    ExpectingConnector(std::unique_ptr<Connector> connector, std::string_view address,
                       std::string expected, Behind& found)
        : connector_(std::move(connector)),
          address_(parse_address(address).value_or(Address{})),
          expected_(std::move(expected)),
          found_(found) {}

    base::Result<std::unique_ptr<Transport>> connect(os::Deadline deadline) override {
        found_ = {};
        if (const std::string node = node_of(address_); !expected_.empty() && !node.empty()) {
            TRY(check(node, adapter_behind(node), expected_));
        }
        auto line = TRY(connector_->connect(deadline));
        Behind behind{line->node()};
        if (!behind.node.empty()) {
            const auto adapter = adapter_behind(behind.node);
            TRY(check(behind.node, adapter, expected_));
            behind.adapter = adapter ? name_of(*adapter) : "";
        }
        found_ = std::move(behind);
        return line;
    }

private:
    std::unique_ptr<Connector> connector_;
    Address address_;
    std::string expected_;
    Behind& found_;
};

}  // namespace

std::unique_ptr<Connector> expect_adapter(std::unique_ptr<Connector> connector,
                                          std::string_view address, std::string expected,
                                          Behind& found) {
    return std::make_unique<ExpectingConnector>(std::move(connector), address, std::move(expected),
                                                found);
}

}  // namespace tillhost::transport
