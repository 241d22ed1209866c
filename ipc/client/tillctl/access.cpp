#include "ipc/client/tillctl/access.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ipc/client/tillctl/texts.h"
#include "ipc/client/tillctl/verbs.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "ipc/pairing.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using contract::RequestKind;
using contract::Value;

constexpr int kIndent = 2;
constexpr std::int64_t kMinuteMs = 60'000;

/// Each verb is one overload.
class Access final {
public:
    explicit Access(const AdminContext& context) : to_(context) {}

    Result<Exit> operator()(const InviteVerb& verb) const {
        contract::OpenPairingRequest request = verb.request;
        request.session = session();
        const auto reply = TRY(ask<contract::OpenPairingReply>(RequestKind::open_pairing, request));
        const std::string host = reply.pairing_port == ipc::kPairingPort
                                     ? "HOST"
                                     : fmt::format("HOST:{}", reply.pairing_port);
        return say(reply, filled(to_.language, Text::pairing_code, request.name, host, reply.code,
                                 reply.expires_in_ms / kMinuteMs, reply.tries, reply.port,
                                 reply.pairing_port, reply.text));
    }
    Result<Exit> operator()(const ClosePairingVerb&) const {
        return say(TRY(ask<contract::Empty>(RequestKind::close_pairing, contract::Empty{})),
                   std::string(text(to_.language, Text::pairing_closed)));
    }
    Result<Exit> operator()(const WorkstationsVerb&) const {
        const auto reply = TRY(list());
        return say(reply, workstations_text(to_.language, reply));
    }
    Result<Exit> operator()(const RevokeVerb& verb) const {
        contract::RevokeRequest request;
        request.session = session();
        request.name = verb.name;
        return say(TRY(ask<contract::Workstation>(RequestKind::revoke, request)),
                   filled(to_.language, Text::workstation_revoked, verb.name));
    }
    Result<Exit> operator()(const SetWorkstationVerb& verb) const {
        contract::SetWorkstationRequest request;
        request.session = session();
        request.name = verb.name;
        const contract::WorkstationsReply all = TRY(list());
        for (const contract::Workstation& known : all.workstations) {
            if (known.name == verb.name) {
                request.role = known.role;
                request.devices = known.devices;
            }
        }
        request.role = verb.role == contract::Role::unspecified ? request.role : verb.role;
        if (request.role == contract::Role::unspecified) {
            return base::bad_field("name", filled(to_.language, Text::no_workstation, verb.name));
        }
        if (verb.names_devices || verb.all_devices) {
            request.devices = verb.devices;
        }
        const auto changed = TRY(ask<contract::Workstation>(RequestKind::set_workstation, request));
        return say(changed, workstations_text(to_.language, {{changed}}));
    }

private:
    std::int64_t session() const { return to_.devd.hello().session; }

    template <class Reply, class Body>
    Result<Reply> ask(RequestKind kind, const Body& body) const {
        const Value answer = TRY(to_.devd.request(kind, contract::to_value(body), to_.deadline()));
        return contract::from_value<Reply>(answer);
    }
    Result<contract::WorkstationsReply> list() const {
        return ask<contract::WorkstationsReply>(RequestKind::workstations, contract::Empty{});
    }

    template <class Body>
    Exit say(const Body& body, const std::string& told) const {
        const Value json = contract::to_value(body, contract::Style::readable);
        to_.console.out(to_.json ? ipc::to_json(json, kIndent) + "\n" : told);
        return Exit::done;
    }

    const AdminContext& to_;
};

std::string devices_of(Language language, const contract::Workstation& one) {
    return one.devices.empty() ? std::string(text(language, Text::all_devices))
                               : fmt::format("{}", fmt::join(one.devices, ", "));
}

std::string_view state_of(Language language, const contract::Workstation& one) {
    switch (one.state) {
        case contract::WorkstationState::revoked: return text(language, Text::state_revoked);
        case contract::WorkstationState::rolling: return text(language, Text::state_rolling);
        case contract::WorkstationState::paired:
        case contract::WorkstationState::unspecified: break;
    }
    return text(language, one.connected ? Text::state_connected : Text::state_paired);
}

}  // namespace

std::string workstations_text(Language language, const contract::WorkstationsReply& reply) {
    if (reply.workstations.empty()) {
        return std::string(text(language, Text::no_workstations));
    }
    std::string told;
    for (const contract::Workstation& one : reply.workstations) {
        told += fmt::format("{:<16}{:<15}{:<14}{:<24}{}\n", one.name, contract::name_of(one.role),
                            state_of(language, one), devices_of(language, one),
                            one.address.empty() ? "-" : one.address);
    }
    return told;
}

Result<Exit> run_access(const AccessVerb& verb, const AdminContext& context) {
    return std::visit(Access(context), verb);
}

}  // namespace tillhost::tillctl
