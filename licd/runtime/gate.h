#pragma once

#include <cstdint>
#include <functional>

#include "hal/os/log.h"
#include "ipc/endpoint.h"
#include "ipc/zmq_socket.h"
#include "licd/core/licence_desk.h"
#include "licd/runtime/key_keeper.h"

namespace tillhost::licd::runtime {

/// Everybody with a key of CurveZMQ may come in: programs are not enrolled, and nothing of
/// administration is answered on the network.
class Everybody final : public ipc::Admission {
public:
    Verdict admits(std::string_view /*key*/, std::string_view /*address*/) override {
        return Verdict::admitted;
    }
};

/// Takes all requests: looks whether the peer may ask it, and hands it to the desk, or answers
/// what is about keys.
///
/// root and licd's own user are administrators, everybody else, all of the network among them, an
/// observer.
class Gate final : public ipc::RequestHandler {
public:
    Gate(core::LicenceDesk& desk, KeyKeeper& keys, const LicenceStore& store,
         ipc::ReplySink& replies, const os::Logger& logger, std::int64_t own_uid)
        : desk_(desk),
          keys_(keys),
          store_(store),
          replies_(replies),
          logger_(logger),
          own_uid_(own_uid) {}

    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override;
    void on_peer_gone(ipc::PeerId peer) override { desk_.on_peer_gone(peer); }

private:
    bool is_administrator(const ipc::PeerIdentity& identity) const;
    base::Result<contract::Value> answer(const contract::Request& request);
    void note_taking(const contract::Request& request) const;
    contract::LicenceKeysReply all() const;
    contract::LicenceKey with_use(contract::LicenceKey key) const;

    core::LicenceDesk& desk_;
    KeyKeeper& keys_;
    const LicenceStore& store_;
    ipc::ReplySink& replies_;
    os::Logger logger_;
    const std::int64_t own_uid_;
};

}  // namespace tillhost::licd::runtime
