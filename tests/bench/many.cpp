// A thousand devices on one host.
#include <fmt/format.h>

#include <fstream>

#include "ipc/contract/decoder.h"
#include "tests/bench/groups.h"

namespace tillhost::bench {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kDevices = 1000;
constexpr int kQuestions = 3000;
constexpr double kStartSecondsMax = 60;
constexpr double kIdlePercentMax = 5;
constexpr os::Duration kLook = std::chrono::milliseconds(200);
constexpr os::Duration kIdle = std::chrono::seconds(10);
constexpr double kMb = 1024.0 * 1024.0;

std::string name_of(int device) { return fmt::format("echo{}", device); }

Result<std::unique_ptr<Counter>> counter_of(Bench& bench, int devices) {
    std::vector<Counter::Device> all;
    for (int i = 0; i < devices; ++i) {
        all.push_back({.id = name_of(i)});
    }
    return Counter::create(bench, all);
}

base::Done wait_for_all(Bench& bench, Counter& counter, os::Deadline patience) {
    while (bench.clock.now() < patience) {
        const auto body = TRY(counter.raw().call(contract::RequestKind::devices,
                                                 contract::to_value(contract::Empty{}), patience));
        const auto reply = TRY(contract::from_value<contract::DevicesReply>(body));
        const auto ready = std::count_if(
            reply.devices.begin(), reply.devices.end(),
            [](const auto& one) { return one.state == contract::DeviceState::ready; });
        if (ready == kDevices) {
            return {};
        }
        bench.clock.sleep_until(bench.clock.now() + kLook);
    }
    return make_error(ErrorCode::deadline_passed, "not all devices are ready in time");
}

Result<double> p99_us(Bench& bench, Counter& counter, int devices) {
    std::vector<double> each;
    for (int i = 0; i < kQuestions; ++i) {
        const std::string device = name_of(i % devices);
        const os::Instant start = bench.clock.now();
        TRY(counter.status(device));
        each.push_back(microseconds(bench.clock.now() - start));
    }
    return percentile(std::move(each), 0.99);
}

Result<double> hosts_mb(pid_t devd) {
    std::ifstream children(fmt::format("/proc/{}/task/{}/children", devd, devd));
    double bytes = 0;
    pid_t child = 0;
    int count = 0;
    while (children >> child) {
        bytes += static_cast<double>(TRY(private_bytes(child)));
        ++count;
    }
    if (count != kDevices) {
        return make_error(ErrorCode::wrong_state, fmt::format("{} hosts run", count));
    }
    return bytes / kMb;
}

}  // namespace

Result<std::vector<Figure>> measure_many(Bench& bench) {
    const auto few = TRY(counter_of(bench, 1));
    TRY(few->start());
    TRY(few->wait_ready(name_of(0)));
    const auto many = TRY(counter_of(bench, kDevices));
    const os::Instant start = bench.clock.now();
    TRY(many->start());
    TRY(wait_for_all(bench, *many, start + std::chrono::minutes(3)));
    const double seconds = microseconds(bench.clock.now() - start) / 1e6;
    std::vector<double> of_many;
    std::vector<double> of_one;
    for (int round = 0; round < kRounds; ++round) {
        of_many.push_back(TRY(p99_us(bench, *many, kDevices)));
        of_one.push_back(TRY(p99_us(bench, *few, 1)));
    }
    const pid_t devd = many->shop().devd();
    const auto before = TRY(processor_ns(devd));
    bench.clock.sleep_until(bench.clock.now() + kIdle);
    const double percent = static_cast<double>(TRY(processor_ns(devd)) - before) /
                           static_cast<double>(os::Duration(kIdle).count()) * 100;
    const std::string memory =
        fmt::format("{:.0f} / {:.0f} MB", static_cast<double>(TRY(private_bytes(devd))) / kMb,
                    TRY(hosts_mb(devd)));
    return std::vector<Figure>{
        absolute("1000 devices: start to the last one ready", seconds, kStartSecondsMax, "s"),
        absolute("the same: devd while nothing happens, % of a processor", percent, kIdlePercentMax,
                 "%"),
        {.name = "the same: private memory of devd / of all hosts", .measured = memory},
        compare("the same: p99 of a status / of one device", of_many, of_one, "us", std::nullopt)};
}

}  // namespace tillhost::bench
