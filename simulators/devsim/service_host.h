#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "simulators/devsim/arguments.h"

namespace tillhost::devsim {

/// Runs a simulated neighbour until SIGTERM or SIGINT and answers its control socket; says "ready
/// NAME" when it is. Errors: those of making the service and its socket.
base::Done serve_service(const ServiceArguments& arguments);

/// What "devsim services/NAME --help" prints.
std::string service_help(std::string_view name);

}  // namespace tillhost::devsim
