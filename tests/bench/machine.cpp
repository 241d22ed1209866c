#include "tests/bench/machine.h"

#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "hal/os/descriptor.h"

namespace tillhost::bench {

using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

void use(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(processor), &set);
    INVARIANT(::sched_setaffinity(0, sizeof set, &set) == 0);
}

}  // namespace

Result<Processors> Processors::find() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) {
        return os::system_error("sched_getaffinity", errno);
    }
    std::vector<int> usable;
    for (std::size_t i = 0; i < CPU_SETSIZE; ++i) {
        if (CPU_ISSET(i, &set)) {
            usable.push_back(static_cast<int>(i));
        }
    }
    return Processors(usable.front(), usable.size() > 1 ? usable[1] : usable.front());
}

void Processors::be_client() const { use(client_); }
void Processors::be_service() const { use(service_); }

std::string Processors::text() const {
    return fmt::format("client on processor {}, devd and its hosts on {}", client_, service_);
}

Result<std::uint64_t> private_bytes(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/smaps_rollup", process));
    std::uint64_t kilobytes = 0;
    int found = 0;
    std::string word;
    while (file >> word) {
        if (word == "Private_Clean:" || word == "Private_Dirty:") {
            std::uint64_t more = 0;
            file >> more;
            kilobytes += more;
            ++found;
        }
    }
    if (found != 2) {
        return make_error(ErrorCode::system_failed, fmt::format("no memory of {}", process));
    }
    return kilobytes * 1024;
}

Result<Resident> resident_bytes(pid_t process) {
    constexpr std::uint64_t kKilobyte = 1024;
    std::ifstream file(fmt::format("/proc/{}/status", process));
    Resident resident;
    std::string word;
    while (file >> word) {
        if (word == "VmHWM:") {
            file >> resident.peak;
        } else if (word == "VmRSS:") {
            file >> resident.now;
        }
    }
    if (resident.now == 0 || resident.peak == 0) {
        return make_error(ErrorCode::system_failed, fmt::format("no memory of {}", process));
    }
    return Resident{resident.now * kKilobyte, resident.peak * kKilobyte};
}

base::Done forget_peak(pid_t process) {
    constexpr int kPeak = 5;  // proc(5), clear_refs
    const std::string path = fmt::format("/proc/{}/clear_refs", process);
    std::ofstream file(path);
    file << kPeak << std::flush;
    return file ? base::Done() : base::Done(make_error(ErrorCode::system_failed, path));
}

Result<std::uint64_t> processor_ns(pid_t process) {
    std::uint64_t sum = 0;
    std::error_code error;
    const std::string threads = fmt::format("/proc/{}/task", process);
    for (const auto& thread : std::filesystem::directory_iterator(threads, error)) {
        std::uint64_t ns = 0;
        if (!(std::ifstream(thread.path() / "schedstat") >> ns)) {
            return make_error(ErrorCode::system_failed, thread.path().string() + "/schedstat");
        }
        sum += ns;
    }
    if (error) {
        return make_error(ErrorCode::system_failed, threads + ": " + error.message());
    }
    return sum;
}

}  // namespace tillhost::bench
