#include "hal/transport/expected_adapter.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "hal/transport/address.h"
#include "hal/transport/follow_links.h"
#include "hal/transport/usb_adapter.h"

namespace tillhost::transport {
namespace {

using base::Done;
using base::Result;

constexpr std::string_view kOnPurpose =
    "where it was moved or exchanged on purpose, unset the setting adapter";

/// The node that the address names now, empty if it names none or that is not there.
std::string node_of(const Address& address) {
    const auto* serial = std::get_if<SerialAddress>(&address);
    const auto* hid = std::get_if<HidAddress>(&address);
    const std::string path = serial != nullptr ? serial->path : hid != nullptr ? hid->path : "";
    return path.empty() ? path : follow_links(path);
}

std::string best_name(const UsbAdapter& adapter) {
    const std::string number = by_serial(adapter);
    return number.empty() ? by_place(adapter) : number;
}

base::Error shared_number(std::string_view expected) {
    return base::make_error(
        base::ErrorCode::wrong_device,
        fmt::format("several USB devices that are plugged in have the number {}: unplug the "
                    "others, or unset the setting adapter and test the connection again, which "
                    "remembers the place",
                    expected));
}

Done check(const std::string& node, const std::optional<UsbAdapter>& adapter,
           const std::string& expected) {
    if (expected.empty() || (adapter && is_named(*adapter, expected))) {
        return {};
    }
    if (adapter && expected == by_serial(*adapter)) {
        return shared_number(expected);
    }
    return base::make_error(
        base::ErrorCode::wrong_device,
        fmt::format("behind {} is {}, expected {}; {}", node,
                    adapter ? best_name(*adapter) : "no USB device", expected, kOnPurpose));
}

/// The address of the expected one among those of a kind. Errors: wrong_device: others are there.
template <class UsbDevice>
Result<std::string> choose(UsbDevice address, const std::string& expected) {
    std::vector<PluggedIn> all = plugged_in();
    std::erase_if(all, [&](const PluggedIn& one) { return !is_meant(address, one.adapter); });
    if (all.empty()) {
        return to_text(Address(address));  // the connector says so
    }
    const auto is_it = [&expected](const PluggedIn& one) {
        return names_device(expected, one.adapter);
    };
    const auto found = std::find_if(all.begin(), all.end(), is_it);
    if (found == all.end()) {
        return base::make_error(base::ErrorCode::wrong_device,
                                fmt::format("{} is {}, expected {}; {}", to_text(Address(address)),
                                            best_name(all.front().adapter), expected, kOnPurpose));
    }
    if (std::count_if(all.begin(), all.end(), is_it) > 1) {
        return shared_number(expected);
    }
    if (found->adapter.place.empty()) {
        address.serial = found->adapter.serial;
    } else {
        address.serial.clear();
        address.place = found->adapter.place;
    }
    return to_text(Address(address));
}

class ExpectingConnector final : public Connector {
public:
    ExpectingConnector(MakeConnector make, std::unique_ptr<Connector> connector,
                       std::string address, std::string expected, Behind& found)
        : make_(std::move(make)),
          connector_(std::move(connector)),
          text_(std::move(address)),
          address_(parse_address(text_).value_or(Address{})),
          expected_(std::move(expected)),
          found_(found) {}

    Result<std::unique_ptr<Transport>> connect(os::Deadline deadline) override {
        found_ = {};
        if (const std::string node = node_of(address_); !expected_.empty() && !node.empty()) {
            TRY(check(node, adapter_behind(node), expected_));
        }
        auto line = TRY(connect_chosen(deadline));
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
    Result<std::unique_ptr<Transport>> connect_chosen(os::Deadline deadline) {
        const auto* usb = std::get_if<UsbAddress>(&address_);
        const auto* hid = std::get_if<HidAddress>(&address_);
        const bool by_ids = usb != nullptr || (hid != nullptr && hid->path.empty());
        if (expected_.empty() || !by_ids) {
            return connector_->connect(deadline);
        }
        const std::string chosen =
            TRY(usb != nullptr ? choose(*usb, expected_) : choose(*hid, expected_));
        return TRY(make_(chosen))->connect(deadline);
    }

    MakeConnector make_;
    std::unique_ptr<Connector> connector_;
    std::string text_;
    Address address_;
    std::string expected_;
    Behind& found_;
};

}  // namespace

Result<std::unique_ptr<Connector>> expect_adapter(MakeConnector make, std::string address,
                                                  std::string expected, Behind& found) {
    auto connector = TRY(make(address));
    return std::unique_ptr<Connector>(std::make_unique<ExpectingConnector>(
        std::move(make), std::move(connector), std::move(address), std::move(expected), found));
}

}  // namespace tillhost::transport
