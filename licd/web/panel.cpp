#include "licd/web/panel.h"

#include <charconv>
#include <utility>

#include "licd/web/parts.h"
#include "licd/web/visits.h"

namespace tillhost::licd::web {

using base::Result;
using contract::RequestKind;
using http::Access;
using http::Method;
using http::Response;
using http::Visit;

namespace {

std::int64_t number_in(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : 0;
}

std::int64_t number_in_query(const Visit& visit, std::string_view name) {
    const std::string* number = http::find(visit.request.query, name);
    return number == nullptr ? 0 : number_in(*number);
}

/// The key of that serial; nothing if there is none. Errors: the door's.
Result<std::optional<contract::LicenceKey>> key_of(Door& door, std::string_view who,
                                                   std::string_view serial) {
    auto reply = TRY(ask<contract::LicenceKeysReply>(door, who, RequestKind::licence_keys,
                                                     contract::LicencesRequest{}));
    for (contract::LicenceKey& key : reply.keys) {
        if (key.serial == serial) {
            return std::optional(std::move(key));
        }
    }
    return std::optional<contract::LicenceKey>();
}

}  // namespace

Panel::Panel(Parts parts)
    : parts_(std::move(parts)),
      entrance_({.login = parts_.login,
                 .sessions = parts_.sessions,
                 .passwords = parts_.passwords,
                 .guard = parts_.guard,
                 .logger = parts_.logger,
                 .title = [](http::Language language) { return text(language, Text::title); },
                 .home = "/connections",
                 .note =
                     [to = parts_.sign_ins](std::string_view act, std::string_view user,
                                            std::string_view from) {
                         if (to != nullptr) {
                             to->put(act, user, from);
                         }
                     }}),
      router_(parts_.sessions) {
    entrance_.add_to(router_);
    add_connections();
    add_keys();
    add_functions();
    add_settings();
}

void Panel::log(const Visit& visit, std::string_view act, std::string_view of) const {
    parts_.logger.notice("web", {{"act", std::string(act)},
                                 {"of", std::string(of)},
                                 {"user", visit.session ? visit.session->user : std::string()},
                                 {"from", visit.request.peer}});
}

void Panel::add_connections() {
    router_.add(Method::get, "/connections", Access::administrator,
                [this](const Visit& visit) { return connections(visit, view_of(visit)); });
    router_.add(
        Method::post, "/connections/release", Access::administrator, [this](const Visit& visit) {
            const std::int64_t number = number_in(visit.field("number"));
            if (number == 0) {
                return http::plain_answer(400, "number: the number of a licence is wanted");
            }
            log(visit, "release", visit.field("number"));
            const auto freed = ask<contract::FreeLicencesReply>(
                parts_.door, user_of(visit), RequestKind::free_licences,
                contract::FreeLicencesRequest{.number = number});
            return freed ? http::see_other(noted("/connections",
                                                 freed->taken == 0 ? "was_gone" : "released",
                                                 std::to_string(number)))
                         : connections(visit, refused_view(visit, freed.error()));
        });
}

Response Panel::connections(const Visit& visit, View view) const {
    const std::int64_t after = number_in_query(visit, "after");
    const auto reply = ask<contract::LicenceConnectionsReply>(
        parts_.door, user_of(visit), RequestKind::licence_connections,
        contract::LicenceConnectionsRequest{.after = after, .limit = kConnectionsPerPage});
    return reply ? page(connections_page(view, *reply, after)) : unreachable(visit, reply.error());
}

void Panel::add_keys() {
    router_.add(Method::get, "/keys", Access::administrator, [this](const Visit& visit) {
        const auto reply = ask<contract::LicenceKeysReply>(
            parts_.door, user_of(visit), RequestKind::licence_keys, contract::LicencesRequest{});
        return reply ? page(keys_page(view_of(visit), *reply)) : unreachable(visit, reply.error());
    });
    router_.add(Method::get, "/keys/{serial}", Access::administrator,
                [this](const Visit& visit) { return key(visit, view_of(visit)); });
    router_.add(Method::post, "/keys/{serial}/set", Access::administrator,
                [this](const Visit& visit) { return set_key(visit); });
    router_.add(Method::post, "/keys/{serial}/activate", Access::administrator,
                [this](const Visit& visit) { return activate(visit); });
    router_.add(
        Method::post, "/keys/{serial}/remove", Access::administrator, [this](const Visit& visit) {
            const std::string serial(visit.parameter("serial"));
            if (visit.field("sure") != "yes") {
                return key(visit, error_view(visit, text(visit.language, Text::tick_wanted)));
            }
            log(visit, "remove_key", serial);
            const auto gone = ask<contract::LicenceKeysReply>(
                parts_.door, user_of(visit), RequestKind::remove_licence_key,
                contract::LicenceKeyRequest{.serial = serial});
            return gone ? http::see_other(noted("/keys", "taken_away", serial))
                        : key(visit, refused_view(visit, gone.error()));
        });
}

Response Panel::key(const Visit& visit, View view) const {
    return show_key(visit, std::move(view), {});
}

Response Panel::show_key(const Visit& visit, View view, const Request& request) const {
    const auto found = key_of(parts_.door, user_of(visit), visit.parameter("serial"));
    if (!found) {
        return unreachable(visit, found.error());
    }
    if (!found->has_value()) {
        Response missing = page(message_page(view, text(visit.language, Text::not_found)));
        missing.status = 404;
        return missing;
    }
    return page(key_page(view, **found, request));
}

Response Panel::set_key(const Visit& visit) const {
    const std::string serial(visit.parameter("serial"));
    contract::SetLicenceKeyRequest wanted{.serial = serial,
                                          .enabled = visit.field("enabled") == "yes"};
    if (visit.field("no_code") == "yes") {
        wanted.access_code = "";
    } else if (!visit.field("code").empty()) {
        wanted.access_code = std::string(visit.field("code"));
    }
    log(visit, "set_key", serial);
    const auto set = ask<contract::LicenceKey>(parts_.door, user_of(visit),
                                               RequestKind::set_licence_key, wanted);
    return set ? http::see_other(noted(key_path(serial), "key_saved", serial))
               : key(visit, refused_view(visit, set.error()));
}

Response Panel::activate(const Visit& visit) const {
    const std::string serial(visit.parameter("serial"));
    log(visit, "activate", serial);
    const auto request = ask<contract::ActivateLicenceReply>(
        parts_.door, user_of(visit), RequestKind::activate_licence,
        contract::ActivateLicenceRequest{.serial = serial, .pin = std::string(visit.field("pin"))});
    return request ? show_key(visit, view_of(visit), *request)
                   : key(visit, refused_view(visit, request.error()));
}

void Panel::add_functions() {
    router_.add(Method::get, "/functions", Access::administrator,
                [this](const Visit& visit) { return functions(view_of(visit)); });
    router_.add(Method::post, "/functions/load", Access::administrator,
                [this](const Visit& visit) { return load(visit); });
    router_.add(Method::post, "/functions/logs", Access::administrator,
                [this](const Visit& visit) { return pack_logs(visit); });
    router_.add(Method::get, "/functions/acts", Access::administrator,
                [this](const Visit& visit) { return acts(visit); });
    router_.add(
        Method::post, "/functions/release-all", Access::administrator, [this](const Visit& visit) {
            if (visit.field("sure") != "yes") {
                return functions(error_view(visit, text(visit.language, Text::tick_wanted)));
            }
            log(visit, "release_all");
            const auto freed = ask<contract::FreeLicencesReply>(parts_.door, user_of(visit),
                                                                RequestKind::free_licences,
                                                                contract::FreeLicencesRequest{});
            return freed ? http::see_other(
                               noted("/functions", "released_all", std::to_string(freed->taken)))
                         : functions(refused_view(visit, freed.error()));
        });
}

Response Panel::functions(View view) const {
    const auto traits = ask<contract::LicenceTraitsReply>(
        parts_.door, view.user, RequestKind::licence_traits, contract::LicencesRequest{});
    if (!traits) {
        view.error = base::to_text(traits.error());
    }
    return page(functions_page(view, traits ? *traits : contract::LicenceTraitsReply{}));
}

Response Panel::load(const Visit& visit) const {
    std::string content(visit.field("text"));
    for (const http::Upload& upload : visit.form.files) {
        content = upload.content.empty() ? content : upload.content;
    }
    if (content.empty()) {
        return functions(error_view(visit, text(visit.language, Text::nothing_chosen)));
    }
    log(visit, "load");
    const auto loaded =
        ask<contract::LicenceKey>(parts_.door, user_of(visit), RequestKind::load_licence_file,
                                  contract::LicenceKeyText{.text = content});
    if (!loaded) {
        return functions(refused_view(visit, loaded.error()));
    }
    return http::see_other(noted("/functions", "loaded", loaded->serial));
}

Response Panel::pack_logs(const Visit& visit) const {
    log(visit, "pack_logs");
    const auto logs = ask<contract::LicenceLogs>(
        parts_.door, user_of(visit), RequestKind::pack_licence_logs, contract::LicencesRequest{});
    if (!logs) {
        return functions(refused_view(visit, logs.error()));
    }
    return {.content_type = "application/x-tar",
            .headers = {{"Content-Disposition", "attachment; filename=\"" + logs->file + "\""}},
            .body = base::string_of(logs->content)};
}

Response Panel::acts(const Visit& visit) const {
    const std::int64_t before = number_in_query(visit, "before");
    const auto reply = ask<contract::LicenceActsReply>(
        parts_.door, user_of(visit), RequestKind::licence_acts,
        contract::LicenceActsRequest{.before = before, .limit = kActsPerPage});
    return reply ? page(acts_page(view_of(visit), *reply, before))
                 : unreachable(visit, reply.error());
}

void Panel::add_settings() {
    router_.add(Method::get, "/settings", Access::administrator,
                [this](const Visit& visit) { return settings(view_of(visit), {}); });
    router_.add(Method::post, "/settings/change", Access::administrator,
                [this](const Visit& visit) { return change_settings(visit); });
    router_.add(Method::get, "/settings/defaults", Access::administrator,
                [this](const Visit& visit) { return defaults(visit, view_of(visit)); });
    router_.add(Method::post, "/settings/defaults", Access::administrator,
                [this](const Visit& visit) { return restore_defaults(visit); });
    router_.add(Method::post, "/settings/login", Access::administrator,
                [this](const Visit& visit) { return change_login(visit); });
}

}  // namespace tillhost::licd::web
