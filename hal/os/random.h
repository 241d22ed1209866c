#pragma once

#include <cstdint>

namespace tillhost::os {

/// 64 bits from the kernel's generator (getrandom). Blocks only before the generator is seeded,
/// early at boot.
std::uint64_t random_u64();

}  // namespace tillhost::os
