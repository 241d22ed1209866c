#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "hal/os/log.h"
#include "licd/core/lease_book.h"

namespace tillhost::licd::runtime {

/// What licd is run with: licd.toml (docs/configuration.md), and before it what an administrator
/// set by the panel or tillctl. The table of settings names each member for them.
struct Config {
    bool on_network = false;     ///< false = programs of this machine only
    std::uint16_t port = 15200;  ///< TCP, and UDP for the search
    bool search = true;          ///< answers programs that look for servers; on the network only
    std::string group;           ///< told to them
    bool web = true;             ///< the administrator's panel
    std::string web_address = "127.0.0.1";  ///< its address, no name
    std::uint16_t web_port = 15201;
    std::vector<std::string> web_hosts;  ///< names it is called by besides the machine's own
    std::string web_certificate;         ///< PEM files; empty = made and kept by licd itself
    std::string web_key;
    bool devices = true;           ///< dongles, and what devd reads of the machine
    std::string devices_endpoint;  ///< of devd, "ipc://PATH"; empty = this machine's
    core::LeaseTimes times{};
    os::Duration beat = std::chrono::seconds(60);
    os::Severity log_level = os::Severity::notice;
};

/// What was written, by the name of the setting ("times.lease_s"); each alone is good.
using SettingTexts = std::map<std::string, std::string, std::less<>>;

/// Reads DIR/licd.toml; one that is not there says nothing, and everything has its default.
/// Errors: bad_field naming the line and what would be right; system_failed, too_large.
base::Result<SettingTexts> load_setting_texts(const std::string& path);
/// The same of a text; `file` is its name in errors.
base::Result<SettingTexts> read_setting_texts(std::string_view text, std::string_view file);
/// The same form as it is read, with sections.
std::string write_setting_texts(std::string_view comment, const SettingTexts& texts);

/// `over` goes before `under`, what neither says has its default. Errors: bad_field, naming the
/// setting that does not go with the others.
base::Result<Config> make_config(const SettingTexts& under, const SettingTexts& over = {});
/// Of DIR/licd.toml alone.
base::Result<Config> load_config(const std::string& folder);

}  // namespace tillhost::licd::runtime
