#include <algorithm>
#include <optional>

#include "ipc/client/cpp/client.h"
#include "sumpd/console/device_pages.h"
#include "sumpd/gateway/answers.h"

// One device: its state, its set-up, what it is called, who may see it.
namespace tillhost::sumpd::console {

using contract::DeviceSettings;
using contract::Manifest;
using http::Access;
using http::Method;
using http::Response;
using http::Visit;

namespace {

/// All that devd says of one device.
struct Card {
    DeviceSettings settings{};
    std::optional<contract::Device> device{};  ///< nothing: not in the list, just made or gone
    contract::ModelsReply models{};
    const Manifest* manifest = nullptr;  ///< in `models`
};

base::Result<Card> card_of(const Parts& parts, const std::string& id) {
    Card card;
    card.settings = TRY(parts.devices.settings(id));
    for (contract::Device& one : TRY(parts.devices.devices())) {
        if (one.device == id) {
            card.device = std::move(one);
        }
    }
    const bool is_remote = card.device && !card.device->host.empty();
    card.models = TRY(parts.devices.models(is_remote ? id : std::string()));
    card.manifest = manifest_of(card.models, card.settings.driver);
    return card;
}

Markup facts_of(const Parts& parts, const View& view, const DeviceKind& kind, const Card& card) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string& id = card.settings.device;
    Markup rows = panel::fact(say(Text::id), id) +
                  panel::fact(say(Text::model), card.manifest == nullptr
                                                    ? std::string_view(card.settings.driver)
                                                    : text_of(view.language, card.manifest->title));
    if (card.device) {
        rows += panel::fact(say(Text::state), text_of(view.language, card.device->state));
        if (!card.device->reason.empty()) {
            rows += panel::fact(say(Text::reason), card.device->reason);
        }
        if (!card.device->host.empty()) {
            rows += panel::fact(say(Text::host), card.device->host);
        }
    }
    for (const contract::SetupStep step : card.settings.setup_missing) {
        rows += panel::fact(say(Text::to_do), text_of(view.language, step));
    }
    rows += panel::fact(say(Text::visible), yes_no(view, parts.device_choice.is_visible(id))) +
            panel::fact(say(Text::default_of), defaults_at(parts, view, kind, id));
    if (card.settings.driver == gateway::kManualDriver) {
        rows += panel::fact(say(Text::kind), say(Text::is_manual));
    }
    return panel::facts(rows);
}

/// Check, default, visibility: one button each.
Markup buttons_of(const Parts& parts, const View& view, const DeviceKind& kind, const Card& card) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string path = device_path(kind, card.settings.device);
    const bool visible = parts.device_choice.is_visible(card.settings.device);
    const bool standing = default_of(parts, kind) == card.settings.device;
    Markup html = console::form(view, path + "/check", panel::button(say(Text::check_connection))) +
                  console::form(view, path + "/visible",
                                panel::hidden("visible", visible ? "no" : "yes") +
                                    panel::button(say(visible ? Text::hide : Text::show)));
    if (!standing) {
        html += console::form(view, path + "/default", panel::button(say(Text::make_default)));
    }
    return http::fill("<div class=\"buttons\">{html}</div>\n", {{"html", html}});
}

