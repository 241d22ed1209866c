#include "sumpd/console/devices.h"

#include "ipc/client/cpp/client.h"

namespace tillhost::sumpd::console {

using base::Result;
using client::Client;

namespace {

/// Connects, and asks with what is left of the time.
template <class Ask>
auto with_devd(const std::string& endpoint, os::Clock& clock, os::Duration time, Ask ask)
    -> decltype(ask(std::declval<Client&>(), os::Deadline{})) {
    const os::Deadline deadline = clock.now() + time;
    client::ClientOptions options{.endpoint = endpoint, .name = "sumpd console"};
    const auto connected = TRY(Client::connect(std::move(options), clock, deadline));
    return ask(*connected, deadline);
}

}  // namespace

Result<std::vector<contract::Device>> DevdDevices::devices() {
    return with_devd(endpoint_, clock_, kAskTimeMax,
                     [](Client& devd, os::Deadline deadline) { return devd.devices(deadline); });
}

Result<contract::ModelsReply> DevdDevices::models(const std::string& device) {
    return with_devd(endpoint_, clock_, kAskTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.models(deadline, device);
    });
}

Result<contract::PortsReply> DevdDevices::ports(const contract::PortsRequest& request) {
    return with_devd(endpoint_, clock_, kAskTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.ports(request, deadline);
    });
}

Result<contract::DeviceSettings> DevdDevices::settings(const std::string& device) {
    return with_devd(endpoint_, clock_, kAskTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.device_settings(device, deadline);
    });
}

Result<contract::DeviceSettings> DevdDevices::add(const contract::AddDeviceRequest& request) {
    return with_devd(endpoint_, clock_, kAskTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.add_device(request, deadline);
    });
}

Result<contract::DeviceSettings> DevdDevices::configure(
    const contract::ConfigureDeviceRequest& request) {
    return with_devd(endpoint_, clock_, kAskTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.configure_device(request, deadline);
    });
}

Result<contract::DeviceSettings> DevdDevices::rename(const std::string& device,
                                                     const std::string& name) {
    return with_devd(endpoint_, clock_, kAskTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.rename_device(device, name, deadline);
    });
}

Result<contract::DeviceSettings> DevdDevices::remove(const std::string& device) {
    return with_devd(endpoint_, clock_, kAskTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.delete_device(device, deadline);
    });
}

Result<contract::CheckReply> DevdDevices::check(const std::string& device) {
    return with_devd(endpoint_, clock_, kCheckTimeMax, [&](Client& devd, os::Deadline deadline) {
        return devd.check_device(device, deadline);
    });
}

}  // namespace tillhost::sumpd::console
