#pragma once

#include <cstdint>

#include "tests/bench/lender.h"

namespace tillhost::bench {

/// A seat as a key of Redis: SET NX EX 600, DEL, EXPIRE. `number` names the seat.
/// Errors: system_failed.
base::Result<std::unique_ptr<Lender>> connect_redis(std::uint16_t port, int number);

}  // namespace tillhost::bench
