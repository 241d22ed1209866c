#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/os/process.h"
#include "tests/bench/counter.h"
#include "tests/bench/programs.h"

namespace tillhost::bench {

inline constexpr const char* kNginx = "/usr/sbin/nginx";

/// Two nginx of Debian of one process each, on the service's processor: one ends TLS and passes
/// requests on over connections that it keeps, the other answers all of them with the same text at
/// once. Both keep no logs. They end with the object.
class NginxPair final {
public:
    /// PEM files. Errors: system_failed, no_daemon.
    static base::Result<std::unique_ptr<NginxPair>> start(Bench& bench,
                                                          const std::string& certificate,
                                                          const std::string& key,
                                                          const std::string& answer);
    /// Where the one with TLS listens.
    std::uint16_t port() const { return port_; }
    pid_t proxy() const { return proxy_->pid(); }
    pid_t null_server() const { return null_->pid(); }

private:
    NginxPair() = default;
    base::Result<std::unique_ptr<os::Child>> spawn(Bench& bench, const std::string& name,
                                                   const std::string& inside, std::uint16_t port);

    std::unique_ptr<Folder> folder_;
    std::uint16_t port_ = 0;
    std::unique_ptr<os::Child> null_;
    std::unique_ptr<os::Child> proxy_;
};

}  // namespace tillhost::bench
