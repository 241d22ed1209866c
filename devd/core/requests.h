#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "devd/core/access.h"
#include "devd/core/device_lane.h"
#include "devd/core/figures.h"
#include "devd/core/leases.h"
#include "devd/core/operator_port.h"
#include "devd/core/sale_desk.h"

namespace tillhost::devd::core {

/// How long a request without a deadline of its own is worked on.
inline constexpr os::Duration kRequestDeadline = std::chrono::seconds(30);

/// What clients ask: sessions, the checks of a submit, and every request of the schema.
class Requests final {
public:
    using Lanes = std::map<std::string, std::unique_ptr<DeviceLane>>;

    Requests(const CoreOptions& options, const LaneContext& context, Lanes& lanes, SaleDesk& sales,
             Leases& leases, std::function<std::uint64_t()> random)
        : options_(options),
          context_(context),
          lanes_(lanes),
          sales_(sales),
          leases_(leases),
          random_(std::move(random)) {}

    /// Takes up the time limits of operations that a former process accepted. Once, at the start.
    void resume();
    /// Who answers metrics and backup; nobody: not_supported.
    void set_operator(OperatorPort& port) { operator_ = &port; }
    Figures figures() const;
    void handle(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                const contract::Request& request);
    void forget(ipc::PeerId peer);
    /// As Core::check_session.
    base::Done check_session(ipc::PeerId peer, std::optional<std::int64_t> session) const;
    /// As Core::rights_of.
    base::Result<Rights> rights_of(const ipc::PeerIdentity& identity) const;
    base::Result<Rights> rights_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const;
    /// As Core::rights_of.
    base::Result<Rights> rights_of(ipc::PeerId peer) const;
    /// As Core::look_at_rights.
    void look_at_rights();
    /// As Core::admit.
    base::Done admit(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                     const contract::Request& request, const std::string& device);
    /// As Core::name_of.
    std::string name_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const;
    /// As Core::client_of.
    std::string client_of(ipc::PeerId peer) const;
    /// A lane that is not retired. Errors: unknown_device.
    base::Result<DeviceLane*> lane(const std::string& device) const;
    /// Answers a request with an operation as it stands, once that is durable.
    void answer(ipc::PeerId peer, std::int64_t request_id, const OperationBook::Entry& entry,
                bool repeat = false);

private:
    struct Session {
        base::SessionId id;
        std::string client;
        ipc::PeerIdentity identity;
        contract::Role at_most = contract::Role::administrator;
        std::vector<std::string> only_devices{};  ///< empty = all
    };
    /// One request under way.
    struct Call {
        ipc::PeerId peer;
        const ipc::PeerIdentity& identity;
        const contract::Request& request;
        const Session* session;  ///< nullptr before hello
        os::Instant deadline;
        Rights rights;
    };
    /// Nothing = answered, or it will be.
    using Outcome = base::Done;

    base::Result<Call> begin(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                             const contract::Request& request) const;
    void note_refusal(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                      contract::RequestKind kind, const base::Error& error);
    Outcome dispatch(const Call& call);
    Outcome hello(const Call& call);
    Outcome devices(const Call& call);
    Outcome status(const Call& call);
    Outcome query(const Call& call);
    Outcome await(const Call& call);
    Outcome wait_for(const Call& call, Waiters::Until until);
    Outcome resolve(const Call& call);
    Outcome operation(const Call& call);
    Outcome operations(const Call& call);
    Outcome cancel(const Call& call);
    Outcome cancel_sale(const Call& call, const OperationBook::Entry& sale);
    static base::Error paid_and_waiting(const OperationBook::Entry& receipt);
    Outcome abort(const Call& call);
    Outcome settle(const Call& call);
    Outcome decide(const Call& call);
    Outcome acknowledge(const Call& call);

    // subscriptions.cpp
    Outcome subscribe(const Call& call);
    Outcome credit(const Call& call);
    Outcome unsubscribe(const Call& call);
    base::Done check_topic(const Call& call, const std::string& topic);

    // lease_requests.cpp
    static Leases::Call lease_call(const Call& call);
    template <class Request>
    base::Result<Request> read_lease(const Call& call) const;
    Outcome lease(const Call& call);
    Outcome take_lease(const Call& call);
    Outcome renew_lease(const Call& call);
    Outcome release_lease(const Call& call);
    Outcome ask_takeover(const Call& call);
    Outcome answer_takeover(const Call& call);
    Outcome end_lease(const Call& call);
    base::Done check_lease(const Call& call, const contract::SubmitRequest& request) const;

    // operator_requests.cpp
    Figures figures_for(const Rights& rights) const;
    Outcome health(const Call& call);
    Outcome metrics(const Call& call);
    Outcome backup(const Call& call);
    Outcome audit(const Call& call);
    base::Done check_slip(const OperationRow& row, const contract::OperationResult& entered) const;
    Outcome decide_sale(const Call& call, const contract::DecideRequest& request,
                        const OperationBook::Entry& sale);
    Outcome decide_lost(const Call& call, const contract::DecideRequest& request);

    // request_rights.cpp: what the role of a request does not say
    base::Result<std::string> client_name(const Call& call,
                                          const contract::HelloRequest& request) const;
    static bool may_see(const Rights& rights, const std::string& client, const OperationRow& row);
    static bool may_see(const Call& call, const OperationRow& row) {
        return may_see(call.rights, call.session->client, row);
    }
    static bool would_loop(const Call& call, const DeviceLane& lane);
    base::Done check_loop(const Call& call, const std::string& device) const;
    base::Result<DeviceLane*> usable_lane(const Call& call, const std::string& device) const;
    base::Result<const OperationBook::Entry*> visible(const Call& call,
                                                      const base::OperationId& id) const;
    base::Result<const OperationBook::Entry*> own(const Call& call, const base::OperationId& id,
                                                  std::string_view what) const;
    static base::Done check_command_role(const Call& call);
    static base::Done check_query_role(const Call& call);
    base::Done check_command_rights(const Call& call, const contract::SubmitRequest& request) const;

    // submission.cpp
    base::Done check_age(const base::OperationId& id) const;
    base::Done check_lost(const base::OperationId& id) const;
    Outcome submit(const Call& call);
    Outcome answer_known(const Call& call, const OperationBook::Entry& known,
                         const std::string& content_hash);
    base::Done complete_sale(contract::SubmitRequest& request) const;
    base::Done check_sale(const contract::Sale& sale) const;
    base::Done check_device(const DeviceConfig& device, const contract::Command& command) const;
    base::Done check_room(const OperationRow& row);
    base::Done check_duplicates(const OperationRow& row, bool force) const;
    void expire_later(const base::OperationId& id, std::int64_t start_before_ms);

    /// As programs see it; of a sale, how far it is.
    contract::Operation told(const OperationRow& row, bool repeat = false) const;
    /// Durable from there on is all that `told` says.
    Position position_of(const contract::Operation& told, const OperationBook::Entry& entry) const;
    base::Result<const OperationBook::Entry*> known(const base::OperationId& id) const;
    base::Done check_session(const Call& call, std::int64_t session) const;
    void reply(ipc::PeerId peer, std::int64_t request_id, Position after, contract::Value body);

    const CoreOptions& options_;
    const LaneContext context_;
    Lanes& lanes_;
    SaleDesk& sales_;
    Leases& leases_;
    std::function<std::uint64_t()> random_;
    std::unordered_map<ipc::PeerId, Session> sessions_;
    OperatorPort* operator_ = nullptr;
    const os::Instant started_at_ = context_.clock.now();
};

}  // namespace tillhost::devd::core
