#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "licd/client/licence_client.h"
#include "sumpd/seats/seats.h"

namespace tillhost::sumpd::seats {

/// A device's end of the licence server. Shared: whoever talks to the server does so unlocked.
struct Seat {
    apps::SeatWish wish{};  ///< of the newest session
    std::string licence{};
    std::unique_ptr<licd::client::LicenceClient> client{};
    std::set<std::string> sessions{};
    std::optional<licd::client::LeaseId> lease{};  ///< nothing: resuming, or never got it
    bool is_gone = false;
    os::Instant resume_until{};
    os::Instant next_talk{};    ///< beat, or try to resume
    os::Instant leave_until{};  ///< of one that nobody has any more
};
using SeatHandle = std::shared_ptr<Seat>;

/// Which session sits on which device's seat. Not thread-safe: the owner guards it.
class SeatTable final {
public:
    /// nullptr: the device has none.
    SeatHandle of_device(const std::string& device_id) const;
    SeatHandle of_session(const std::string& session) const;
    /// The session sits on the seat from now on.
    void sit(const std::string& session, const SeatHandle& seat);
    /// The session is over. Gives the seat if nobody sits on it any more: it is out of the table.
    SeatHandle stand_up(const std::string& session);
    /// Out of the table, with all that sit on it: they have none from now on.
    void remove(const SeatHandle& seat);
    std::size_t size() const { return by_device_.size(); }
    std::vector<SeatHandle> all() const;
    /// The one to be talked about first; nullptr if there is none.
    SeatHandle next() const;

private:
    std::map<std::string, SeatHandle> by_device_;
    std::map<std::string, SeatHandle> by_session_;
};

}  // namespace tillhost::sumpd::seats
