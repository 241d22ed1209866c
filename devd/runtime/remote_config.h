#pragma once

#include <map>
#include <string>
#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/network_config.h"
#include "hal/base/result.h"

namespace tillhost::devd::runtime {

inline constexpr std::size_t kRemoteHostsMax = 64;

/// Another host whose devices are used here: `[[remote]]` of devd.toml.
struct RemoteHost {
    std::string name;  ///< what it is called here
    std::string keys;  ///< path of the file that `tillctl pair --with` made
    std::map<std::string, std::string> devices;  ///< id here → id there
};

/// One `[[remote]]` as it stands in the file.
struct RemoteTable {
    std::string place{};    ///< "devd.toml:3:1: ", before whatever is wrong with it
    ConfigTexts texts{};    ///< an empty one was no text
    ConfigTexts devices{};  ///< id here, id there
};

/// `[[remote]]` of FOLDER/devd.toml: `host` (what the other host is called here: letters, digits,
/// "-", "." and "_", at most 64), `keys` (path of its file, counting from FOLDER; STATE/hosts/
/// HOST.toml unless said) and the table `devices`, where `ID = "ID THERE"` gives a device of that
/// host an id here.
///
/// Errors: config_invalid with "FILE:LINE:COLUMN: what is wrong; what would be right": a name or an
/// id that is none or stands twice.
base::Result<std::vector<RemoteHost>> remotes_from(const std::vector<RemoteTable>& tables,
                                                   const std::string& folder,
                                                   const std::string& state_folder);

/// Whether a device of that id is another host's.
bool is_remote(const std::vector<RemoteHost>& hosts, const std::string& device);
/// Errors: config_invalid, if one of these devices of this host has the id of another host's.
base::Done check_ids(const std::vector<RemoteHost>& hosts,
                     const std::vector<core::DeviceConfig>& own);

}  // namespace tillhost::devd::runtime
