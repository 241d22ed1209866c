#pragma once

#include <optional>
#include <string_view>

#include "hal/base/error.h"
#include "hal/drivers/printer/escpos/answers.h"

namespace tillhost::drivers::escpos {

/// Why the printer prints nothing now, and what to do about it (errors.def).
struct Obstacle {
    base::ErrorCode code = base::ErrorCode::unspecified;
    std::string_view text;
};
/// The gravest; nothing: it prints.
std::optional<Obstacle> obstacle_of(const State& state);

}  // namespace tillhost::drivers::escpos
