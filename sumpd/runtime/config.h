#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/log.h"
#include "sumpd/console/console.h"
#include "sumpd/maintenance/maintenance.h"
#include "sumpd/seats/seats.h"

namespace tillhost::sumpd::runtime {

/// What sumpd is run with: sumpd.toml (docs/sumpd.md). A key that is not there has its default.
struct Config {
    std::string name;  ///< of the server, for people; the machine's if it says nothing
    os::Severity log_level = os::Severity::notice;
    std::string api_address = "127.0.0.1";  ///< an address, no name; "0.0.0.0" for phones
    std::uint16_t api_port = 8443;
    std::vector<std::string> api_hosts;  ///< names by which it is called besides the machine's own
    std::string api_certificate;         ///< PEM files; empty = made and kept by sumpd itself
    std::string api_key;
    std::string node;              ///< code of the one accounting system; empty: none is admitted
    std::string node_login;        ///< by which it signs in
    std::string node_password;     ///< read from exchange.password_file
    std::string devices_endpoint;  ///< of devd, "ipc://PATH"; empty = this machine's
    std::string registrar;         ///< a device's id, of commands that name none; empty = none
    std::string terminal;
    std::int64_t packet_bytes = exchange::kPacketBytesMax / 4;  ///< the largest one to an app
    bool console_on = true;
    console::ConsolePlace console{.port = 8444};
    std::uint16_t metrics_port = 0;       ///< on 127.0.0.1; 0 = figures are not served
    maintenance::Settings maintenance{};  ///< without folder and server_name
    seats::SeatsOptions licences;         ///< address empty: no licences are needed
};

/// Values by the names of settings: "api.port".
using SettingTexts = std::map<std::string, std::string>;

/// As the file holds them, in the order that does not matter. Errors: of the file's form.
base::Result<SettingTexts> read_texts(std::string_view text);
/// An empty text is as if it were not there. Errors: bad_field naming the setting and what would be
/// right.
base::Result<Config> config_of(const SettingTexts& texts);

/// DIR/sumpd.toml; one that is not there says nothing. Errors: bad_field naming the line and what
/// would be right, also for a password file that others may read; system_failed, too_large.
base::Result<Config> load_config(const std::string& folder);
base::Result<SettingTexts> load_texts(const std::string& folder);
/// The same of a text; files that it names are read.
base::Result<Config> read_config(std::string_view text, std::string_view file);

}  // namespace tillhost::sumpd::runtime
