#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "ipc/client/cpp/client.h"

namespace tillhost::sumpd::gateway {

/// The host of devices as the gateway needs it. For one thread. Errors: those of client::Client;
/// their effect tells whether a request may have arrived.
class DevicePort {
public:
    virtual ~DevicePort() = default;
    virtual base::Result<std::vector<contract::Device>> devices(os::Deadline deadline) = 0;
    virtual base::Result<contract::Operation> submit(const std::string& device,
                                                     const contract::Command& command,
                                                     const client::OperationOptions& options,
                                                     os::Deadline deadline) = 0;
    virtual base::Result<contract::Operation> operation(const base::OperationId& id,
                                                        const std::string& device,
                                                        os::Deadline deadline) = 0;
    virtual base::Result<contract::Operation> settle(const base::OperationId& id,
                                                     const std::string& device,
                                                     os::Deadline deadline) = 0;
    virtual base::Done acknowledge(const base::OperationId& id, const std::string& device,
                                   os::Deadline deadline) = 0;
};

/// devd of this machine. Connects at the first call, and again after a connection that was lost.
class DevdPort final : public DevicePort {
public:
    /// `endpoint`: empty = client::default_endpoint().
    DevdPort(std::string endpoint, os::Clock& clock)
        : endpoint_(std::move(endpoint)), clock_(clock) {}

    base::Result<std::vector<contract::Device>> devices(os::Deadline deadline) override;
    base::Result<contract::Operation> submit(const std::string& device,
                                             const contract::Command& command,
                                             const client::OperationOptions& options,
                                             os::Deadline deadline) override;
    base::Result<contract::Operation> operation(const base::OperationId& id,
                                                const std::string& device,
                                                os::Deadline deadline) override;
    base::Result<contract::Operation> settle(const base::OperationId& id, const std::string& device,
                                             os::Deadline deadline) override;
    base::Done acknowledge(const base::OperationId& id, const std::string& device,
                           os::Deadline deadline) override;

private:
    base::Result<client::Client*> connected(os::Deadline deadline);

    const std::string endpoint_;
    os::Clock& clock_;
    std::unique_ptr<client::Client> client_;
};

}  // namespace tillhost::sumpd::gateway
