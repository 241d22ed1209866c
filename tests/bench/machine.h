#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::bench {

/// The client side is measured on one processor, what it speaks to runs on another, where there
/// are two.
class Processors final {
public:
    /// The first two that this process may use. Errors: system_failed.
    static base::Result<Processors> find();
    /// Puts this thread, and what it starts from now on, on the client's processor.
    void be_client() const;
    /// The same for the other one; go back when the service is started.
    void be_service() const;
    std::string text() const;

private:
    Processors(int client, int service) : client_(client), service_(service) {}
    int client_;
    int service_;
};

/// Memory that only this process has, in bytes (Private_Clean + Private_Dirty of smaps_rollup).
/// Errors: system_failed.
base::Result<std::uint64_t> private_bytes(pid_t process);
/// Memory of a process that is in RAM, in bytes; `peak` is the most since the start or since
/// forget_peak(). Errors: system_failed.
struct Resident {
    std::uint64_t now = 0;
    std::uint64_t peak = 0;
};
base::Result<Resident> resident_bytes(pid_t process);
base::Done forget_peak(pid_t process);
/// Time on a processor of all threads, in nanoseconds. Errors: system_failed.
base::Result<std::uint64_t> processor_ns(pid_t process);

}  // namespace tillhost::bench
