#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "sumpd/apps/seat_port.h"

// Licences for sessions of apps, from licd: docs/sumpd.md, "Licence seats".
namespace tillhost::sumpd::seats {

/// Devices that can have a seat at one time; as many as licd serves one program.
inline constexpr std::size_t kSeatsMax = 256;
/// A login waits so long for the licence server at most.
inline constexpr os::Duration kTakeTime = std::chrono::seconds(5);
/// Logins that ask the licence server at one time; one more is told too_many at once, so that a
/// server that hangs holds few threads.
inline constexpr std::size_t kTakersMax = 4;
/// Goodbyes that could not be said are tried so long; the licence server frees those seats anyway.
inline constexpr os::Duration kGoodbyeTime = std::chrono::minutes(10);
/// After the licence server could not be reached, logins are refused so long without asking it.
inline constexpr os::Duration kAwayTime = std::chrono::seconds(5);
/// What an app that is told too_many waits.
inline constexpr std::int64_t kRetryMs = 10'000;
/// So long a session of before a restart goes on while the licence server cannot be asked.
inline constexpr os::Duration kResumeTime = std::chrono::minutes(15);
/// At the end of the process seats are given back for so long at most.
inline constexpr os::Duration kEndTime = std::chrono::seconds(2);

struct SeatsOptions {
    /// "*LOCAL", "*AUTO" or HOST[:PORT][#KEY] with commas between; empty: no licences are needed.
    std::string address{};
    std::string product{};           ///< the vendor's code, as it stands in the keys
    std::string licence{};           ///< of the cashier's workplace, and of all if there is one
    std::string terminal_licence{};  ///< of the data terminal; empty: the same
    std::string vendor_root{};       ///< the vendor's root certificate, PEM
    std::string access_code{};       ///< of keys with one; empty: none
    std::string contact{};           ///< whom to ask for licences: stands in refusals
    std::string server_name{};       ///< of this sumpd, for people
    std::string pins{};              ///< file of pinned servers
    std::string local_endpoint{};    ///< of *LOCAL; empty: licd of this machine
};

enum class SeatStanding : std::uint8_t {
    held,
    grace,     ///< its time is over and the licence server cannot be reached
    resuming,  ///< of before a restart, not asked for yet
    gone       ///< the session is over with it
};

/// A device's seat as an administrator sees it.
struct SeatRow {
    std::string device_id{};
    std::string device_name{};
    std::string user{};
    SeatStanding standing = SeatStanding::held;
    std::string licence{};
    std::string key{};        ///< serial; empty: not known yet
    std::int64_t number = 0;  ///< licence number; 0: not known yet
    std::int64_t left_s = 0;  ///< until held or grace is over if nothing is heard
};

struct SeatsState {
    bool needed = false;
    std::string address{};
    std::string licence{};
    std::string terminal_licence{};
    std::string last_error{};  ///< of the last talk with the licence server; empty: it went well
    std::int64_t last_heard_ms = 0;  ///< Unix time of the last good answer; 0: never
    std::vector<SeatRow> seats{};
};

/// Takes, keeps and gives back seats: one of a device, whatever sessions it has. One thread beats
/// for all and gives back; a login waits for its own device's seat alone. Documents need no seat.
class Seats final : public apps::SeatPort {
public:
    /// `clock` is the boot clock of a program. Errors: bad_field (an option), system_failed.
    static base::Result<std::unique_ptr<Seats>> start(SeatsOptions options, os::Clock& clock,
                                                      const os::Logger& logger);
    /// Gives all seats back within kEndTime; the sessions ask for them again at the next start.
    ~Seats() override;

    exchange::Outcome<std::string> take(const apps::SeatWish& wish) override;
    void resume(const std::vector<apps::SeatWish>& sessions) override;
    void give_back(const std::string& session) override;
    void used(const std::string& session) override;
    bool holds(const std::string& session) override;

    SeatsState state();
    /// Takes a licence and gives it back, for the administrator who tries the settings: which key
    /// it would be. Blocks as take() does, and has its faults.
    exchange::Outcome<std::string> test();

private:
    struct Parts;
    explicit Seats(std::unique_ptr<Parts> parts);
    const std::unique_ptr<Parts> parts_;
};

}  // namespace tillhost::sumpd::seats
