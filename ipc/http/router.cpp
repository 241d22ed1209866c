#include "ipc/http/router.h"

#include <algorithm>

#include "hal/base/invariant.h"
#include "hal/os/digest.h"

namespace tillhost::http {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
    std::vector<std::string> parts;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        parts.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return parts;
}

bool is_name(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }

bool is_same_shape(const std::vector<std::string>& one, const std::vector<std::string>& other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                      [](const std::string& a, const std::string& b) {
                          return a == b || (is_name(a) && is_name(b));
                      });
}

/// The parameters if the parts fit the pattern.
std::optional<std::vector<Pair>> fit(const std::vector<std::string>& pattern,
                                     const std::vector<std::string>& parts) {
    if (pattern.size() != parts.size()) {
        return std::nullopt;
    }
    std::vector<Pair> parameters;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (is_name(pattern[i]) && !parts[i].empty()) {
            parameters.push_back({pattern[i].substr(1, pattern[i].size() - 2), parts[i]});
        } else if (pattern[i] != parts[i]) {
            return std::nullopt;
        }
    }
    return parameters;
}

std::string_view value_in(const std::vector<Pair>& pairs, std::string_view name) {
    const std::string* const value = find(pairs, name);
    return value == nullptr ? std::string_view() : std::string_view(*value);
}

/// "https://till.example:15201/page" begins with this server's scheme and host, and ends or goes on
/// with a "/".
bool is_own_url(std::string_view url, const Request& request) {
    const bool tls = url.starts_with("https://");
    if (!tls && (request.secure || !url.starts_with("http://"))) {
        return false;
    }
    url.remove_prefix(std::string_view(tls ? "https://" : "http://").size());
    const std::string_view host = request.header("Host");
    return same_name(url.substr(0, std::min(url.find('/'), url.size())), host);
}

bool has_token(const Request& request, const Form& form, const Session& session) {
    const std::string_view header = request.header("X-CSRF-Token");
    const std::string_view given = header.empty() ? value_in(form.fields, "csrf") : header;
    return os::same_secret(base::bytes_of(given), base::bytes_of(session.csrf));
}

}  // namespace

std::string_view Visit::parameter(std::string_view name) const {
    return value_in(parameters, name);
}
std::string_view Visit::field(std::string_view name) const { return value_in(form.fields, name); }

bool is_from_here(const Request& request) {
    const std::string_view site = request.header("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none") {
        return false;
    }
    const std::string_view origin = request.header("Origin");
    if (origin == "null") {
        return site == "same-origin";
    }
    const std::string_view referer = request.header("Referer");
    const std::string_view said = origin.empty() ? referer : origin;
    return said.empty() || is_own_url(said, request);
}

void Router::add(Method method, std::string_view pattern, Access access, Page page) {
    INVARIANT(pattern.starts_with('/') && method != Method::head);
    Entry entry{{method, std::string(pattern), access}, parts_of(pattern), std::move(page)};
    INVARIANT(std::none_of(entries_.begin(), entries_.end(), [&entry](const Entry& other) {
        return other.route.method == entry.route.method && is_same_shape(other.parts, entry.parts);
    }));
    entries_.push_back(std::move(entry));
}

std::vector<Router::Route> Router::routes() const {
    std::vector<Route> routes;
    for (const Entry& entry : entries_) {
        routes.push_back(entry.route);
    }
    return routes;
}

/// A pattern with fewer names goes before one with more: "/users/new" before "/users/{name}".
Router::Match Router::match(const Request& request) const {
    const Method method = request.method == Method::head ? Method::get : request.method;
    const auto parts = parts_of(request.path);
    Match best;
    for (const Entry& entry : entries_) {
        auto parameters = fit(entry.parts, parts);
        best.path_known = best.path_known || parameters.has_value();
        const bool better =
            best.entry == nullptr || (parameters && parameters->size() < best.parameters.size());
        if (parameters && entry.route.method == method && better) {
            best.entry = &entry;
            best.parameters = std::move(*parameters);
        }
    }
    return best;
}

Response Router::without_session(const Request& request) const {
    return is_safe(request.method) ? see_other(login_path_) : plain_answer(403);
}

Response Router::answer(const Request& request) const {
    const std::optional<Session> session = sessions_.find(request);
    const Match found = match(request);
    if (found.entry == nullptr) {
        return session ? plain_answer(found.path_known ? 405 : 404) : without_session(request);
    }
    switch (found.entry->route.access) {
        case Access::anyone: break;
        case Access::session:
            if (!session) {
                return without_session(request);
            }
            break;
        case Access::administrator:
            if (!session) {
                return without_session(request);
            }
            if (session->role != Role::administrator) {
                return plain_answer(403);
            }
            break;
    }
    return visit(request, found, session);
}

Response Router::visit(const Request& request, const Match& found,
                       const std::optional<Session>& session) const {
    Form form;
    if (!is_safe(request.method)) {
        if (!is_from_here(request)) {
            return plain_answer(403, "The request comes from a page of another site.");
        }
        auto decoded = decode_form(request.header("Content-Type"), request.body);
        if (!decoded) {
            return plain_answer(400, decoded.error().detail);
        }
        form = std::move(*decoded);
        if (session && !has_token(request, form, *session)) {
            return plain_answer(403, "The form is of another session: load the page again.");
        }
    }
    const std::optional<Language> remembered =
        session ? std::optional(session->language) : std::nullopt;
    return found.entry->page({request, session, found.parameters, form,
                              language_of(request.header("Accept-Language"), remembered)});
}

}  // namespace tillhost::http
