#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "hal/os/log.h"
#include "ipc/endpoint.h"
#include "ipc/zmq_socket.h"
#include "licd/core/licence_desk.h"
#include "licd/runtime/act_log.h"
#include "licd/runtime/identity.h"
#include "licd/runtime/key_keeper.h"
#include "licd/runtime/log_book.h"
#include "licd/runtime/settings.h"

namespace tillhost::licd::runtime {

/// Everybody with a key of CurveZMQ may come in: programs are not enrolled, and nothing of
/// administration is answered on the network.
class Everybody final : public ipc::Admission {
public:
    Verdict admits(std::string_view /*key*/, std::string_view /*address*/) override {
        return Verdict::admitted;
    }
};

/// What a gate stands between; all of it outlives the gate.
struct GateParts {
    core::LicenceDesk& desk;
    KeyKeeper& keys;
    const LicenceStore& store;
    Settings& settings;
    ActLog& acts;
    const LogBook& log_book;
    ipc::ReplySink& replies;
    const os::Clock& clock;
    os::Logger logger;
    OwnProcess own;
    std::string version;
};

/// Takes all requests: looks whether the peer may ask it, and hands it to the desk, or answers
/// what is about keys, settings, acts and logs. Notes each act of an administrator with its end.
///
/// root and licd's own user are administrators, everybody else, all of the network among them, an
/// observer. The panel asks over the same socket from licd's own process: of such a connection, and
/// of no other, the name that it says hello with is the user who has signed in there.
class Gate final : public ipc::RequestHandler {
public:
    explicit Gate(GateParts parts) : parts_(std::move(parts)) {}

    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override;
    void on_peer_gone(ipc::PeerId peer) override;

private:
    bool is_administrator(const ipc::PeerIdentity& identity) const;
    bool is_panel(const ipc::PeerIdentity& identity) const;
    void note_panel_user(ipc::PeerId peer, const contract::Request& request);
    std::string who(ipc::PeerId peer, const ipc::PeerIdentity& identity) const;
    void refuse(ipc::PeerId peer, const contract::Request& request, const base::Error& error);
    void administer(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request);
    base::Result<contract::Value> answer(const contract::Request& request);
    base::Result<contract::Value> answer_about_keys(const contract::Request& request);
    void note_taking(const contract::Request& request, const std::string& who) const;
    contract::LicenceActsReply acts(const std::vector<ActRow>& rows, std::size_t limit) const;
    base::Result<contract::LicenceLogs> logs() const;
    contract::LicenceKeysReply all() const;
    contract::LicenceKey with_use(contract::LicenceKey key) const;

    GateParts parts_;
    /// Who has signed in to the panel, by its connection; of licd's own process only.
    std::unordered_map<ipc::PeerId, std::string> panel_users_;
};

}  // namespace tillhost::licd::runtime
