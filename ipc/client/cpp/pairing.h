#pragma once

#include <string>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

// A workstation's part of pairing with another machine's devd, and of changing its key.
namespace tillhost::client {

struct PairingWish {
    std::string host;       ///< "HOST", or "HOST:PORT" with the port of the greeting
    std::string code;       ///< as the person typed it
    std::string save_as{};  ///< empty: the first part of the host's name, or its address
};

struct Paired {
    std::string saved_as{};  ///< ClientOptions::host from now on
    std::string path{};      ///< of the file
    contract::PairReply reply{};
};

/// Learns the host's key, checks it against the code, makes a key of this machine's own, and has
/// the host take it. The key is on disk before it is sent: who lost the answer asks again with the
/// same code. Blocks until the deadline at most. Errors: bad_field (host, code, save-as); no_daemon
/// (nobody is there, or no pairing is open); malformed, wrong_version (something else answers);
/// wrong_host_key (the code is another host's, or somebody stands between); wrong_code;
/// not_encrypted; system_failed, storage_full.
base::Result<Paired> pair_with_host(const PairingWish& wish, os::Clock& clock,
                                    os::Deadline deadline);

/// Gives this machine another key with that host. The old one holds until the new one was used, so
/// that one that was interrupted is only done again. Errors: those of Client::connect and of
/// roll_key.
base::Result<contract::Workstation> roll_key(const std::string& host, os::Clock& clock,
                                             os::Deadline deadline);

}  // namespace tillhost::client
