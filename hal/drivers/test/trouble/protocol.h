#pragma once

#include <cstdint>
#include <vector>

#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::trouble {

enum class Deed : std::uint8_t { loop, leak, crash };
enum class When : std::uint8_t { query, open };

struct Settings {
    Deed deed = Deed::crash;
    When when = When::query;
};

/// Reads `do` = loop | leak | crash (required) and `on` = query (default) | open.
/// Errors: config_invalid, naming the setting.
base::Result<Settings> read_settings(const std::vector<contract::Setting>& settings);

}  // namespace tillhost::drivers::trouble
