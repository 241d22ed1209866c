#pragma once

#include <cstdint>

#include "tests/bench/lender.h"

namespace tillhost::bench {

/// Waits until it has started, and makes a table of so many free seats. Errors: system_failed.
base::Done make_postgres_seats(os::Clock& clock, std::uint16_t port, int seats);

/// A seat as a row of PostgreSQL: any free one is claimed (SKIP LOCKED), and given back; a
/// transaction each. `number` names the holder. Errors: system_failed.
base::Result<std::unique_ptr<Lender>> connect_postgres(std::uint16_t port, int number);

}  // namespace tillhost::bench
