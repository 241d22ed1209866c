#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/os/clock.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/licence.h"
#include "ipc/endpoint.h"
#include "licd/core/key_port.h"
#include "licd/core/lease_book.h"
#include "licd/core/waiting_line.h"

namespace tillhost::licd::core {

/// Connections that have said hello.
inline constexpr std::size_t kSessionsMax = 4096;
/// Wrong access codes of one address or user in a minute; then retry_later.
inline constexpr int kWrongCodesPerMinute = 5;
/// Instances that one process of this machine may say hello for; then retry_later.
inline constexpr std::size_t kInstancesPerProcessMax = 256;

inline std::int64_t milliseconds(os::Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

/// Tells when a process of this machine ends.
class ProcessPort {
public:
    virtual ~ProcessPort() = default;
    /// LicenceDesk::on_process_ended(pid) once it has. False if it has ended already, or nobody
    /// may know.
    virtual bool watch(std::int64_t pid) = 0;
};

struct DeskOptions {
    std::string server;      ///< name of this machine
    base::Bytes server_key;  ///< 32 bytes, public
    base::Bytes code_salt;   ///< 16 bytes, for access codes; the same over restarts
    os::Duration beat = std::chrono::seconds(60);
    LeaseTimes times{};
    std::uint64_t starts = 1;  ///< of licd, this one included
    /// The longest time that a lease of an earlier life may have been signed for.
    os::Duration promised = std::chrono::seconds(600);
    Position begins_at = 0;  ///< nothing is answered before this is on disk
};

/// Answers the requests of programs for licences, and those of an administrator about leases. An
/// answer leaves when what it says is on disk.
class LicenceDesk final {
public:
    using Random = std::function<base::Bytes(std::size_t bytes)>;

    LicenceDesk(DeskOptions options, LeaseStore& store, const os::Clock& clock, KeyPort& keys,
                ProcessPort& processes, ipc::ReplySink& replies, Random random);

    void start(LeaseImage image) {
        book_.recover(std::move(image), options_.promised, clock_.now());
    }

    /// Other times of leases and beats from now on. What is answered from now on waits for `from`:
    /// the promised time must be on disk before a lease of that length is seen.
    void set_times(LeaseTimes times, os::Duration beat, Position from);

    /// False if the request is not one of the desk's. Whether the peer may ask it has been looked
    /// at before.
    bool on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request);
    void on_peer_gone(ipc::PeerId peer);
    void on_process_ended(std::int64_t pid);
    void on_durable();
    void on_time();
    std::optional<os::Instant> next_time() const;
    /// A key was added, changed or taken away: whoever waits is looked at again.
    void on_keys_changed();

    /// The leases of a key end: it was taken away.
    void end_key(const std::string& serial);
    const LeaseBook& book() const { return book_; }
    const WaitingLines& lines() const { return lines_; }
    /// Answers a request when `after` is on disk.
    void reply(ipc::PeerId peer, std::int64_t id, Position after, contract::Value body);
    bool at_rest() const { return waiting_out_.empty(); }

private:
    struct Session {
        std::int64_t id = 0;
        Holder holder;
        std::int64_t pid = 0;  ///< 0 = not of this machine
        std::string origin;    ///< whose wrong codes are counted together
        base::Bytes nonce;
    };
    struct Call {
        ipc::PeerId peer;
        const contract::Request& request;
        os::Instant now;
    };
    using Outcome = base::Done;  ///< done = answered, or it will be

    template <class Body>
    base::Result<std::pair<Body, Session*>> read(const Call& call);
    Outcome dispatch(const Call& call, const ipc::PeerIdentity& identity);
    Outcome hello(const Call& call, const ipc::PeerIdentity& identity);
    Outcome acquire(const Call& call);
    Outcome beat(const Call& call);
    Outcome release(const Call& call);
    Outcome own(const Call& call);
    Outcome connections(const Call& call);
    Outcome free_licences(const Call& call);

    base::Done again(const Call& call, const contract::AcquireLicenceRequest& request,
                     const Lease& earlier);
    base::Result<std::vector<const Terms*>> candidates(
        const contract::AcquireLicenceRequest& request, Session& session, os::Instant now);
    bool may_guess(const std::string& origin, os::Instant now);
    void note_wrong_code(const std::string& origin, os::Instant now);
    Outcome wait(const Call& call, const contract::AcquireLicenceRequest& request,
                 const Session& session, const std::vector<const Terms*>& from);
    base::Result<const Lease*> try_seats(const std::vector<std::string>& keys,
                                         const std::string& licence, const Holder& holder,
                                         const base::OperationId& request, os::Instant now);
    base::Done note_instance(Session& session);
    void answer_former(const std::string& licence, const std::string& instance,
                       const base::OperationId& request);
    void serve(const std::string& licence);
    void serve_freed();

    base::Done renews(const LeaseRow& row) const;
    void grant(ipc::PeerId peer, std::int64_t id, const Lease& lease, bool repeated);
    contract::LicenceLease told(const Lease& lease) const;
    void refuse(ipc::PeerId peer, std::int64_t id, const base::Error& error);
    bool is_attached(const std::string& instance) const;

    DeskOptions options_;
    LeaseStore& store_;
    const os::Clock& clock_;
    KeyPort& keys_;
    ProcessPort& processes_;
    ipc::ReplySink& replies_;
    const Random random_;
    WaitingLines lines_;
    LeaseBook book_;
    std::int64_t last_session_ = 0;
    std::unordered_map<ipc::PeerId, Session> sessions_;
    /// Instances that processes of this machine have said hello for.
    std::map<std::int64_t, std::vector<std::string>> instances_of_;
    struct Guesses {
        os::Instant minute_began{};
        int wrong = 0;
    };
    std::map<std::string, Guesses> guesses_;
    std::multimap<Position, std::function<void()>> waiting_out_;
};

template <class Body>
base::Result<std::pair<Body, LicenceDesk::Session*>> LicenceDesk::read(const Call& call) {
    Body body = TRY(contract::from_value<Body>(call.request.body));
    const auto found = sessions_.find(call.peer);
    if (found == sessions_.end()) {
        return base::make_error(base::ErrorCode::no_session,
                                "the connection has not said licence_hello");
    }
    if (found->second.id != body.session) {
        return base::make_error(base::ErrorCode::stale_session,
                                "the session is of another connection");
    }
    return std::pair(std::move(body), &found->second);
}

}  // namespace tillhost::licd::core
