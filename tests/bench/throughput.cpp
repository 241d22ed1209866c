#include <fmt/format.h>

#include "tests/bench/groups.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::Result;
using contract::RequestKind;

constexpr const char* kDevice = "echo";
constexpr int kInFlight = 256;
constexpr int kStatuses = 20'000;  // a round
constexpr int kEchoes = 10'000;
constexpr double kCommandsPerSecondMin = 50'000;

/// Takes one answer, which must be a good one.
Done take(ipc::ZmqClient& client, os::Deadline deadline) {
    const contract::Reply reply = TRY(client.receive(deadline));
    if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        return contract::to_base(*error);
    }
    return {};
}

/// Requests answered in a second, with as many under way as kInFlight.
Result<double> per_second(const Bench& bench, ipc::ZmqClient& client, RequestKind kind,
                          contract::Value (*body)(const std::string&), int count) {
    const os::Deadline deadline = bench.soon();
    constexpr std::int64_t kDeadlineMs = 30'000;
    const os::Instant start = bench.clock.now();
    for (int sent = 0; sent < count; ++sent) {
        if (sent >= kInFlight) {
            TRY(take(client, deadline));
        }
        TRY(client.send(kind, body(kDevice), kDeadlineMs));
    }
    for (int left = 0; left < kInFlight; ++left) {
        TRY(take(client, deadline));
    }
    return count / (microseconds(bench.clock.now() - start) / 1e6);
}

Figure figure_of(std::string name, const std::vector<double>& rates) {
    return {.name = std::move(name), .measured = fmt::format("{:.0f} /s", median(rates))};
}

}  // namespace

Result<std::vector<Figure>> measure_throughput(Bench& bench) {
    const auto counter = TRY(Counter::create(bench, {{.id = kDevice}}));
    TRY(counter->start());
    TRY(counter->wait_ready(kDevice));
    std::vector<double> statuses;
    std::vector<double> echoes;
    for (int round = 0; round < kRounds; ++round) {
        statuses.push_back(TRY(per_second(bench, counter->raw(), RequestKind::status,
                                          &Counter::status_body, kStatuses)));
        echoes.push_back(TRY(
            per_second(bench, counter->raw(), RequestKind::query, &Counter::echo_body, kEchoes)));
    }
    Figure status = figure_of("commands: cached status, 256 in flight", statuses);
    status.reference = fmt::format("{:.0f} /s", kCommandsPerSecondMin);
    status.ratio = median(statuses) / kCommandsPerSecondMin;
    status.bound = 1;
    status.sense = Figure::Sense::at_least;
    return std::vector<Figure>{status, figure_of("echo through one host, 256 in flight", echoes)};
}

}  // namespace tillhost::bench
