#pragma once

#include <string>
#include <vector>

#include "ipc/client/tillctl/language.h"
#include "ipc/contract/messages.h"

// What `tillctl scan` makes of the ports and the catalogue. Nothing is opened for it: what stands
// behind a bridge of some maker is not known, and said so.
namespace tillhost::tillctl {

/// One thing that is plugged in, or a port that is built in.
struct Proposal {
    contract::Port port;
    std::string address;  ///< to set up: under the name that it keeps, where it has one
    /// Drivers whose match table names it; what they are is sure as far as the table is.
    std::vector<std::string> own;
    /// Drivers that speak over such a line; nothing else is known.
    std::vector<std::string> by_line;
    std::string command;  ///< to type; empty if a device is set up on it, or nothing fits
};

/// In the order of the ports, without those that are not there and those of networks and
/// simulators.
std::vector<Proposal> proposals(const std::vector<contract::Port>& ports,
                                const std::vector<contract::Manifest>& manifests);

std::string scan_text(Language language, const std::vector<Proposal>& found,
                      const std::vector<contract::Manifest>& manifests);
contract::Value scan_tree(const std::vector<Proposal>& found);

}  // namespace tillhost::tillctl
