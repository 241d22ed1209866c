#pragma once

#include <memory>
#include <span>
#include <string>

#include "simulators/services/exchange/options.h"
#include "simulators/services/exchange/service.h"

namespace tillhost::simulators::apps {

inline constexpr std::int64_t kPhonesMax = 200;

/// A fleet of simulated phones, each with a folder and a thread of its own (README.md). Errors:
/// bad_field (an option), and those of Phone::create().
base::Result<std::unique_ptr<exchange::Service>> make_fleet(std::span<const std::string> options,
                                                            const os::Clock& clock);

std::string fleet_help();

}  // namespace tillhost::simulators::apps
