#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "hal/os/clock.h"
#include "hal/os/digest.h"
#include "ipc/http/message.h"
#include "ipc/http/texts.h"

namespace tillhost::http {

enum class Role : std::uint8_t { user, administrator };

/// Who a request comes from, as of its login.
struct Session {
    std::string user;
    Role role = Role::user;
    Language language = Language::en;
    std::string csrf;  ///< what a form of this session must bring along (field "csrf")
};

struct SessionOptions {
    /// The cookie is "__Host-" and this: browsers take such a one only through TLS, for one host
    /// and the whole of it. Differs between servers of one machine, since cookies know no ports.
    std::string cookie = "tillhost";
    std::chrono::seconds idle = std::chrono::minutes(30);    ///< between two requests
    std::chrono::seconds absolute = std::chrono::hours(12);  ///< since the login
    /// Of all users; one more ends the one that was idle longest.
    std::size_t sessions_max = 256;
};

/// The logins that are good now. In memory only: a restart logs everybody out. Kept is the SHA-256
/// of each token, never the token: a copy of the memory does not open a session. Any thread.
class Sessions final {
public:
    explicit Sessions(const os::Clock& clock, SessionOptions options = {});

    /// Begins a session with a new token of 256 random bits and ends the one that the request came
    /// with, if any. Returns the value of the Set-Cookie header to be sent.
    std::string open(const Request& login, std::string_view user, Role role, Language language);

    /// The session that the request's cookie names, and counts as its use. Nothing if there is
    /// none, or it is over.
    std::optional<Session> find(const Request& request);

    /// Ends the request's session; returns the Set-Cookie value that takes the cookie away.
    std::string end(const Request& request);
    /// Ends all of that user: its password or its role has changed.
    void end_all_of(std::string_view user);
    void set_language(const Request& request, Language language);

    std::size_t count() const;

private:
    struct Entry {
        std::string user;
        Role role = Role::user;
        Language language = Language::en;
        os::Instant opened;
        os::Instant used;
    };
    using Entries = std::map<os::Sha256, Entry>;

    std::string cookie_of(std::string_view token, std::chrono::seconds age) const;
    std::string token_of(const Request& request) const;
    Entries::iterator alive(std::string_view token);
    void make_room();

    const os::Clock& clock_;
    const SessionOptions options_;
    const base::Bytes csrf_key_;
    mutable std::mutex mutex_;
    Entries entries_;  ///< by the digest of the token; under mutex_
};

}  // namespace tillhost::http
