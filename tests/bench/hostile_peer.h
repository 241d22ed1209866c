#pragma once

#include <string>

namespace tillhost::bench {

/// One who means harm, as a process of its own; and what he does it to when devd is spared.
class HostilePeer final {
public:
    /// Goes on until it is killed. `deed`: "handshakes" (two thousand a second that fail),
    /// "oversize" (a paired machine's frames above the limit, one after the other), "slow" (sixty
    /// connections that say a byte now and then), "flood" (a paired machine asks as fast as it
    /// can). `keys` is the file of a paired workstation, `port` of this machine.
    static int act(const std::string& deed, const std::string& keys, const std::string& port);
    /// Nothing but libzmq with devd's key at another port: lets everybody in, and gives everything
    /// back. Goes on until it is killed.
    static int serve(const std::string& key, const std::string& port);
};

}  // namespace tillhost::bench
