#include "sumpd/gateway/device_port.h"

namespace tillhost::sumpd::gateway {

using base::Result;
using contract::Operation;

Result<client::Client*> DevdPort::connected(os::Deadline deadline, std::int64_t book) {
    if (!client_) {
        client::ClientOptions options{.endpoint = endpoint_, .name = "sumpd"};
        client_ = TRY(client::Client::connect(std::move(options), clock_, deadline));
    }
    client_->expect_book(book);
    return client_.get();
}

Result<std::vector<contract::Device>> DevdPort::devices(os::Deadline deadline) {
    return TRY(connected(deadline))->devices(deadline);
}

Result<std::int64_t> DevdPort::book(os::Deadline deadline) {
    client::Client* client = TRY(connected(deadline));
    // A question that touches no device: its connection may have to be made anew.
    TRY(client->devices(deadline));
    return client->hello().book;
}

Result<Operation> DevdPort::submit(const Handed& to, const contract::Command& command,
                                   const client::OperationOptions& options, os::Deadline deadline) {
    return TRY(connected(deadline, to.book))->submit(to.device, command, options, deadline);
}

Result<Operation> DevdPort::operation(const Handed& of, os::Deadline deadline) {
    return TRY(connected(deadline, of.book))->operation(of.id, deadline, of.device);
}

Result<Operation> DevdPort::settle(const Handed& of, os::Deadline deadline) {
    return TRY(connected(deadline, of.book))->settle(of.id, deadline, of.device);
}

Result<Operation> DevdPort::decide(const Handed& of, const client::Client::Decision& decision,
                                   os::Deadline deadline) {
    return TRY(connected(deadline, of.book))->decide(decision, deadline);
}

base::Done DevdPort::acknowledge(const Handed& of, os::Deadline deadline) {
    const auto told = TRY(connected(deadline, of.book))->acknowledge(of.id, deadline, of.device);
    return told ? base::Done() : base::Done(told.error());
}

}  // namespace tillhost::sumpd::gateway