Markup settings_of(const Parts& parts, const View& view, const DeviceKind& kind, const Card& card,
                   const SettingValues& typed) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string path = device_path(kind, card.settings.device);
    Markup html = panel::heading(say(Text::settings), 2);
    if (card.manifest == nullptr || card.settings.origin == contract::DeviceOrigin::administrator) {
        return html + panel::paragraph(say(Text::device_of_the_file));
    }
    SettingValues values = typed;
    for (const contract::Setting& one : card.settings.settings) {
        values.emplace(one.name, one.value);
    }
    const auto ports =
        parts.devices.ports({.driver = card.settings.driver, .device = card.settings.device});
    const DeviceForm form{.manifest = *card.manifest,
                          .ports = ports ? ports->ports : std::vector<contract::Port>{},
                          .values = values,
                          .secrets_kept = true};
    html += console::form(view, path + "/settings",
                          device_fields(view, form) + panel::button(say(Text::save)));
    html +=
        port_table(view, form.ports) + panel::heading(say(Text::rename), 2) +
        console::form(view, path + "/rename",
                      panel::input(say(Text::name), {.name = "name", .value = card.settings.name}) +
                          panel::button(say(Text::rename)));
    html += panel::heading(say(Text::remove), 2) +
            console::form(view, path + "/delete",
                          panel::tick(say(Text::remove_device_tick), "sure", false) +
                              panel::button(say(Text::remove)));
    return html;
}

Markup layout_form(const Parts& parts, const View& view, const DeviceKind& kind,
                   const std::string& device) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string id = client::make_operation_id(parts.clock).to_text();
    return panel::heading(say(Text::layout), 2) + panel::paragraph(say(Text::layout_says)) +
           console::form(view, device_path(kind, device) + "/layout",
                         panel::hidden("command", id) +
                             panel::area(say(Text::header_lines), "header") +
                             panel::area(say(Text::footer_lines), "footer") +
                             panel::button(say(Text::set_layout)));
}

bool has_layout(const Card& card) {
    const auto& can = card.manifest->capabilities;
    return std::find(can.begin(), can.end(), contract::Capability::layout) != can.end();
}

Response show(const Parts& parts, const View& view, const DeviceKind& kind, const std::string& id,
              const SettingValues& typed) {
    const auto card = card_of(parts, id);
    if (!card && card.error().code == base::ErrorCode::unknown_device) {
        return message_page(view, kind.section, text(view.language, Text::not_found), 404);
    }
    if (!card) {
        return away(view, kind, card.error());
    }
    const std::string& name = card->settings.name.empty() ? id : card->settings.name;
    Markup html = panel::heading(name) + facts_of(parts, view, kind, *card) +
                  buttons_of(parts, view, kind, *card) + test_forms(parts, view, kind, id);
    if (card->manifest != nullptr && has_layout(*card)) {
        html += layout_form(parts, view, kind, id);
    }
    html += settings_of(parts, view, kind, *card, typed);
    return page(view, kind.section,
                html + link_line(kind.path, text(view.language, Text::back_to_list)));
}

Response again(const Parts& parts, const Visit& visit, const View& view, const DeviceKind& kind) {
    return show(parts, view, kind, std::string(visit.parameter("device")), {});
}

void note(const Parts& parts, const Visit& visit, std::string_view action,
          const std::string& before = {}, const std::string& after = {}) {
    const std::string device(visit.parameter("device"));
    log(parts, visit, action, device);
    static_cast<void>(parts.store.audit().note({.actor = user_of(visit),
                                                .address = visit.request.peer,
                                                .action = std::string(action),
                                                .target = device,
                                                .before = before,
                                                .after = after}));
}

/// Only what differs from what the device has; an empty text goes back to the default.
contract::ConfigureDeviceRequest changes_of(const DeviceSettings& now, const Manifest& manifest,
                                            const SettingValues& typed) {
    contract::ConfigureDeviceRequest request;
    request.device = now.device;
    SettingValues before;
    for (const contract::Setting& one : now.settings) {
        before.emplace(one.name, one.value);
    }
    for (const contract::SettingPage& step : manifest.pages) {
        for (const contract::SettingField& field : step.fields) {
            const auto value = typed.find(field.name);
            const auto was = before.find(field.name);
            if (value == typed.end()) {
                continue;
            }
            const bool is_set = was != before.end();
            if (!value->second.empty() && (!is_set || was->second != value->second)) {
                request.settings.push_back({field.name, value->second});
            } else if (value->second.empty() && is_set &&
                       field.kind != contract::FieldKind::secret) {
                request.unset.push_back(field.name);
            }
        }
    }
    return request;
}

