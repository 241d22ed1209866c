#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/http/form.h"
#include "ipc/http/message.h"
#include "ipc/http/session.h"
#include "ipc/http/texts.h"

namespace tillhost::http {

/// Who may call a route.
enum class Access : std::uint8_t { anyone, session, administrator };

/// A request that has passed the router.
struct Visit {
    const Request& request;
    const std::optional<Session>& session;  ///< never empty unless the route is for anyone
    const std::vector<Pair>& parameters;    ///< of the pattern's {names}, decoded
    const Form& form;                       ///< empty for GET and HEAD
    Language language;                      ///< the session's, else the browser's

    /// The value of that part of the path; empty if the pattern has none of that name.
    std::string_view parameter(std::string_view name) const;
    /// The value of that field of the form, or empty.
    std::string_view field(std::string_view name) const;
};

/// Makes the answer to a visit; runs on a worker's thread, several at a time.
using Page = std::function<Response(const Visit&)>;

/// The one door to all pages. What no route allows is refused:
///
///  * Without a session GET and HEAD of anything that is not for anyone, known or not, go to the
///    login page (303), other methods get 403. Only with one does a path get 404 or 405.
///  * A session that is no administrator's gets 403 where one is asked for.
///  * Other methods than GET and HEAD need the session's CSRF token, as field "csrf" or header
///    "X-CSRF-Token", and must not come from another site's page (Origin, Referer, Sec-Fetch-Site
///    where the browser sends them); else 403. Where there is no session yet (the login itself) the
///    second is all: SameSite=Strict and the check of Host stand beside it.
///  * A form that cannot be decoded is 400.
///
/// Routes for GET and HEAD must not change anything; a test calls each of routes() without login.
class Router final {
public:
    struct Route {
        Method method = Method::get;
        std::string pattern;
        Access access = Access::administrator;
    };

    /// `sessions` outlives the router. `login_path`: a route for anyone of that path is expected.
    explicit Router(Sessions& sessions, std::string login_path = "/login")
        : sessions_(sessions), login_path_(std::move(login_path)) {}

    /// `pattern`: "/users/{name}/edit"; a {name} takes one part of the path that is not empty.
    /// HEAD goes to the routes for GET. Patterns that take the same paths may not differ in their
    /// names only. All are added before the first answer().
    void add(Method method, std::string_view pattern, Access access, Page page);

    /// The answer of the page, or the refusal. Any thread.
    Response answer(const Request& request) const;

    std::vector<Route> routes() const;

private:
    struct Entry {
        Route route;
        std::vector<std::string> parts;
        Page page;
    };
    struct Match {
        const Entry* entry = nullptr;  ///< nullptr: none of that method
        bool path_known = false;       ///< some method has a route of this path
        std::vector<Pair> parameters;
    };
    Match match(const Request& request) const;
    Response without_session(const Request& request) const;
    Response visit(const Request& request, const Match& match,
                   const std::optional<Session>& session) const;

    Sessions& sessions_;
    std::string login_path_;
    std::vector<Entry> entries_;
};

/// Whether what the browser says of the page that a request came from is this server, or nothing.
/// Browsers say "null" for forms of pages whose Referrer-Policy is no-referrer, as ours is; that is
/// taken only beside Sec-Fetch-Site: same-origin, which no page can write. Without TLS (behind a
/// proxy that has it) both schemes are taken.
bool is_from_here(const Request& request);

}  // namespace tillhost::http
