#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "licd/client/lease_table.h"
#include "licd/client/server_link.h"
#include "licd/wire/access_code.h"

// What a program links to take licences: docs/licences-for-programs.md.
namespace tillhost::licd::client {

/// Longest time for one request and its answer, and for a server to let us in.
inline constexpr os::Duration kCallTime = std::chrono::seconds(5);
/// Waiting for a seat is asked for in pieces, so that beats come in between.
inline constexpr os::Duration kWaitPiece = std::chrono::seconds(2);
/// Time between two beats until a server has named another.
inline constexpr os::Duration kBeatTime = std::chrono::seconds(60);
/// Goodbyes that are kept for a server which cannot be reached; the seats of others become free
/// when their time is over.
inline constexpr std::size_t kGoodbyesMax = 256;
/// An acquire that was given up is taken up again by the next one of the same licence within this
/// time, in its place in the line; later it is a new one.
inline constexpr os::Duration kPendingTime = std::chrono::seconds(60);

struct ClientOptions {
    /// "*LOCAL": the licence server of this machine. "*AUTO": one in the local network. Else
    /// addresses with commas between, HOST[:PORT][#KEY]; tried in turn.
    std::string servers = "*LOCAL";
    std::string program{};          ///< name for people; 1 to 64 bytes
    std::string program_version{};  ///< "3.1.20"; licences may be for some versions only
    std::string product{};          ///< the vendor's code, as it stands in the keys; not empty
    std::string vendor_root{};      ///< the vendor's root certificate, PEM; built into the program
    /// Names this program's leases to the server, 8 to 64 bytes. A program that keeps its own (a
    /// container, say) finds its seats again after it was killed; empty: a new one each time. Two
    /// programs that run at once must not have the same.
    std::string instance{};
    std::string user{};              ///< empty: the login name
    std::string computer{};          ///< empty: the host name
    std::string terminal_session{};  ///< empty: the login session
    std::string group{};             ///< *AUTO: servers of this group are preferred
    /// File in which servers that have lent something are pinned; its folder exists. Empty: none
    /// is pinned, and each connection asks for the server's key anew.
    std::string pins{};
    // For tests, and for networks of a special kind.
    std::string local_endpoint{};                    ///< *LOCAL; empty: see server_address.h
    std::uint16_t search_port = wire::kLicencePort;  ///< *AUTO
    std::vector<std::string> search_at{};  ///< *AUTO: addresses to ask; empty: all interfaces
};

/// A place in the line for a licence.
struct Place {
    std::int64_t place = 0;  ///< 1 = next
    std::int64_t seats = 0;  ///< of the licence
};

struct Wanted {
    std::string licence{};
    std::string key{};          ///< serial of a key; empty: any that has the licence
    std::string access_code{};  ///< for keys with one
    os::Duration wait{};        ///< stand in line for so long if no seat is free
    /// Keep the place when `wait` is over, for an acquire that follows within 10 s; else the line
    /// is left.
    bool keep_place = false;
    /// Is told the place while waiting, every few seconds, in the thread of acquire(); false: wait
    /// no longer.
    std::function<bool(const Place&)> watch{};
};

/// A program's end of the licence server. It takes leases, keeps them by beats, and tells how they
/// stand. What a server says is believed only up to the signatures (lease_check.h).
///
/// Any thread may call anything. Requests go out one at a time: a call may wait for another's
/// answer, kCallTime and some seconds, beyond its own deadline. used(), status() and all_status()
/// never wait for the network. Somebody must call beat(): BeatThread does, or the program's own
/// loop.
///
/// A connection that is lost is made anew by the next call, and the server knows the leases again
/// by the instance; nothing is lost by it. Only lost connections and retry_later are tried again,
/// with growing pauses that differ from program to program, until the deadline.
///
/// Errors of every call that asks the server: no_daemon (none is there), link_lost,
/// deadline_passed, retry_later, wrong_host_key, not_encrypted, config_invalid (the file of pins),
/// malformed, system_failed. docs/licences-for-programs.md says what each means for the user.
class LicenceClient final {
public:
    /// Asks nobody. `clock` outlives the client; in a program it is an os::BootClock. Errors:
    /// bad_field (an option), config_invalid (vendor_root), system_failed.
    static base::Result<std::unique_ptr<LicenceClient>> open(ClientOptions options,
                                                             os::Clock& clock);
    /// close() within two seconds.
    ~LicenceClient();
    LicenceClient(const LicenceClient&) = delete;
    LicenceClient& operator=(const LicenceClient&) = delete;

