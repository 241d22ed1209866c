#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/error.h"
#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "ipc/http/password.h"
#include "ipc/http/router.h"
#include "ipc/panel/entrance.h"
#include "ipc/panel/parts.h"
#include "sumpd/apps/registry.h"
#include "sumpd/console/devices.h"
#include "sumpd/console/settings.h"
#include "sumpd/console/texts.h"
#include "sumpd/gateway/device_choice.h"
#include "sumpd/gateway/gateway.h"
#include "sumpd/maintenance/maintenance.h"
#include "sumpd/people/people.h"
#include "sumpd/seats/seats.h"
#include "sumpd/store/store.h"

// What the pages of the console have in common. A page is a free function over Parts, and each
// group of pages adds its routes itself. All of them run on the threads of the HTTP server, several
// at a time.
namespace tillhost::sumpd::console {

using http::Markup;
using panel::View;

/// What does not change while sumpd runs.
struct ServerFacts {
    std::string version{};
    std::string name{};              ///< of the server, for people
    std::string api_url{};           ///< how phones call it: "https://shop.example:8443"
    std::string pin{};               ///< of the API's certificate: SHA-256 of its public key
    std::string certificate_file{};  ///< the administrator's; empty = sumpd's own
    std::string node{};              ///< of sumpd.toml; empty = none
};

struct Parts {
    store::Store& store;
    apps::Registry& registry;
    gateway::Gateway& gateway;
    gateway::DeviceChoice& device_choice;
    gateway::DefaultRules& default_rules;
    people::People& people;
    maintenance::Maintenance& maintenance;
    seats::Seats& seats;
    Devices& devices;
    Settings& settings;
    http::LoginGuard& guard;
    const panel::Entrance& entrance;
    const os::Clock& clock;
    const os::Logger& logger;
    ServerFacts facts;
};

/// The name under which the console's own commands stand in the gateway's book.
inline constexpr const char* kConsoleApp = "console";

enum class Section : std::uint8_t { settings, users, roles, apps, registrars, terminals };
/// The pages of the section Settings.
enum class Place : std::uint8_t {
    general,
    exchange,
    protection,
    security,
    default_devices,
    maintenance,
    documents,
    commands,
    audit,
};

http::Response page(const View& view, Section section, const Markup& content);
http::Response settings_page(const View& view, Place place, const Markup& content);
/// A page of the section that says only this.
http::Response message_page(const View& view, Section section, std::string_view says, int status);

/// Of who asks, with the note that the address carries, if it is one of ours.
View view_of(const http::Visit& visit);
View error_view(const http::Visit& visit, std::string_view why);
/// For what another part of sumpd, or devd, refused: its own words.
View refused_view(const http::Visit& visit, const exchange::Fault& fault);
View refused_view(const http::Visit& visit, const base::Error& error);
/// The tick that an act wants was not set.
View tick_view(const http::Visit& visit);

/// 303 to a page that says what was done, and of what.
http::Response done(std::string_view path, Text note, std::string_view of = {});

Editor editor_of(const http::Visit& visit);
std::string user_of(const http::Visit& visit);
/// What an administrator has done goes to the log beside the audit.
void log(const Parts& parts, const http::Visit& visit, std::string_view act, std::string_view of);

/// The value in the query; empty if there is none.
std::string asked(const http::Visit& visit, std::string_view name);
/// A positive number in a text; 0 for anything else.
std::int64_t number_in(std::string_view text);

Markup table_head(const View& view, std::initializer_list<Text> columns);
Markup form(const View& view, std::string_view action, const Markup& inside);
/// A paragraph with a link in it.
Markup link_line(std::string_view to, std::string_view label);
/// "yes" or "no".
std::string_view yes_no(const View& view, bool is);
/// Steps through a list by `?after=` or `?before=`.
Markup steps(const View& view, std::string_view first, std::string_view next);

// --- the groups of pages; Parts outlive the router
void add_general(http::Router& router, const Parts& parts);
void add_exchange(http::Router& router, const Parts& parts);
void add_protection(http::Router& router, const Parts& parts);
void add_security(http::Router& router, const Parts& parts);
void add_maintenance(http::Router& router, const Parts& parts);
void add_documents(http::Router& router, const Parts& parts);
void add_commands(http::Router& router, const Parts& parts);
void add_audit(http::Router& router, const Parts& parts);
void add_users(http::Router& router, const Parts& parts);
void add_roles(http::Router& router, const Parts& parts);
void add_apps(http::Router& router, const Parts& parts);
/// Fiscal registrars and acquiring terminals.
void add_devices(http::Router& router, const Parts& parts);
/// Default devices of stores, and of users and apps; their own pages have a form each.
void add_defaults(http::Router& router, const Parts& parts);
/// That form, with what holds now and whose rule says so. `of`: id of the user, app or store.
Markup default_form(const Parts& parts, const View& view, gateway::DefaultRule rule,
                    const std::string& of);

}  // namespace tillhost::sumpd::console
