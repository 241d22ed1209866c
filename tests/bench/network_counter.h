#pragma once

#include <memory>
#include <string>

#include "tests/bench/counter.h"

namespace tillhost::bench {

/// devd on the network with one echo device, and this process as its workstations.
class NetworkCounter final {
public:
    static constexpr const char* kDevice = "echo";
    /// So many workstations are paired, till-0 and on.
    static base::Result<std::unique_ptr<NetworkCounter>> start(Bench& bench, int workstations);

    /// A program on a workstation.
    base::Result<std::unique_ptr<client::Client>> connect(int workstation);
    /// The same, bare: for many of them.
    base::Result<std::unique_ptr<ipc::ZmqClient>> connect_bare(int workstation);
    /// The device answers with 64 bytes of its own host.
    base::Done ask(client::Client& client);

    Counter& counter() { return *counter_; }
    int port() const { return port_; }
    /// File with what that workstation needs.
    std::string keys_of(int workstation) const;
    /// File with devd's own key.
    std::string host_key() const;

private:
    explicit NetworkCounter(Bench& bench) : bench_(bench) {}
    base::Done pair(const std::string& host, const std::string& name);

    Bench& bench_;
    std::unique_ptr<Counter> counter_;
    int port_ = 0;
};

}  // namespace tillhost::bench
