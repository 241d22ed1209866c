#include <fmt/format.h>

#include <algorithm>
#include <csignal>

#include "tests/bench/groups.h"

namespace tillhost::bench {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr double kReadyMsMax = 50;
constexpr int kDevices = 50;
constexpr double kPrivateKbMax = 1024;
constexpr double kIdlePercentMax = 0.5;
constexpr os::Duration kSettle = std::chrono::seconds(1);
constexpr os::Duration kIdle = std::chrono::seconds(5);

Result<double> restart_ms(Bench& bench) {
    constexpr const char* kDevice = "echo";
    const auto counter = TRY(Counter::create(bench, {{.id = kDevice}}));
    TRY(counter->start());
    TRY(counter->wait_ready(kDevice));
    const pid_t former = counter->shop().host_of(kDevice);
    const os::Instant start = bench.clock.now();
    ::kill(former, SIGKILL);
    TRY(counter->wait_ready(kDevice));
    const double ms = microseconds(bench.clock.now() - start) / 1e3;
    if (former == 0 || counter->shop().host_of(kDevice) == former) {
        return make_error(ErrorCode::wrong_state, "the killed host answers");
    }
    return ms;
}

}  // namespace

Result<std::vector<Figure>> measure_restart(Bench& bench) {
    std::vector<double> times;
    for (int round = 0; round < kRounds; ++round) {
        times.push_back(TRY(restart_ms(bench)));
    }
    return std::vector<Figure>{
        absolute("host answers again after kill -9", median(times), kReadyMsMax, "ms")};
}

Result<std::vector<Figure>> measure_hosts(Bench& bench) {
    std::vector<Counter::Device> devices;
    for (int i = 0; i < kDevices; ++i) {
        devices.push_back({.id = fmt::format("echo{}", i)});
    }
    const auto counter = TRY(Counter::create(bench, devices));
    TRY(counter->start());
    for (const Counter::Device& device : devices) {
        TRY(counter->wait_ready(device.id));
    }
    bench.clock.sleep_until(bench.clock.now() + kSettle);
    const pid_t devd = counter->shop().devd();
    const os::Instant start = bench.clock.now();
    const auto before = TRY(processor_ns(devd));
    bench.clock.sleep_until(start + kIdle);
    const auto after = TRY(processor_ns(devd));
    const double percent = static_cast<double>(after - before) /
                           static_cast<double>((bench.clock.now() - start).count()) * 100;
    double largest = 0;
    for (const Counter::Device& device : devices) {
        const auto bytes = TRY(private_bytes(counter->shop().host_of(device.id)));
        largest = std::max(largest, static_cast<double>(bytes) / 1024);
    }
    return std::vector<Figure>{
        absolute("private memory of the largest of 50 hosts", largest, kPrivateKbMax, "KB"),
        absolute("idle devd with 50 hosts, % of a processor", percent, kIdlePercentMax, "%")};
}

}  // namespace tillhost::bench
