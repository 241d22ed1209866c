#include "ipc/panel/entrance.h"

#include <algorithm>

#include "hal/os/digest.h"
#include "ipc/panel/assets.h"
#include "ipc/panel/parts.h"
#include "ipc/panel/texts.h"

namespace tillhost::panel {

using http::Access;
using http::Method;
using http::Response;
using http::Visit;

namespace {

constexpr std::string_view kSetUp = "(set-up)";  ///< the account that wrong tokens count for
constexpr std::string_view kAssetAge = "max-age=3600";

std::size_t characters_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

bool is_user_name(std::string_view user) {
    constexpr unsigned char kFirstPrintable = 0x20;
    return !user.empty() && user.size() <= kUserBytesMax &&
           std::all_of(user.begin(), user.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= kFirstPrintable; });
}

std::string locked_text(http::Language language, std::chrono::seconds left) {
    return text(language, Text::locked_out, std::to_string(left.count() / 60 + 1));
}

Markup new_password(http::Language language) {
    const Input first{
        .name = "password", .kind = "password", .autocomplete = "new-password", .required = true};
    Input again = first;
    again.name = "again";
    return input(text(language, Text::new_password), first) +
           input(text(language, Text::password_again), again);
}

Markup sign_in_form(const View& view, std::string_view reset) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const Markup fields =
        input(say(Text::user), {.name = "user", .autocomplete = "username", .required = true}) +
        input(say(Text::password), {.name = "password",
                                    .kind = "password",
                                    .autocomplete = "current-password",
                                    .required = true}) +
        button(say(Text::sign_in));
    return heading(say(Text::sign_in)) + form(view.csrf, "/login", fields) +
           paragraph(text(view.language, Text::forgotten, reset));
}

Markup set_up_form(const View& view, std::string_view file) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const Markup fields =
        input(say(Text::token), {.name = "token", .required = true}) +
        input(say(Text::user), {.name = "user", .autocomplete = "username", .required = true}) +
        new_password(view.language) + button(say(Text::make_login));
    return heading(say(Text::set_up)) + paragraph(text(view.language, Text::set_up_says, file)) +
           form(view.csrf, "/set-up", fields);
}

/// What is wrong with a new login; empty if nothing is.
std::string fault_of(const Visit& visit, std::string_view user) {
    const std::string_view password = visit.field("password");
    if (!is_user_name(user)) {
        return std::string(text(visit.language, Text::user_wanted));
    }
    if (characters_of(password) < kPasswordCharactersMin || password.size() > kPasswordBytesMax) {
        return text(visit.language, Text::password_short, std::to_string(kPasswordCharactersMin));
    }
    return password == visit.field("again")
               ? std::string()
               : std::string(text(visit.language, Text::passwords_differ));
}

}  // namespace

void Entrance::add_to(http::Router& router) const {
    router.add(Method::get, "/assets/panel.css", Access::anyone, [](const Visit& visit) {
        return asset(visit.request, "text/css; charset=utf-8", kStyle);
    });
    router.add(Method::get, "/assets/panel.js", Access::anyone, [](const Visit& visit) {
        return asset(visit.request, "text/javascript; charset=utf-8", kScript);
    });
    router.add(Method::get, "/login", Access::anyone,
               [this](const Visit& visit) { return page(visit, {}); });
    router.add(Method::post, "/login", Access::anyone,
               [this](const Visit& visit) { return sign_in(visit); });
    router.add(Method::post, "/set-up", Access::anyone,
               [this](const Visit& visit) { return set_up(visit); });
    router.add(Method::get, "/", Access::administrator,
               [this](const Visit&) { return http::see_other(parts_.home); });
    router.add(Method::post, "/sign-out", Access::administrator, [this](const Visit& visit) {
        log(visit, "sign_out", visit.session->user);
        Response away = http::see_other("/login");
        away.headers.push_back({"Set-Cookie", parts_.sessions.end(visit.request)});
        return away;
    });
    router.add(Method::post, "/language", Access::administrator, [this](const Visit& visit) {
        const auto language = http::language_from(visit.field("language"));
        parts_.sessions.set_language(visit.request, language.value_or(visit.language));
        return http::see_other(parts_.home);
    });
}

void Entrance::log(const Visit& visit, std::string_view act, std::string_view user) const {
    parts_.logger.notice("web", {{"act", std::string(act)},
                                 {"of", std::string(user)},
                                 {"user", visit.session ? visit.session->user : std::string()},
                                 {"from", visit.request.peer}});
    if (parts_.note) {
        parts_.note(act, user, visit.request.peer);
    }
}

/// Signing in, or the first set-up while there is no login.
Response Entrance::page(const Visit& visit, std::string_view why) const {
    View view = view_of(visit);
    view.error = why;
    const auto title = parts_.title(visit.language);
    const auto kept = parts_.login.read();
    if (!kept) {
        return {.status = 503,
                .body = document(view, title, {}, heading(base::to_text(kept.error())))};
    }
    return {.body = document(view, title, {},
                             kept->has_value() ? sign_in_form(view, parts_.login.reset())
                                               : set_up_form(view, parts_.login.token_path()))};
}

