#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hal/os/descriptor.h"
#include "hal/os/event_loop.h"

namespace tillhost::devd::runtime {

/// Tells whoever connects one line and closes; listens as long as it lives. Nothing is read, so
/// that there is nothing to attack. A connection costs a system call or three, and not more than
/// kGreetingsPerTurnMax are served before devd does something else.
class PairingListener final {
public:
    static constexpr int kGreetingsPerTurnMax = 8;

    /// `host` is an IPv4 address or *. Errors: port_busy, bad_field(network.listen), system_failed.
    static base::Result<std::unique_ptr<PairingListener>> open(const std::string& host,
                                                               std::uint16_t port, std::string line,
                                                               os::EventLoop& loop);
    ~PairingListener();
    std::uint16_t port() const { return port_; }

private:
    PairingListener(os::Descriptor fd, std::uint16_t port, std::string line, os::EventLoop& loop)
        : fd_(std::move(fd)), port_(port), line_(std::move(line)), loop_(loop) {}
    void serve() const;

    os::Descriptor fd_;
    std::uint16_t port_;
    std::string line_;
    os::EventLoop& loop_;
    os::WatchId watch_{};
};

}  // namespace tillhost::devd::runtime
