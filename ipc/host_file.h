#pragma once

#include <optional>
#include <string>

#include "hal/base/result.h"
#include "ipc/curve_keys.h"
#include "ipc/tcp_talk.h"
#include "ipc/zmq_socket.h"

namespace tillhost::ipc {

/// What this user of this machine has to reach another machine's devd: one file a host, mode 0600
/// (docs/sharing.md), made by pairing.
struct HostFile {
    TcpAddress address{};
    std::string host_key{};
    KeyPair own{};
    std::string workstation{};  ///< what the host calls this machine
    /// While the key is rolled: the pair that takes the place of `own`.
    std::optional<KeyPair> next{};

    std::string endpoint() const { return "tcp://" + address.text(); }
    CurveClient keys() const { return {host_key, own}; }
};

/// $TILLHOST_HOSTS_DIR, else $XDG_CONFIG_HOME/tillhost/hosts, else ~/.config/tillhost/hosts.
std::string hosts_folder();
/// a-z, A-Z, 0-9, "-", "_" and ".", not first, at most 64.
bool is_host_name(std::string_view name);

/// Errors: not_paired (there is no such file), bad_field(host), config_invalid.
base::Result<HostFile> read_host_file(const std::string& name);
/// The same of a file at a path.
base::Result<HostFile> read_host_file_at(const std::string& path);
/// Makes the folder if it is not there. Errors: system_failed, storage_full.
base::Done write_host_file_at(const std::string& path, const HostFile& host);
std::string host_file_path(const std::string& name);

}  // namespace tillhost::ipc
