#pragma once

#include <cstdint>

namespace tillhost::os {

/// Lets this process have so many descriptors open at once, as far as its hard limit goes; a soft
/// limit that is higher stays. Returns how many it may have now. Services and shells start with a
/// soft limit of 1024 for the sake of select(2), which we do not use.
std::uint64_t allow_descriptors(std::uint64_t wanted);

}  // namespace tillhost::os
