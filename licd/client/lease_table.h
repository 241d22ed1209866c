#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/ids.h"
#include "hal/os/clock.h"
#include "ipc/contract/licence.h"
#include "licd/client/lease_check.h"

namespace tillhost::licd::client {

inline constexpr std::size_t kLeasesMax = 256;

/// Names a lease within one LicenceClient.
using LeaseId = base::StrongId<struct LicenceLeaseTag>;

/// What a program may do.
enum class Standing : std::uint8_t {
    held,   ///< it has the licence
    grace,  ///< its time is over and no server can be reached: go on, warn, begin nothing new
    gone,   ///< it has no licence: stop, or acquire anew
};

/// How a lease stands now.
struct LeaseStatus {
    Standing standing = Standing::gone;
    std::string licence{};
    std::string key{};
    std::int64_t number = 0;
    std::int64_t seat = 0;
    os::Duration left{};  ///< until held or grace is over, if nothing is heard
    /// Of a lease that is gone: why, as the server said; expired if nothing was heard in time.
    std::optional<contract::LicenceEnd> why{};
};

/// The leases of one program and their time, judged by a clock that only grows and goes on while
/// the machine sleeps. Pure: told the time and what was heard.
///
/// held -> grace when the time of the lease is over; grace -> held when a renewal is heard after
/// all; both -> gone when the server says so, or when the grace is over. gone is for ever.
class LeaseTable final {
public:
    /// A lease to be given back: its number, or 0 and the request that may have brought one.
    struct Goodbye {
        std::int64_t number = 0;
        std::int64_t generation = 0;
        base::OperationId request{};
    };

    bool is_full() const { return leases_.size() >= kLeasesMax; }
    /// `sent`: since when its time counts; see docs/formats/licence-lease.md.
    LeaseId add(CheckedLease lease, os::Instant sent);
    /// The lease of that licence (and key, if one is named) that is not gone.
    std::optional<LeaseId> find(const std::string& licence, const std::string& key,
                                os::Instant now);
    /// Of a lease that is not in the table: gone, without a name.
    LeaseStatus status(LeaseId id, os::Instant now);
    std::vector<LeaseId> ids() const;

    /// The program is being used; by all of its licences, or this one.
    void used();
    void used(LeaseId id);

    /// Signs of life for all that are not gone.
    std::vector<contract::LicenceBeat> beats(os::Instant now);
    /// What the server says to beats that were sent then. Gives the leases that the server is to be
    /// told a goodbye of: those which were taken away, so that their seats become free. The error,
    /// of the first renewal that could not be believed, is for people; that lease runs on to its
    /// end.
    struct Heard {
        std::vector<Goodbye> goodbyes{};
        std::optional<base::Error> disbelief{};
    };
    Heard hear(const contract::BeatLicencesReply& reply, os::Instant sent, os::Instant now);

    /// Out of the table. Nothing if it is not there, or the server knows that it is gone.
    std::optional<Goodbye> remove(LeaseId id);

private:
    struct Entry {
        CheckedLease lease;
        os::Instant ends{};
        std::int64_t used = 0;
        std::optional<contract::LicenceEnd> why{};  ///< set = gone
        bool server_knows = false;                  ///< that it is gone
    };
    static void look(Entry& entry, os::Instant now);
    Entry* entry_of(std::int64_t number);

    std::map<LeaseId, Entry> leases_;
    std::uint64_t last_id_ = 0;
};

}  // namespace tillhost::licd::client
