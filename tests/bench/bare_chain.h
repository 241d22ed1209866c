#pragma once

#include <memory>
#include <string>

#include "hal/base/result.h"
#include "hal/os/process.h"
#include "tests/bench/machine.h"

namespace tillhost::bench {

/// What a code costs on its way to a program with nothing but the way: a process reads a terminal,
/// hands what it read to a second one over SOCK_SEQPACKET, and that sends 64 bytes by libzmq. The
/// same hops as scanner, driver host, devd, program; nothing is looked at.
class BareChain final {
public:
    /// `terminal` is what the first process reads. Errors: system_failed.
    static base::Result<std::unique_ptr<BareChain>> start(const std::string& folder,
                                                          const std::string& terminal,
                                                          const Processors& processors);
    ~BareChain();
    BareChain(const BareChain&) = delete;
    BareChain& operator=(const BareChain&) = delete;

    /// Waits for what came out of it. Errors: system_failed.
    base::Done take();

    /// The two processes: pass on until they are killed.
    static int pass_on(const std::string& address, const std::string& terminal);

private:
    BareChain() = default;
    void* context_ = nullptr;
    void* socket_ = nullptr;
    std::unique_ptr<os::Child> chain_;
};

}  // namespace tillhost::bench
