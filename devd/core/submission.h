#pragma once

#include <string>

#include "ipc/contract/messages.h"

namespace tillhost::devd::core {

/// Equal for the same order to the same device, whatever was left out or written as its default.
/// `force` and `start_before_ms` say how it is handed over, not what it is.
std::string content_hash_of(const std::string& device, const contract::Command& command,
                            const std::string& sale_ref);

}  // namespace tillhost::devd::core
