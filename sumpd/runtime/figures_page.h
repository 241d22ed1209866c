#pragma once

#include <string>

#include "hal/os/clock.h"
#include "ipc/http/message.h"
#include "sumpd/maintenance/maintenance.h"

namespace tillhost::sumpd::runtime {

/// GET /metrics (Prometheus) and GET /health (JSON; status 200, or 503 where a person has to act),
/// for watchers on this machine: it asks for no login, and is served on loopback alone.
class FiguresPage final {
public:
    /// All outlive it.
    FiguresPage(maintenance::Maintenance& maintenance, const os::Clock& clock, std::string version)
        : maintenance_(maintenance), clock_(clock), version_(std::move(version)) {}

    /// Any thread. Blocks for the disk, at most once in maintenance::kFactsEvery.
    http::Response answer(const http::Request& request);

private:
    maintenance::Maintenance& maintenance_;
    const os::Clock& clock_;
    const std::string version_;
};

}  // namespace tillhost::sumpd::runtime