std::string Entrance::open(const Visit& visit, std::string_view user) const {
    return parts_.sessions.open(visit.request, user, http::Role::administrator, visit.language);
}

Response Entrance::comes_in(const Visit& visit, std::string_view user) const {
    Response in = http::see_other(parts_.home);
    in.headers.push_back({"Set-Cookie", open(visit, user)});
    return in;
}

Response Entrance::sign_in(const Visit& visit) const {
    const std::string user(visit.field("user"));
    if (const auto left = parts_.guard.attempt(user, visit.request.peer)) {
        parts_.logger.warning("web login locked", {{"user", user}, {"from", visit.request.peer}});
        return page(visit, locked_text(visit.language, *left));
    }
    const auto kept = parts_.login.read();
    const bool known = kept && kept->has_value() && (*kept)->user == user;
    const std::optional<std::string> hash =
        known ? std::optional((*kept)->hash) : std::optional<std::string>();
    if (!parts_.passwords.matches(hash, visit.field("password"))) {
        parts_.logger.warning("web login refused", {{"user", user}, {"from", visit.request.peer}});
        return page(visit, text(visit.language, Text::wrong_login));
    }
    parts_.guard.succeeded(user, visit.request.peer);
    log(visit, "sign_in", user);
    return comes_in(visit, user);
}

/// Writes the login of the form; why not, if it is not written.
std::string Entrance::keep(const Visit& visit, const std::string& user) const {
    if (std::string fault = fault_of(visit, user); !fault.empty()) {
        return fault;
    }
    const auto hash = parts_.passwords.hash(visit.field("password"));
    const auto written = hash ? parts_.login.write({user, *hash}) : base::Done();
    return hash && written ? "" : base::to_text(hash ? written.error() : hash.error());
}

Response Entrance::set_up(const Visit& visit) const {
    const auto kept = parts_.login.read();
    if (!kept || kept->has_value()) {
        return http::see_other("/login");  // somebody was quicker, or the file is damaged
    }
    if (const auto left = parts_.guard.attempt(kSetUp, visit.request.peer)) {
        return page(visit, locked_text(visit.language, *left));
    }
    const auto token = parts_.login.token();
    if (!token || !os::same_secret(base::bytes_of(*token), base::bytes_of(visit.field("token")))) {
        parts_.logger.warning("web set-up refused", {{"from", visit.request.peer}});
        return page(visit, text(visit.language, Text::token_wrong));
    }
    parts_.guard.succeeded(kSetUp, visit.request.peer);
    const std::string user(visit.field("user"));
    if (const std::string fault = keep(visit, user); !fault.empty()) {
        return page(visit, fault);
    }
    log(visit, "set_up", user);
    return comes_in(visit, user);
}

Entrance::Changed Entrance::change(const Visit& visit) const {
    const std::string& user = visit.session->user;
    if (const auto left = parts_.guard.attempt(user, visit.request.peer)) {
        return {.fault = locked_text(visit.language, *left), .cookie = {}};
    }
    const auto kept = parts_.login.read();
    if (!kept || !kept->has_value() ||
        !parts_.passwords.matches((*kept)->hash, visit.field("old"))) {
        return {.fault = std::string(text(visit.language, Text::wrong_login)), .cookie = {}};
    }
    parts_.guard.succeeded(user, visit.request.peer);
    const std::string name(visit.field("user").empty() ? user : visit.field("user"));
    if (std::string fault = keep(visit, name); !fault.empty()) {
        return {.fault = std::move(fault), .cookie = {}};
    }
    log(visit, "change_login", name);
    parts_.sessions.end_all_of(user);
    return {.fault = {}, .cookie = open(visit, name)};
}

Markup change_form(const View& view, std::string_view action) {
    const auto say = [&](Text which) { return text(view.language, which); };
    return heading(say(Text::change_login), 2) +
           form(view.csrf, action,
                input(say(Text::user), {.name = "user",
                                        .autocomplete = "username",
                                        .required = true,
                                        .value = view.user}) +
                    input(say(Text::old_password), {.name = "old",
                                                    .kind = "password",
                                                    .autocomplete = "current-password",
                                                    .required = true}) +
                    new_password(view.language) + button(say(Text::change_login)));
}

Response asset(const http::Request& request, std::string_view type, std::string_view content) {
    const std::string tag = "\"" + os::sha256_hex(base::bytes_of(content)) + "\"";
    Response response{.content_type = std::string(type),
                      .headers = {{"Cache-Control", std::string(kAssetAge)}, {"ETag", tag}}};
    if (request.header("If-None-Match") == tag) {
        response.status = 304;
    } else {
        response.body = content;
    }
    return response;
}

}  // namespace tillhost::panel