    /// Takes a licence, and checks what is lent. A licence that this client holds already is given
    /// as it is, without a question. Errors beside the general ones: bad_field; licence_unknown,
    /// licence_expired, no_seat (the detail says how many there are, or the place in the line),
    /// access_code_wrong, key_off, key_revoked, clock_suspect (the server's words); key_foreign,
    /// key_damaged (it is not to be believed); too_large (kLeasesMax are held).
    base::Result<LeaseId> acquire(const Wanted& wanted, os::Deadline deadline);

    /// The program is used: by a sale, a key stroke. Without it a licence becomes idle, and whoever
    /// waits gets it. Costs nothing; call it as often as you like.
    void used();
    void used(LeaseId id);

    LeaseStatus status(LeaseId id);
    /// The worst of all leases decides what a program may do that needs each of them.
    std::vector<std::pair<LeaseId, LeaseStatus>> all_status();

    /// Shows the server that the program lives, renews leases, delivers goodbyes that were not
    /// delivered. Returns when to call it again. Does nothing without leases and goodbyes. After an
    /// error call it again soon, see BeatThread; the leases run on until their end and grace.
    /// Errors: the general ones; key_foreign and key_damaged (a renewal is not to be believed).
    base::Result<os::Duration> beat(os::Deadline deadline);

    /// Gives a lease back; its id is not known any more. Errors: the general ones, after which the
    /// goodbye is delivered by a later beat(), if there is one.
    base::Done release(LeaseId id, os::Deadline deadline);
    /// Leaves the line of acquires that were given up with keep_place.
    base::Done leave_line(const std::string& licence, os::Deadline deadline);
    /// Gives everything back and ends the connection. Errors: as release().
    base::Done close(os::Deadline deadline);
    /// Ends the connection, and no lease: the next call makes another one. For a process that keeps
    /// many clients, each of which speaks once a minute.
    void rest();
    /// Forgets everything and tells nobody: the server learns it by the silence. For a process that
    /// has no time left.
    void abandon();

    const std::string& instance() const { return hello_.instance; }

private:
    /// An acquire whose end is not known yet, by licence and key.
    struct Pending {
        base::OperationId request{};
        /// The last sending that is known to be earlier than a grant.
        std::optional<os::Instant> counts_from{};
        os::Instant last_sent{};
        bool stands_in_line = false;
    };
    struct Granted {
        LeaseId lease;
    };
    struct Waiting {
        Place place;
        bool answered_early = false;
    };
    using Step = std::variant<Granted, Waiting>;
    using Goodbye = LeaseTable::Goodbye;

    LicenceClient(Trust trust, ServerFinder finder, contract::LicenceHelloRequest hello,
                  os::Clock& clock)
        : trust_(std::move(trust)),
          finder_(std::move(finder)),
          hello_(std::move(hello)),
          clock_(clock) {}

    base::Result<Step> acquire_once(const Wanted& wanted, os::Deadline wait_until,
                                    os::Deadline deadline);
    base::Result<contract::AcquireLicenceRequest> request_for(const Wanted& wanted,
                                                              const Pending& pending,
                                                              os::Deadline wait_until);
    base::Result<Granted> take(const contract::LicenceGranted& granted, const Wanted& wanted,
                               const Pending& pending, os::Deadline deadline);
    Pending& pending_for(const Wanted& wanted);
    void forget_pending(const Wanted& wanted, bool say_goodbye);
    base::Result<base::Bytes> code_proof(const std::string& code);
    base::Error no_seat(const Wanted& wanted, const Place& place, os::Deadline deadline);

    base::Done be_connected(os::Deadline deadline);
    void drop_useless_link();
    void keep_goodbye(const Goodbye& goodbye);
    base::Done say_goodbyes(os::Deadline deadline);
    base::Result<os::Duration> beat_once(os::Deadline deadline);

    const Trust trust_;

    // Held while a request is under way.
    std::mutex network_;
    ServerFinder finder_;
    const contract::LicenceHelloRequest hello_;
    std::unique_ptr<ServerLink> link_;  ///< nothing when it was lost
    std::map<std::pair<std::string, std::string>, Pending> pending_;
    std::vector<Goodbye> goodbyes_;
    Generations generations_;
    struct KnownCode {
        std::string code;
        base::Bytes salt;
        wire::CodeKey key;
    };
    std::optional<KnownCode> code_;  ///< its key is dear to make
    os::Duration beat_time_ = kBeatTime;

    // Held for moments only; taken after network_ where both are.
    std::mutex state_;
    LeaseTable table_;

    os::Clock& clock_;
};

}  // namespace tillhost::licd::client
