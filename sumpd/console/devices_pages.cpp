#include <algorithm>

#include "ipc/http/form.h"
#include "sumpd/console/device_pages.h"

// Lists of registrars and terminals, and a new one.
namespace tillhost::sumpd::console {

using contract::Manifest;
using http::Access;
using http::fill;
using http::Method;
using http::Response;
using http::Visit;

const DeviceKind kRegistrars{.section = Section::registrars,
                             .path = "/registrars",
                             .title = Text::registrars,
                             .setting = "devices.registrar",
                             .device_class = contract::DeviceClass::fiscal_registrar,
                             .default_kind = gateway::DefaultKind::registrar};
const DeviceKind kTerminals{.section = Section::terminals,
                            .path = "/terminals",
                            .title = Text::terminals,
                            .setting = "devices.terminal",
                            .device_class = contract::DeviceClass::payment_terminal,
                            .default_kind = gateway::DefaultKind::terminal};

const Manifest* manifest_of(const contract::ModelsReply& models, std::string_view driver) {
    const auto found = std::find_if(models.manifests.begin(), models.manifests.end(),
                                    [&](const Manifest& one) { return one.driver == driver; });
    return found == models.manifests.end() ? nullptr : &*found;
}

std::string device_path(const DeviceKind& kind, std::string_view device) {
    return std::string(kind.path) + "/" + http::percent_encode(device);
}

std::string default_of(const Parts& parts, const DeviceKind& kind) {
    for (const SettingFact& fact : parts.settings.told()) {
        if (fact.name == kind.setting) {
            return fact.value;
        }
    }
    return "";
}

Response away(const View& view, const DeviceKind& kind, const base::Error& error) {
    View said = view;
    said.note.clear();
    said.error = text(view.language, Text::refused, base::to_text(error));
    return message_page(said, kind.section, text(view.language, Text::devd_is_away), 503);
}

namespace {

Markup device_row(const Parts& parts, const View& view, const DeviceKind& kind,
                  const contract::Device& device, const Manifest& manifest) {
    const std::string& name = device.name.empty() ? device.device : device.name;
    Markup state = fill("{state}", {{"state", text_of(view.language, device.state)}});
    for (const contract::SetupStep step : device.setup_missing) {
        state += fill("<br>{missing}", {{"missing", text_of(view.language, step)}});
    }
    return panel::row(panel::cell_of(panel::link(device_path(kind, device.device), name)) +
                      panel::code_cell(device.device) +
                      panel::cell(text_of(view.language, manifest.title)) + panel::cell_of(state) +
                      panel::cell(device.host) +
                      panel::cell(yes_no(view, parts.device_choice.is_visible(device.device))) +
                      panel::cell(defaults_at(parts, view, kind, device.device)));
}

Response list(const Parts& parts, const View& view, const DeviceKind& kind) {
    const auto devices = parts.devices.devices();
    const auto models = devices ? parts.devices.models("") : contract::ModelsReply{};
    if (!devices || !models) {
        return away(view, kind, devices ? models.error() : devices.error());
    }
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows;
    bool any = false;
    for (const contract::Device& device : *devices) {
        const Manifest* const manifest = manifest_of(*models, device.driver);
        if (manifest != nullptr && manifest->device_class == kind.device_class) {
            any = true;
            rows += device_row(parts, view, kind, device, *manifest);
        }
    }
    Markup html = panel::heading(say(kind.title));
    html += any ? panel::table(say(kind.title),
                               table_head(view, {Text::name, Text::id, Text::model, Text::state,
                                                 Text::host, Text::visible, Text::default_of}),
                               rows)
                : panel::paragraph(say(Text::no_devices));
    return page(view, kind.section,
                html + link_line(std::string(kind.path) + "/new", say(Text::add_device)) +
                    link_line("/settings/device-defaults", say(Text::default_devices)));
}

/// The first step: which model.
Response choose_model(const Parts& parts, const View& view, const DeviceKind& kind) {
    const auto models = parts.devices.models("");
    if (!models) {
        return away(view, kind, models.error());
    }
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup items;
    for (const Manifest& one : models->manifests) {
        if (one.device_class != kind.device_class) {
            continue;
        }
        std::string names;
        for (const std::string& model : one.models) {
            names += (names.empty() ? "" : ", ") + model;
        }
        items += fill("<li>{link}<br><span class=\"facts\">{names}</span></li>\n",
                      {{"link", panel::link(std::string(kind.path) +
                                                "/new?driver=" + http::percent_encode(one.driver),
                                            text_of(view.language, one.title))},
                       {"names", names}});
    }
    return page(view, kind.section,
                panel::heading(say(Text::add_device)) + panel::paragraph(say(Text::choose_model)) +
                    fill("<ul class=\"models\">{items}</ul>\n", {{"items", items}}) +
                    link_line(kind.path, say(Text::back)));
}

std::string suggested_name(const View& view, const Parts& parts, const Manifest& manifest) {
    std::string name(text_of(view.language, manifest.title));
    const auto devices = parts.devices.devices();
    const auto same = [&](const contract::Device& one) { return one.driver == manifest.driver; };
    const auto others = devices ? std::count_if(devices->begin(), devices->end(), same) : 0;
    return others == 0 ? name : name + " " + std::to_string(others + 1);
}

/// The second step: its name, its port, its settings. `visit` holds what was typed and refused.
Response new_device(const Parts& parts, const Visit& visit, const View& view,
                    const DeviceKind& kind, const std::string& driver) {
    const auto models = parts.devices.models("");
    if (!models) {
        return away(view, kind, models.error());
    }
    const Manifest* const manifest = manifest_of(*models, driver);
    if (manifest == nullptr || manifest->device_class != kind.device_class) {
        return message_page(view, kind.section, text(view.language, Text::not_found), 404);
    }
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto ports = parts.devices.ports({.driver = driver});
    const std::string typed(visit.field("name"));
    const std::string name = typed.empty() ? suggested_name(view, parts, *manifest) : typed;
    const DeviceForm form{.manifest = *manifest,
                          .ports = ports ? ports->ports : std::vector<contract::Port>{},
                          .values = values_in(visit, *manifest),
                          .secrets_kept = false};
    return page(
        view, kind.section,
        panel::heading(text_of(view.language, manifest->title)) +
            console::form(view, std::string(kind.path) + "/new",
                          panel::hidden("driver", driver) +
                              panel::input(say(Text::name),
                                           {.name = "name", .required = true, .value = name}) +
                              device_fields(view, form) + panel::button(say(Text::add_device))) +
            port_table(view, form.ports) + link_line(kind.path, say(Text::cancel)));
}

Response add(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    const std::string driver(visit.field("driver"));
    const auto models = parts.devices.models("");
    const Manifest* const manifest = models ? manifest_of(*models, driver) : nullptr;
    if (manifest == nullptr) {
        return models ? message_page(view_of(visit), kind.section,
                                     text(visit.language, Text::not_found), 404)
                      : away(view_of(visit), kind, models.error());
    }
    contract::AddDeviceRequest request;
    request.driver = driver;
    request.name = std::string(visit.field("name"));
    for (const auto& [name, value] : values_in(visit, *manifest)) {
        if (!value.empty()) {
            request.settings.push_back({name, value});
        }
    }
    const auto added = parts.devices.add(request);
    if (!added) {
        return new_device(parts, visit, refused_view(visit, added.error()), kind, driver);
    }
    log(parts, visit, "add_device", added->device);
    static_cast<void>(parts.store.audit().note({.actor = user_of(visit),
                                                .address = visit.request.peer,
                                                .action = "device.add",
                                                .target = added->device,
                                                .after = driver}));
    return done(device_path(kind, added->device), Text::did_add_device, request.name);
}

void add_kind(http::Router& router, const Parts& parts, const DeviceKind& kind) {
    const std::string path(kind.path);
    router.add(Method::get, path, Access::administrator,
               [&](const Visit& visit) { return list(parts, view_of(visit), kind); });
    router.add(Method::get, path + "/new", Access::administrator, [&](const Visit& visit) {
        const std::string driver = asked(visit, "driver");
        return driver.empty() ? choose_model(parts, view_of(visit), kind)
                              : new_device(parts, visit, view_of(visit), kind, driver);
    });
    router.add(Method::post, path + "/new", Access::administrator,
               [&](const Visit& visit) { return add(parts, visit, kind); });
    add_device_card(router, parts, kind);
    add_device_test(router, parts, kind);
}

}  // namespace

void add_devices(http::Router& router, const Parts& parts) {
    add_kind(router, parts, kRegistrars);
    add_kind(router, parts, kTerminals);
}

}  // namespace tillhost::sumpd::console
