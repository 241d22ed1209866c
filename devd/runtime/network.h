#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "devd/runtime/network_config.h"
#include "devd/runtime/workstations.h"
#include "hal/os/log.h"
#include "ipc/endpoints.h"

namespace tillhost::devd::runtime {

/// Lines that failed handshakes may fill the log with; of the others their number is told.
inline constexpr int kHandshakeLinesPerMinute = 10;

/// Writes failed handshakes to the log, as many as fit.
class HandshakeLog final {
public:
    HandshakeLog(const os::Clock& clock, os::Logger logger) : clock_(clock), logger_(logger) {}
    void take(const ipc::FailedHandshake& failed);

private:
    const os::Clock& clock_;
    os::Logger logger_;
    std::optional<os::Instant> minute_began_;
    int lines_ = 0;
    std::uint64_t left_out_ = 0;
};

struct NetworkParts {
    std::optional<NetworkConfig> config;  ///< nothing: devd is on no network
    LocalRoles local;
    std::string state_folder;
    const os::Clock& clock;
    os::Logger logger;
};

/// What the encrypted endpoint needs: the host's key, the registry of workstations, the endpoint
/// itself. Whatever goes wrong with it is written to the log and no reason not to sell: then devd
/// serves this machine only.
class Network final {
public:
    /// Adds the endpoint to the others. Errors: none that the network has; system_failed.
    static base::Result<std::unique_ptr<Network>> open(NetworkParts parts,
                                                       ipc::Endpoints& endpoints);

    Workstations& workstations() { return *workstations_; }
    const Workstations& workstations() const { return *workstations_; }
    /// Public; empty without a network.
    const std::string& host_key() const { return host_key_; }
    const std::optional<NetworkConfig>& config() const { return parts_.config; }

private:
    explicit Network(NetworkParts parts)
        : parts_(std::move(parts)), log_(parts_.clock, parts_.logger) {}
    base::Done listen(ipc::Endpoints& endpoints);

    NetworkParts parts_;
    HandshakeLog log_;
    std::unique_ptr<Workstations> workstations_;
    std::string host_key_;
};

/// The network in numbers.
struct NetworkFigures {
    bool on = false;
    std::string address{};
    std::size_t paired = 0;
    std::size_t connected = 0;  ///< workstations with a connection
    std::size_t connections = 0;
    std::size_t half_open = 0;
    std::array<std::uint64_t, ipc::kHandshakeFailures> failures{};
    ipc::EndpointCounters counters{};
    std::uint64_t wrong_codes = 0;
    bool pairing_open = false;
    std::size_t hosts = 0;            ///< other hosts whose devices are used here
    std::size_t hosts_connected = 0;  ///< of them, now
    std::size_t relayed = 0;          ///< connections to them for programs of this host
};
NetworkFigures figures_of(const Network& network, const ipc::Endpoints& endpoints);

}  // namespace tillhost::devd::runtime