Response configure(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    const std::string id(visit.parameter("device"));
    const auto card = card_of(parts, id);
    if (!card || card->manifest == nullptr) {
        return again(parts, visit, view_of(visit), kind);
    }
    const SettingValues typed = values_in(visit, *card->manifest);
    const auto request = changes_of(card->settings, *card->manifest, typed);
    if (request.settings.empty() && request.unset.empty()) {
        return done(device_path(kind, id), Text::did_not_change);
    }
    const auto changed = parts.devices.configure(request);
    if (!changed) {
        return show(parts, refused_view(visit, changed.error()), kind, id, typed);
    }
    std::string names;
    for (const contract::Setting& one : request.settings) {
        names += (names.empty() ? "" : " ") + one.name;
    }
    note(parts, visit, "device.configure", "", names);
    return done(device_path(kind, id), Text::did_configure_device, id);
}

Response rename(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    const std::string id(visit.parameter("device"));
    const auto renamed = parts.devices.rename(id, std::string(visit.field("name")));
    if (!renamed) {
        return again(parts, visit, refused_view(visit, renamed.error()), kind);
    }
    note(parts, visit, "device.rename", "", renamed->name);
    return done(device_path(kind, id), Text::did_rename, renamed->name);
}

Response remove(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    if (visit.field("sure") != "yes") {
        return again(parts, visit, tick_view(visit), kind);
    }
    const std::string id(visit.parameter("device"));
    const auto removed = parts.devices.remove(id);
    if (!removed) {
        return again(parts, visit, refused_view(visit, removed.error()), kind);
    }
    note(parts, visit, "device.delete", removed->driver);
    return done(kind.path, Text::did_remove_device, id);
}

Response check(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    const std::string id(visit.parameter("device"));
    const auto reply = parts.devices.check(id);
    if (!reply) {
        return again(parts, visit, refused_view(visit, reply.error()), kind);
    }
    note(parts, visit, "device.check", "", std::string(name_of(reply->outcome)));
    if (reply->outcome == contract::CheckOutcome::passed) {
        return done(device_path(kind, id), Text::did_check);
    }
    const std::string_view found = text_of(visit.language, reply->outcome);
    return again(parts, visit,
                 error_view(visit, text(visit.language, Text::check_found, found, reply->text)),
                 kind);
}

Response set_visible(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    const std::string id(visit.parameter("device"));
    const bool visible = visit.field("visible") == "yes";
    const auto set =
        parts.device_choice.set_visible(id, visible, user_of(visit), visit.request.peer);
    if (!set) {
        return again(parts, visit, refused_view(visit, set.error()), kind);
    }
    return done(device_path(kind, id), visible ? Text::did_show : Text::did_hide);
}

Response make_default(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    const std::string id(visit.parameter("device"));
    const auto set = parts.settings.change(editor_of(visit), {{std::string(kind.setting), id}}, {});
    return set ? done(device_path(kind, id), Text::did_make_default)
               : again(parts, visit, refused_view(visit, set.error()), kind);
}

}  // namespace

void add_device_card(http::Router& router, const Parts& parts, const DeviceKind& kind) {
    const std::string card = std::string(kind.path) + "/{device}";
    const auto add = [&](std::string_view act,
                         Response (*page)(const Parts&, const Visit&, const DeviceKind&)) {
        router.add(Method::post, card + "/" + std::string(act), Access::administrator,
                   [&parts, &kind, page](const Visit& visit) { return page(parts, visit, kind); });
    };
    router.add(Method::get, card, Access::administrator,
               [&](const Visit& visit) { return again(parts, visit, view_of(visit), kind); });
    add("settings", configure);
    add("rename", rename);
    add("delete", remove);
    add("check", check);
    add("visible", set_visible);
    add("default", make_default);
}

}  // namespace tillhost::sumpd::console
