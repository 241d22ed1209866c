#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <variant>
#include <vector>

#include "devd/core/core.h"
#include "ipc/loopback_endpoint.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/sim_hosts.h"
#include "tests/simulation/sim_store.h"

namespace tillhost::simulation {

/// One connection of a client to a life of devd. Messages of each direction keep their order.
struct Connection {
    ipc::PeerId peer;
    std::uint64_t life = 0;
    bool open = true;
    std::deque<contract::Request> on_way{};
    std::deque<contract::Reply> on_way_back{};
    std::deque<contract::Reply> arrived{};
    Signal heard{};  ///< a reply has arrived, or the connection has ended
};
using ConnectionPtr = std::shared_ptr<Connection>;

/// devd as a process of the simulation: the product's core between its seams, and one event loop.
/// When it is killed, the book keeps what was synced, connections break, hosts die; and it is
/// started again.
class SimDevd final : public ipc::ReplySink {
public:
    struct Setup {
        devd::core::CoreOptions options;
        std::vector<devd::core::DeviceConfig> devices;
        devd::core::KnownBugs bugs;
    };
    SimDevd(Scheduler& scheduler, const os::Clock& clock, SimStore& store, SimHosts& hosts,
            Findings& findings, Setup setup, Chance chance);
    ~SimDevd() override;

    void boot();
    void kill_at_point(std::uint32_t points);
    /// Asks it to end in good order; it is killed if it takes too long.
    void stop();
    bool runs() const { return core_ != nullptr; }

    // --- for clients
    /// Null while devd is down.
    ConnectionPtr connect();
    /// From outside of devd: a request is on its way, and arrives after `delay`.
    void request(const ConnectionPtr& connection, const contract::Request& request,
                 os::Duration delay);
    /// The client has closed it. What is still on its way is returned and will not arrive.
    std::deque<contract::Request> close(const ConnectionPtr& connection);
    /// So many of a hundred messages are lost or very late.
    void set_network_trouble(std::int64_t percent) { trouble_ = percent; }

    bool send(ipc::PeerId peer, const contract::Reply& reply) override;

private:
    struct Arrived {
        ConnectionPtr connection;
        contract::Request request;
    };
    struct Closed {
        ipc::PeerId peer;
    };
    using Item = std::variant<Arrived, Closed, HostNews>;

    void run();
    void handle(Item& item);
    void push(Item item);
    void on_death(bool killed);

    Scheduler& scheduler_;
    const os::Clock& clock_;
    SimStore& store_;
    SimHosts& hosts_;
    Findings& findings_;
    const Setup setup_;
    Chance chance_;
    std::int64_t trouble_ = 0;

    ProcessId process_{};
    std::uint64_t life_ = 0;
    devd::core::Core* core_ = nullptr;  ///< lives on the process's own stack
    std::unique_ptr<ipc::LoopbackEndpoint> endpoint_;
    std::unordered_map<ipc::PeerId, ConnectionPtr> connections_;
    std::deque<Item> inbox_;
    bool durable_moved_ = false;
    bool stop_asked_ = false;
    Signal work_;
};

}  // namespace tillhost::simulation
