#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "hal/os/log.h"
#include "ipc/http/password.h"
#include "ipc/http/router.h"
#include "ipc/http/session.h"
#include "ipc/panel/document.h"
#include "ipc/panel/login_file.h"

namespace tillhost::panel {

/// Who comes in to a panel: the login, the first set-up by the one-time token, another password.
/// The answers to "/login", "/set-up", "/sign-out", "/language", and to the style and the script.
/// Wrong tries count for the account and the address (http::LoginGuard), and each is logged with
/// the address it came from. Any thread.
class Entrance final {
public:
    struct Parts {
        const LoginFile& login;
        http::Sessions& sessions;
        http::Passwords& passwords;
        http::LoginGuard& guard;
        const os::Logger& logger;
        /// The name of the server as a page shows it.
        std::string_view (*title)(http::Language language);
        std::string home;  ///< where who has come in begins
        /// Told of who came in, left, or has another login: "sign_in", "sign_out", "set_up",
        /// "change_login", the user and the address. Not of wrong tries, with which anybody could
        /// fill what is kept; those are in the log. Any thread.
        std::function<void(std::string_view act, std::string_view user, std::string_view from)>
            note = {};
    };
    /// All outlive it.
    explicit Entrance(Parts parts) : parts_(std::move(parts)) {}

    void add_to(http::Router& router) const;

    /// Another name or password for who is signed in, from the form of change_form().
    struct Changed {
        std::string fault;   ///< why not, in the visitor's language; empty: it is changed
        std::string cookie;  ///< of the new session (Set-Cookie); the user's others have ended
    };
    Changed change(const http::Visit& visit) const;

private:
    http::Response page(const http::Visit& visit, std::string_view why) const;
    http::Response sign_in(const http::Visit& visit) const;
    http::Response set_up(const http::Visit& visit) const;
    http::Response comes_in(const http::Visit& visit, std::string_view user) const;
    std::string open(const http::Visit& visit, std::string_view user) const;
    std::string keep(const http::Visit& visit, const std::string& user) const;
    void log(const http::Visit& visit, std::string_view act, std::string_view user) const;

    const Parts parts_;
};

/// The form of Entrance::change(), which posts to `action`.
http::Markup change_form(const View& view, std::string_view action);

/// An answer with a file of the program, and 304 where the browser has it.
http::Response asset(const http::Request& request, std::string_view type, std::string_view content);

}  // namespace tillhost::panel
