#include <utility>

#include "ipc/client/cpp/connection.h"
#include "ipc/contract/decoder.h"
#include "ipc/host_file.h"
#include "ipc/zmq_client.h"

namespace tillhost::client {
namespace {

class ZmqConnection final : public Connection {
public:
    explicit ZmqConnection(std::unique_ptr<ipc::ZmqClient> client) : client_(std::move(client)) {}
    base::Result<contract::Value> call(contract::RequestKind kind, contract::Value body,
                                       os::Deadline deadline) override {
        return client_->call(kind, std::move(body), deadline);
    }
    base::Result<std::optional<contract::Event>> next_event(os::Deadline deadline) override {
        const auto told = TRY(client_->next_event(deadline));
        if (!told) {
            return std::optional<contract::Event>();
        }
        return std::optional(TRY(contract::from_value<contract::Event>(*told, "event")));
    }
    bool lost() override { return client_->lost(); }

private:
    std::unique_ptr<ipc::ZmqClient> client_;
};

class ZmqConnector final : public Connector {
public:
    ZmqConnector(std::string endpoint, const os::Clock& clock)
        : endpoint_(std::move(endpoint)), clock_(clock) {}
    base::Result<std::unique_ptr<Connection>> connect(os::Deadline deadline) override {
        return std::make_unique<ZmqConnection>(
            TRY(ipc::ZmqClient::connect(endpoint_, clock_, deadline)));
    }

private:
    std::string endpoint_;
    const os::Clock& clock_;
};

class NetworkConnector final : public Connector {
public:
    NetworkConnector(std::function<base::Result<ipc::HostFile>()> host, const os::Clock& clock)
        : host_(std::move(host)), clock_(clock) {}
    base::Result<std::unique_ptr<Connection>> connect(os::Deadline deadline) override {
        const ipc::HostFile host = TRY(host_());
        return std::make_unique<ZmqConnection>(
            TRY(ipc::ZmqClient::connect(host.endpoint(), host.keys(), clock_, deadline)));
    }

private:
    std::function<base::Result<ipc::HostFile>()> host_;
    const os::Clock& clock_;
};

}  // namespace

std::unique_ptr<Connector> make_network_connector(std::function<base::Result<ipc::HostFile>()> host,
                                                  const os::Clock& clock) {
    return std::make_unique<NetworkConnector>(std::move(host), clock);
}

std::unique_ptr<Connector> make_zmq_connector(std::string endpoint, const os::Clock& clock) {
    return std::make_unique<ZmqConnector>(std::move(endpoint), clock);
}

}  // namespace tillhost::client
