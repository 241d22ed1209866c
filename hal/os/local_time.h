#pragma once

#include <cstdint>

namespace tillhost::os {

/// Seconds that this machine's local time is ahead of UTC at that Unix time in ms (/etc/localtime
/// or $TZ, summer time included).
std::int64_t utc_offset_s(std::int64_t unix_ms);

}  // namespace tillhost::os
