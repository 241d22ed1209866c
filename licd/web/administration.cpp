#include <algorithm>
#include <utility>

#include "licd/web/panel.h"
#include "licd/web/visits.h"

// Settings are changed, and go back to what they were.
namespace tillhost::licd::web {

using base::Result;
using contract::LicenceSettingsReply;
using contract::RequestKind;
using contract::SetLicenceSettingsRequest;
using http::Response;
using http::Visit;

namespace {

Result<LicenceSettingsReply> settings_now(Door& door, std::string_view who) {
    return ask<LicenceSettingsReply>(door, who, RequestKind::licence_settings,
                                     contract::LicencesRequest{});
}

Result<LicenceSettingsReply> defaults_of(Door& door, std::string_view who, bool really) {
    SetLicenceSettingsRequest request;
    request.forget_all = true;
    request.only_check = !really;
    return ask<LicenceSettingsReply>(door, who, RequestKind::set_licence_settings, request);
}

/// What differs from what the form was sent out with: of a form that is left open for an hour only
/// what was touched is changed.
SetLicenceSettingsRequest changes_in(const Visit& visit, const LicenceSettingsReply& now) {
    SetLicenceSettingsRequest request;
    for (const contract::LicenceSetting& one : now.settings) {
        const std::string* value = http::find(visit.form.fields, "set." + one.name);
        const std::string* was = http::find(visit.form.fields, "was." + one.name);
        if (visit.field("forget." + one.name) == "yes") {
            request.forget.push_back(one.name);
        } else if (value != nullptr && (was == nullptr || *value != *was)) {
            request.changes.push_back({one.name, *value});
        }
    }
    return request;
}

}  // namespace

Response Panel::settings(View view, SettingsForm form) const {
    auto now = settings_now(parts_.door, view.user);
    if (!now) {
        view.error = base::to_text(now.error());
        return {.status = 503, .body = message_page(view, text(view.language, Text::no_answer))};
    }
    form.reply = std::move(*now);
    return page(settings_page(view, form));
}

Response Panel::change_settings(const Visit& visit) const {
    const auto now = settings_now(parts_.door, user_of(visit));
    if (!now) {
        return unreachable(visit, now.error());
    }
    const SetLicenceSettingsRequest request = changes_in(visit, *now);
    if (request.changes.empty() && request.forget.empty()) {
        return http::see_other(noted("/settings", "settings_same", ""));
    }
    log(visit, "change_settings");
    const auto changed = ask<LicenceSettingsReply>(parts_.door, user_of(visit),
                                                   RequestKind::set_licence_settings, request);
    if (changed) {
        return http::see_other(noted("/settings", "settings_saved", ""));
    }
    SettingsForm form;
    for (const contract::LicenceSettingChange& change : request.changes) {
        form.typed.emplace(change.name, change.value);
    }
    // An error about a field begins with its name.
    const std::string& detail = changed.error().detail;
    const std::size_t end = std::min(detail.find(": "), detail.size());
    const bool names_one = std::any_of(
        now->settings.begin(), now->settings.end(),
        [&](const contract::LicenceSetting& one) { return detail.compare(0, end, one.name) == 0; });
    if (!names_one) {
        return settings(refused_view(visit, changed.error()), std::move(form));
    }
    form.wrong = detail.substr(0, end);
    form.why = detail.substr(std::min(end + 2, detail.size()));
    const std::string_view said = text(visit.language, Text::settings_refused);
    return settings(error_view(visit, said), std::move(form));
}

Response Panel::defaults(const Visit& visit, View view) const {
    const auto now = settings_now(parts_.door, user_of(visit));
    const auto then = defaults_of(parts_.door, user_of(visit), false);
    if (!now || !then) {
        return unreachable(visit, now ? then.error() : now.error());
    }
    return page(defaults_page(view, *now, *then));
}

Response Panel::restore_defaults(const Visit& visit) const {
    if (visit.field("sure") != "yes") {
        return defaults(visit, error_view(visit, text(visit.language, Text::tick_wanted)));
    }
    log(visit, "restore_defaults");
    const auto done = defaults_of(parts_.door, user_of(visit), true);
    return done ? http::see_other(noted("/settings", "defaults_restored", ""))
                : defaults(visit, refused_view(visit, done.error()));
}

Response Panel::change_login(const Visit& visit) const {
    const panel::Entrance::Changed changed = entrance_.change(visit);
    if (!changed.fault.empty()) {
        return settings(error_view(visit, changed.fault), {});
    }
    Response again = http::see_other(noted("/settings", "login_changed", ""));
    again.headers.push_back({"Set-Cookie", changed.cookie});
    return again;
}

}  // namespace tillhost::licd::web
