#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "ipc/client/cpp/client.h"

namespace tillhost::sumpd::gateway {

/// An operation that was handed over, and to which book of devd's (HelloReply).
struct Handed {
    base::OperationId id{};
    std::string device{};
    std::int64_t book = 0;
};

/// The host of devices as the gateway needs it. For one thread. Errors: those of client::Client;
/// their effect tells whether a request may have arrived. What names a book is asked of a devd that
/// has it only, else other_book: one that has another knows nothing of what was handed over, and
/// would carry it out again.
class DevicePort {
public:
    virtual ~DevicePort() = default;
    virtual base::Result<std::vector<contract::Device>> devices(os::Deadline deadline) = 0;
    /// The book of the devd that answers now.
    virtual base::Result<std::int64_t> book(os::Deadline deadline) = 0;
    /// `to.id` is options.operation_id.
    virtual base::Result<contract::Operation> submit(const Handed& to,
                                                     const contract::Command& command,
                                                     const client::OperationOptions& options,
                                                     os::Deadline deadline) = 0;
    virtual base::Result<contract::Operation> operation(const Handed& of,
                                                        os::Deadline deadline) = 0;
    virtual base::Result<contract::Operation> settle(const Handed& of, os::Deadline deadline) = 0;
    /// A person's word about an operation in doubt; `decision` names it, too.
    virtual base::Result<contract::Operation> decide(const Handed& of,
                                                     const client::Client::Decision& decision,
                                                     os::Deadline deadline) = 0;
    virtual base::Done acknowledge(const Handed& of, os::Deadline deadline) = 0;
};

/// devd of this machine. Connects at the first call, and again after a connection that was lost.
class DevdPort final : public DevicePort {
public:
    /// `endpoint`: empty = client::default_endpoint().
    DevdPort(std::string endpoint, os::Clock& clock)
        : endpoint_(std::move(endpoint)), clock_(clock) {}

    base::Result<std::vector<contract::Device>> devices(os::Deadline deadline) override;
    base::Result<std::int64_t> book(os::Deadline deadline) override;
    base::Result<contract::Operation> submit(const Handed& to, const contract::Command& command,
                                             const client::OperationOptions& options,
                                             os::Deadline deadline) override;
    base::Result<contract::Operation> operation(const Handed& of, os::Deadline deadline) override;
    base::Result<contract::Operation> settle(const Handed& of, os::Deadline deadline) override;
    base::Result<contract::Operation> decide(const Handed& of,
                                             const client::Client::Decision& decision,
                                             os::Deadline deadline) override;
    base::Done acknowledge(const Handed& of, os::Deadline deadline) override;

private:
    /// `book`: which one must answer; 0: any.
    base::Result<client::Client*> connected(os::Deadline deadline, std::int64_t book = 0);

    const std::string endpoint_;
    os::Clock& clock_;
    std::unique_ptr<client::Client> client_;
};

}  // namespace tillhost::sumpd::gateway
