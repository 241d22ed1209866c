#pragma once

#include <string>
#include <vector>

#include "sumpd/exchange/fault.h"

namespace tillhost::sumpd::apps {

/// Whose session needs a licence. It is shown so in licd's list of connections.
struct SeatWish {
    std::string session{};    ///< digest of its token, names the session
    std::string device_id{};  ///< UUID; all sessions of a device sit on one seat
    std::string device_name{};
    std::string user{};        ///< login
    bool is_terminal = false;  ///< the app is a data terminal
};

/// Where sessions of apps get their licences. Any thread.
class SeatPort {
public:
    virtual ~SeatPort() = default;

    /// A seat for a session that begins; empty if none is needed, else what names the lease over a
    /// restart. Blocks for the licence server at most seats::kTakeTime. Faults: licence_denied (no
    /// seat is free, or there is no such licence; says whom to ask), too_many with RetryAfterMs
    /// (the licence server cannot be reached, or has too much to do).
    virtual exchange::Outcome<std::string> take(const SeatWish& wish) = 0;
    /// Sessions that were open when the process ended: their seats are asked for again by and by,
    /// and until the licence server has answered each counts as held, for a bounded time.
    virtual void resume(const std::vector<SeatWish>& sessions) = 0;
    /// The session is over. Never waits; the licence server is told later.
    virtual void give_back(const std::string& session) = 0;
    /// The session's app is used. Costs nothing.
    virtual void used(const std::string& session) = 0;
    /// False: the session's seat is gone for ever, and the session with it. Never waits.
    virtual bool holds(const std::string& session) = 0;
};

/// Where no licences are needed.
class NoSeats final : public SeatPort {
public:
    exchange::Outcome<std::string> take(const SeatWish&) override { return std::string(); }
    void resume(const std::vector<SeatWish>&) override {}
    void give_back(const std::string&) override {}
    void used(const std::string&) override {}
    bool holds(const std::string&) override { return true; }
};

}  // namespace tillhost::sumpd::apps
