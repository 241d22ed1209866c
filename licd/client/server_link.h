#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/licence.h"
#include "ipc/zmq_client.h"
#include "licd/client/pins.h"
#include "licd/client/server_address.h"

namespace tillhost::licd::client {

/// One connection to one licence server that has answered hello. When it is lost it stays lost.
/// For one thread at a time.
class ServerLink final {
public:
    ServerLink(std::unique_ptr<ipc::ZmqClient> client, Pin pin)
        : client_(std::move(client)), pin_(std::move(pin)) {}

    /// Errors: the server's; wrong_version (another protocol); as call().
    base::Done say_hello(const contract::LicenceHelloRequest& request, os::Deadline deadline);
    const contract::LicenceHelloReply& hello() const { return hello_; }
    /// Who it is, to be pinned; without an address on the local socket.
    const Pin& pin() const { return pin_; }

    /// A request and its reply. Errors: the server's; link_lost, no_session, stale_session,
    /// deadline_passed, malformed (what is heard cannot be read), after all of which another link
    /// is needed: is_of_use() is false then.
    template <class Reply, class Body>
    base::Result<Reply> ask(contract::RequestKind kind, const Body& body, os::Deadline deadline) {
        const contract::Value answer = TRY(call(kind, contract::to_value(body), deadline));
        auto reply = contract::from_value<Reply>(answer);
        if (!reply) {
            is_of_use_ = false;
            return base::make_error(base::ErrorCode::malformed,
                                    "the licence server's answer: " + reply.error().detail,
                                    base::Effect::unknown);
        }
        return std::move(*reply);
    }
    bool is_of_use();

private:
    base::Result<contract::Value> call(contract::RequestKind kind, contract::Value body,
                                       os::Deadline deadline);

    std::unique_ptr<ipc::ZmqClient> client_;
    Pin pin_;
    contract::LicenceHelloReply hello_;
    bool is_of_use_ = true;
};

/// Finds a licence server as the program wishes, and connects to it.
class ServerFinder final {
public:
    struct Wish {
        Servers servers{};
        std::string pins{};            ///< path; empty: nothing is pinned
        SearchWish search{};           ///< of *AUTO
        std::string local_endpoint{};  ///< of *LOCAL
    };
    /// Errors: system_failed (no key of our own).
    static base::Result<ServerFinder> create(Wish wish, const os::Clock& clock);

    /// Tries the servers in turn, the last good one first, and returns the first that connects. A
    /// pinned one is not asked for its key. Blocks until the deadline at most, but for looking up
    /// names; a server that does not answer costs kServerTimeMax. Errors: no_daemon (nobody is
    /// there; the detail says of each address why), wrong_host_key (a server has another key than
    /// is pinned; what to do is said), not_encrypted, config_invalid (the file of pins),
    /// system_failed.
    base::Result<std::unique_ptr<ServerLink>> connect(os::Deadline deadline);
    static constexpr os::Duration kServerTimeMax = std::chrono::seconds(3);

    /// The server of this link has lent something, and the proof of it names `server_key`: pin it.
    /// Its answer to the search was signed by that very key, or else somebody stands between.
    /// Errors: wrong_host_key; those of Pins::keep().
    base::Done confirm(const ServerLink& link, const os::PublicKey& server_key);

private:
    ServerFinder(Wish wish, ipc::KeyPair own, const os::Clock& clock)
        : wish_(std::move(wish)), own_(std::move(own)), pins_(wish_.pins), clock_(clock) {}
    base::Result<std::unique_ptr<ServerLink>> connect_local(os::Deadline deadline);
    base::Result<std::unique_ptr<ServerLink>> connect_listed(os::Deadline deadline);
    base::Result<std::unique_ptr<ServerLink>> connect_found(os::Deadline deadline);
    base::Result<std::unique_ptr<ServerLink>> connect_to(const ServerAddress& server,
                                                         os::Deadline deadline);
    base::Result<std::unique_ptr<ServerLink>> dial(const Pin& pin, os::Deadline deadline);

    Wish wish_;
    ipc::KeyPair own_;
    Pins pins_;
    const os::Clock& clock_;
    std::size_t first_ = 0;  ///< of the list: the last good one
};

/// The server that a program takes of those that answered: only pinned ones if any server is
/// pinned, those of its group before others, the lowest load. In the order in which to try them.
std::vector<FoundServer> in_order(std::vector<FoundServer> found, const Pins& pins,
                                  const std::string& group);

}  // namespace tillhost::licd::client
