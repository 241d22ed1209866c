#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hal/os/boot_clock.h"
#include "hal/os/thread.h"
#include "ipc/contract/licence.h"
#include "ipc/zmq_endpoint.h"
#include "licd/keys/test/vendor.h"
#include "licd/wire/access_code.h"
#include "licd/wire/discovery_responder.h"
#include "licd/wire/lease_text.h"

namespace tillhost::licd::client::test {

/// A licence server that does what a test wants, on real sockets in a thread of its own. What it
/// has lent it remembers over stop() and start().
class FakeLicd final : private ipc::RequestHandler, private ipc::Admission {
public:
    /// What it does next; see with().
    struct Ways {
        std::int64_t seats = 1;
        std::int64_t time_s = 600;
        std::int64_t grace_s = 900;
        std::int64_t beat_ms = 60'000;
        bool renews = true;
        std::string access_code{};
        std::optional<contract::LicenceEnd> ends{};  ///< answers beats so
        std::optional<base::ErrorCode> refuses_acquire{};
        int refusals = 0;           ///< so often; 0 = always
        bool loses_answer = false;  ///< of the next acquire, with its connection
        std::function<void(contract::LicenceGranted&)> on_grant{};
        std::function<void(contract::LicenceLease&)> on_renewal{};
        os::SigningKey lease_key = keys::test::test_key(50);
    };
    struct Seen {
        int hellos = 0;
        int acquires = 0;
        int beats = 0;
        std::int64_t used = 0;  ///< of the last beat
        std::vector<contract::ReleaseLicenceRequest> releases{};
        contract::LicenceHelloRequest hello{};
    };

    /// On the local socket at this path.
    explicit FakeLicd(std::string path) : path_(std::move(path)) { start(); }
    /// Encrypted on a port of 127.0.0.1, with an answer to searches on the same UDP port.
    struct Network {
        std::string name = "server";
        std::string group{};
        std::uint16_t load = 0;
        os::SigningKey answer_key = keys::test::test_key(50);
        std::uint16_t port = 0;  ///< 0: any
        std::optional<ipc::KeyPair> curve{};
    };
    explicit FakeLicd(Network network);
    ~FakeLicd() override { stop(); }

    void start();
    void stop();
    std::uint16_t port() const { return network_->port; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
    const ipc::KeyPair& curve() const { return *network_->curve; }
    void with(const std::function<void(Ways&)>& change);
    Seen seen();
    /// Waits until what was seen is so, or for twenty seconds.
    bool sees(const std::function<bool(const Seen&)>& condition);
    /// Returns when it listens again after it has ended connections.
    void wait_until_it_listens();
    /// Seats that are taken.
    std::size_t lent();
    /// Another program takes a seat, or gives it back.
    void occupy();
    void vacate();

    static contract::LicenceLease signed_lease(const wire::LeaseText& text,
                                               const os::SigningKey& key);
    static contract::LicenceProof proof_of(const keys::test::Vendor& vendor,
                                           const std::string& licence,
                                           const keys::KeyContent& key = keys::test::bound_key());

private:
    struct Session {
        std::int64_t id = 0;
        std::string instance;
        base::Bytes nonce;
    };
    bool bind();
    bool bind_network();
    void run();
    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override;
    void on_peer_gone(ipc::PeerId peer) override { sessions_.erase(peer); }
    Verdict admits(std::string_view key, std::string_view address) override;
    base::Result<contract::Value> answer(ipc::PeerId peer, const contract::Request& request);
    base::Result<contract::Value> hello(ipc::PeerId peer, const contract::Request& request);
    base::Result<contract::Value> acquire(const Session& session, const contract::Request& request);
    base::Result<contract::Value> beat(const contract::Request& request);
    base::Result<contract::Value> release(const contract::Request& request);
    base::Done may_acquire(const Session& session, const contract::AcquireLicenceRequest& body);
    contract::Value granted(const wire::LeaseText& text);

    std::string path_{};
    std::optional<Network> network_{};
    os::BootClock clock_;
    keys::test::Vendor vendor_;
    std::unique_ptr<ipc::ZmqEndpoint> endpoint_;
    std::unique_ptr<wire::DiscoveryResponder> responder_;
    std::atomic<bool> stopping_{false};
    std::map<ipc::PeerId, Session> sessions_;
    std::atomic<bool> ends_connections_ = false;

    std::mutex mutex_;  ///< all that the test looks at
    Ways ways_;
    Seen seen_;
    std::map<base::OperationId, wire::LeaseText> leases_;
    std::int64_t last_number_ = 0;
    std::int64_t last_session_ = 0;
    std::unique_ptr<os::Thread> thread_;
};

}  // namespace tillhost::licd::client::test
