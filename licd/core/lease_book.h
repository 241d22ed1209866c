#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "licd/core/key_port.h"
#include "licd/core/lease_store.h"
#include "licd/core/seats.h"

namespace tillhost::licd::core {

/// Leases at all; an acquire beyond is told retry_later.
inline constexpr std::size_t kLeasesMax = 50'000;
inline constexpr std::size_t kLeasesPerInstanceMax = 256;
/// So long the same request is answered alike after its lease has ended, if it is among the last
/// kEndedPerInstanceMax of its instance and kEndedMax of all.
inline constexpr os::Duration kEndedKept = std::chrono::minutes(10);
inline constexpr std::size_t kEndedPerInstanceMax = 16;
inline constexpr std::size_t kEndedMax = 20'000;

/// The times of leases. All run on the monotonic clock: a step of the wall clock ends none and
/// keeps none.
struct LeaseTimes {
    os::Duration lease = std::chrono::seconds(600);    ///< from a grant or beat to its end
    os::Duration killed = std::chrono::seconds(1800);  ///< from the last beat to a free seat
    os::Duration idle = std::chrono::seconds(1800);    ///< unused for so long = idle; 0 = never

    /// What the three may be; a lease never ends later than a killed program's seat is freed.
    static constexpr os::Duration kLeast = std::chrono::seconds(70);
    static constexpr os::Duration kMost = std::chrono::hours(24);
};

/// A lease and where it is in time.
struct Lease {
    LeaseRow row;
    contract::LicenceLeaseState state = contract::LicenceLeaseState::held;
    os::Instant ends{};     ///< the next to wait may have the seat then
    os::Instant heard{};    ///< last sign of life
    os::Instant used_at{};  ///< when `used` last grew
    std::int64_t used = 0;
    os::Instant signed_at{};  ///< when the holder last got a signed lease
    std::int64_t renewal = 0;
    os::Instant since{};  ///< when it was granted, or licd started
    /// The process of this machine that took it or last beat for it; 0 = none of this machine.
    std::int64_t pid = 0;
};

/// What came of a beat.
struct Beaten {
    std::optional<contract::LicenceEnd> ended;
    bool renew = false;  ///< a third of the signed time is over: sign it anew
};

/// All leases: who sits where, until when. Pure: told the time, told what is lost, writes to the
/// store, answers at once. What it answers may be seen when the store's position is durable.
///
/// Held at every step: in each licence the seats that are taken are at most its count, those of
/// leases that were taken away but are still promised among them; no seat has two shares.
class LeaseBook final {
public:
    /// How many wait for a licence of that key and name.
    using Waiting = std::function<std::size_t(const std::string& key, const std::string& licence)>;

    /// `starts` counts the starts of licd: renewals of this life are larger than any before.
    LeaseBook(LeaseStore& store, LeaseTimes times, std::uint64_t starts, Waiting waiting);

    /// Leases that were held before are recovered: kept for `promised` from now on, the longest
    /// time that one of them may have been signed for. The next beat gets each signed anew.
    void recover(LeaseImage image, os::Duration promised, os::Instant now);

    /// From now on. A lease that was promised for longer keeps its end; the next beat gets each one
    /// signed anew, or a holder of a shorter one would not hear in time that it goes on.
    void set_times(LeaseTimes times, os::Instant now);

