#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::sumpd::console {

/// How long a page waits for devd, and a connection check.
inline constexpr os::Duration kAskTimeMax = std::chrono::seconds(5);
inline constexpr os::Duration kCheckTimeMax = std::chrono::seconds(25);

/// The host of devices as the console needs it: its administrator's requests (docs/ipc/admin.md).
/// Any thread; each call blocks for kAskTimeMax at most. Errors: devd's own; no_daemon;
/// deadline_passed and link_lost with effect unknown.
class Devices {
public:
    virtual ~Devices() = default;
    virtual base::Result<std::vector<contract::Device>> devices() = 0;
    /// `device`: of another host's device, that host's catalogue; empty = this host's.
    virtual base::Result<contract::ModelsReply> models(const std::string& device) = 0;
    virtual base::Result<contract::PortsReply> ports(const contract::PortsRequest& request) = 0;
    virtual base::Result<contract::DeviceSettings> settings(const std::string& device) = 0;
    virtual base::Result<contract::DeviceSettings> add(
        const contract::AddDeviceRequest& request) = 0;
    virtual base::Result<contract::DeviceSettings> configure(
        const contract::ConfigureDeviceRequest& request) = 0;
    virtual base::Result<contract::DeviceSettings> rename(const std::string& device,
                                                          const std::string& name) = 0;
    virtual base::Result<contract::DeviceSettings> remove(const std::string& device) = 0;
    /// Blocks for kCheckTimeMax at most.
    virtual base::Result<contract::CheckReply> check(const std::string& device) = 0;
};

/// devd of this machine, one connection a call: a page is a rare thing.
class DevdDevices final : public Devices {
public:
    /// `endpoint`: empty = client::default_endpoint(). The clock outlives it.
    DevdDevices(std::string endpoint, os::Clock& clock)
        : endpoint_(std::move(endpoint)), clock_(clock) {}

    base::Result<std::vector<contract::Device>> devices() override;
    base::Result<contract::ModelsReply> models(const std::string& device) override;
    base::Result<contract::PortsReply> ports(const contract::PortsRequest& request) override;
    base::Result<contract::DeviceSettings> settings(const std::string& device) override;
    base::Result<contract::DeviceSettings> add(const contract::AddDeviceRequest& request) override;
    base::Result<contract::DeviceSettings> configure(
        const contract::ConfigureDeviceRequest& request) override;
    base::Result<contract::DeviceSettings> rename(const std::string& device,
                                                  const std::string& name) override;
    base::Result<contract::DeviceSettings> remove(const std::string& device) override;
    base::Result<contract::CheckReply> check(const std::string& device) override;

private:
    const std::string endpoint_;
    os::Clock& clock_;
};

}  // namespace tillhost::sumpd::console
