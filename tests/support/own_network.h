#pragma once

#include <string>
#include <vector>

#include "hal/os/descriptor.h"

namespace tillhost::support {

/// A network namespace with one machine in it, and a link between it and this one; needs the rights
/// of an administrator. Its addresses are of 198.18.0.0/16 (RFC 2544), four for each test program
/// that runs at the same time.
class OwnNetwork final {
public:
    OwnNetwork();
    ~OwnNetwork();  ///< its link goes with it
    OwnNetwork(const OwnNetwork&) = delete;
    OwnNetwork& operator=(const OwnNetwork&) = delete;

    bool made() const { return made_; }
    const std::string& host() const { return host_; }      ///< this machine's address on the link
    const std::string& device() const { return device_; }  ///< the other one's
    /// Words before a program's that let it run there.
    std::vector<std::string> inside() const;
    /// What the calling thread opens from now on is there; for a thread that ends afterwards.
    bool enter() const;
    /// From now on nothing that is sent to it is answered, nor refused.
    bool vanish() const;
    bool appear() const;

private:
    std::string name_;
    std::string host_;
    std::string device_;
    bool made_ = false;
};

}  // namespace tillhost::support
