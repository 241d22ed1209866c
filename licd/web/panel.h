#pragma once

#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "ipc/http/password.h"
#include "ipc/http/router.h"
#include "ipc/http/session.h"
#include "ipc/panel/entrance.h"
#include "licd/web/door.h"
#include "licd/web/sign_ins.h"
#include "licd/web/view.h"

namespace tillhost::licd::web {

/// What takes the login away.
inline constexpr const char* kResetLogin = "licd --reset-web-login";

/// The administrator's panel: pages and forms over the requests that licd answers anyway. Called
/// on the threads of the HTTP server, several at a time; each page asks licd and may wait for it
/// for kDoorTimeMax. Every act is logged with who did it and from where.
class Panel final {
public:
    struct Parts {
        Door& door;
        const panel::LoginFile& login;
        http::Sessions& sessions;
        http::Passwords& passwords;
        http::LoginGuard& guard;
        const os::Logger& logger;
        SignIns* sign_ins = nullptr;  ///< told of who comes in
    };
    explicit Panel(Parts parts);

    http::Response answer(const http::Request& request) const { return router_.answer(request); }
    /// All of them; a test calls each without a login.
    std::vector<http::Router::Route> routes() const { return router_.routes(); }

private:
    void add_connections();
    void add_keys();
    void add_functions();
    void add_settings();

    http::Response change_login(const http::Visit& visit) const;
    http::Response connections(const http::Visit& visit, View view) const;
    using Request = std::optional<contract::ActivateLicenceReply>;
    http::Response key(const http::Visit& visit, View view) const;
    /// With a request of activation that was just made.
    http::Response show_key(const http::Visit& visit, View view, const Request& request) const;
    http::Response set_key(const http::Visit& visit) const;
    http::Response activate(const http::Visit& visit) const;
    http::Response load(const http::Visit& visit) const;
    http::Response functions(View view) const;
    http::Response pack_logs(const http::Visit& visit) const;
    http::Response acts(const http::Visit& visit) const;
    /// `form`: what was typed and refused, if anything was; its reply is filled in.
    http::Response settings(View view, SettingsForm form) const;
    http::Response change_settings(const http::Visit& visit) const;
    http::Response defaults(const http::Visit& visit, View view) const;
    http::Response restore_defaults(const http::Visit& visit) const;
    void log(const http::Visit& visit, std::string_view act, std::string_view of = {}) const;

    Parts parts_;
    panel::Entrance entrance_;
    http::Router router_;
};

}  // namespace tillhost::licd::web