    /// The lease of an earlier acquire of the same id, held or ended; nullptr if there is none.
    const Lease* earlier(const std::string& instance, const base::OperationId& request) const;
    /// Takes a seat. Errors: no_seat, retry_later (too many leases).
    base::Result<const Lease*> acquire(const Terms& terms, const Holder& holder,
                                       const base::OperationId& request, std::int64_t unix_ms,
                                       os::Instant now);
    /// The holder of an earlier grant shows itself again, or gets a lease signed: as a beat.
    void refresh(std::uint64_t number, os::Instant now);
    /// Which process it is that has the lease now.
    void note_process(std::uint64_t number, std::int64_t pid);
    /// A sign of life. Never makes a lease nor brings an ended one back. `gives` = the key still
    /// gives it; else the lease runs to its end and is not renewed.
    Beaten beat(const std::string& instance, const contract::LicenceBeat& beat, bool gives,
                os::Instant now);
    /// Gives a lease back; also says that one taken away is known to be. False if it is not held.
    bool release(const std::string& instance, std::uint64_t number, std::uint64_t generation,
                 os::Instant now);
    /// Takes a lease away. Its seat stays taken until the holder knows it or the promised time is
    /// over, unless `at_once`. False if there is none.
    bool take_away(std::uint64_t number, contract::LicenceEnd why, bool at_once, os::Instant now);
    /// The process is gone: the seats of what it took or beat for are free at once.
    void end_all_of(const std::string& instance, std::int64_t pid, os::Instant now);
    /// The connection of an instance ended without a goodbye.
    void connection_lost(const std::string& instance);
    /// Somebody wants a seat: leases whose time is over end. True if there were any.
    bool end_late(const std::string& key, const std::string& licence, os::Instant now);
    /// Somebody waits for a seat: the one that was not used for longest is taken away, if any is
    /// idle, and if fewer are leaving already than there are who wait.
    void take_idle(const std::string& key, const std::string& licence, os::Instant now);

    /// Does what is due by now.
    void on_time(os::Instant now);
    std::optional<os::Instant> next_time() const;

    /// Licences (key, name) of which a seat became free since the last call.
    std::set<std::pair<std::string, std::string>> take_freed() { return std::exchange(freed_, {}); }
    /// The position that everything answered so far depends on.
    Position position() const { return position_; }

    const std::map<std::uint64_t, Lease>& leases() const { return leases_; }  ///< by number
    std::vector<const Lease*> of_instance(const std::string& instance) const;
    /// Whether the holder sits on a seat of that licence already, alone or with others.
    bool has_seat(const Terms& terms, const Holder& holder) const;
    std::size_t used(const std::string& key, const std::string& licence) const;
    /// Panics if a promise of this class does not hold; for tests and after each start.
    void check(const std::map<std::pair<std::string, std::string>, std::int64_t>& counts) const;

private:
    using LicenceId = std::pair<std::string, std::string>;  ///< key, name
    static std::string share_of(const Terms& terms, const Holder& holder);

    Lease* held(const std::string& instance, std::uint64_t number, std::uint64_t generation);
    Lease& add(LeaseRow row, os::Instant now);
    void end(std::uint64_t number, contract::LicenceEnd why, os::Instant now);
    void mark_taken(Lease& lease, contract::LicenceEnd why, os::Instant now);
    void note_life(Lease& lease, os::Instant now);
    bool wants_idle(const LicenceId& id) const;
    void set_state(Lease& lease, contract::LicenceLeaseState state);
    void write(const LeaseRow& row, std::vector<std::uint64_t> forget = {});
    void keep_ended(Lease lease, os::Instant now, bool is_new);
    void forget_ended(std::uint64_t number);
    void look_again(std::uint64_t number, os::Instant when);
    void on_due(std::uint64_t number, os::Instant now);
    void forget_old(os::Instant now);
    os::Instant due(const Lease& lease) const;

    LeaseStore& store_;
    LeaseTimes times_;
    const std::int64_t first_renewal_;
    const Waiting waiting_;
    std::uint64_t last_number_ = 0;
    Position position_ = 0;
    std::map<std::uint64_t, Lease> leases_;
    std::map<LicenceId, Seats> seats_;
    std::unordered_map<std::string, std::set<std::uint64_t>> by_instance_;
    std::map<std::pair<std::string, base::OperationId>, std::uint64_t> by_request_;
    /// Ended ones by number, the oldest of each instance first in the lists.
    std::map<std::uint64_t, Lease> ended_;
    std::unordered_map<std::string, std::deque<std::uint64_t>> ended_of_;
    std::set<std::pair<os::Instant, std::uint64_t>> forget_at_;
    std::unordered_map<std::uint64_t, os::Instant> forgotten_at_;
    /// Late and idle ones: who waits may have their seats.
    std::map<LicenceId, std::set<std::uint64_t>> spare_;
    /// When to look at a lease; one entry each, never later than its due time.
    std::set<std::pair<os::Instant, std::uint64_t>> looks_;
    std::unordered_map<std::uint64_t, os::Instant> look_at_;
    std::set<LicenceId> freed_;
};

}  // namespace tillhost::licd::core
