#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sumpd/console/pages.h"

// Registrars and terminals: one set of pages for both.
namespace tillhost::sumpd::console {

struct DeviceKind {
    Section section;
    std::string_view path;
    Text title;
    std::string_view setting;  ///< that names the default one
    contract::DeviceClass device_class;
    gateway::DefaultKind default_kind;
};
extern const DeviceKind kRegistrars;
extern const DeviceKind kTerminals;

/// nullptr: there is no such driver.
const contract::Manifest* manifest_of(const contract::ModelsReply& models, std::string_view driver);
std::string device_path(const DeviceKind& kind, std::string_view device);
/// The device that commands without one go to; empty: none.
std::string default_of(const Parts& parts, const DeviceKind& kind);
/// Whose default a device is, for people: "server; user Anna"; empty: nobody's.
std::string defaults_at(const Parts& parts, const View& view, const DeviceKind& kind,
                        const std::string& device);
/// devd did not answer.
http::Response away(const View& view, const DeviceKind& kind, const base::Error& error);

/// Values of settings by their names.
using SettingValues = std::map<std::string, std::string>;

/// A form made of what the driver says of its settings.
struct DeviceForm {
    const contract::Manifest& manifest;
    std::vector<contract::Port> ports{};
    SettingValues values{};
    bool secrets_kept = false;  ///< an empty secret stays what it is
};
Markup device_fields(const View& view, const DeviceForm& form);
/// What the form holds of those settings; a port that was typed goes before one that was chosen.
SettingValues values_in(const http::Visit& visit, const contract::Manifest& manifest);
/// Which ports there are, and why some cannot be used. Nothing for none.
Markup port_table(const View& view, const std::vector<contract::Port>& ports);

void add_device_card(http::Router& router, const Parts& parts, const DeviceKind& kind);
void add_device_test(http::Router& router, const Parts& parts, const DeviceKind& kind);
/// The forms by which a device is tried; each carries the id of the one command that it makes.
Markup test_forms(const Parts& parts, const View& view, const DeviceKind& kind,
                  const std::string& device);

}  // namespace tillhost::sumpd::console
