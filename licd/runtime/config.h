#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/os/log.h"
#include "ipc/text_tables.h"
#include "licd/core/lease_book.h"

namespace tillhost::licd::runtime {

/// licd.toml (docs/configuration.md): every value stands in quotes, so that the web panel can write
/// the file too.
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

/// Reads DIR/licd.toml; one that is not there says nothing, and everything has its default.
/// Errors: bad_field naming the line and what would be right; config_invalid.
base::Result<Config> load_config(const std::string& folder);
/// The same of a text.
base::Result<Config> read_config(std::string_view text);

}  // namespace tillhost::licd::runtime
