#include "sumpd/gateway/device_port.h"

namespace tillhost::sumpd::gateway {

using base::Result;
using contract::Operation;

Result<client::Client*> DevdPort::connected(os::Deadline deadline) {
    if (!client_) {
        client::ClientOptions options{.endpoint = endpoint_, .name = "sumpd"};
        client_ = TRY(client::Client::connect(std::move(options), clock_, deadline));
    }
    return client_.get();
}

Result<std::vector<contract::Device>> DevdPort::devices(os::Deadline deadline) {
    return TRY(connected(deadline))->devices(deadline);
}

Result<Operation> DevdPort::submit(const std::string& device, const contract::Command& command,
                                   const client::OperationOptions& options, os::Deadline deadline) {
    return TRY(connected(deadline))->submit(device, command, options, deadline);
}

Result<Operation> DevdPort::operation(const base::OperationId& id, const std::string& device,
                                      os::Deadline deadline) {
    return TRY(connected(deadline))->operation(id, deadline, device);
}

Result<Operation> DevdPort::settle(const base::OperationId& id, const std::string& device,
                                   os::Deadline deadline) {
    return TRY(connected(deadline))->settle(id, deadline, device);
}

base::Done DevdPort::acknowledge(const base::OperationId& id, const std::string& device,
                                 os::Deadline deadline) {
    const auto told = TRY(connected(deadline))->acknowledge(id, deadline, device);
    return told ? base::Done() : base::Done(told.error());
}

}  // namespace tillhost::sumpd::gateway
