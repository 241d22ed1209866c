#include "hal/os/local_time.h"

#include <ctime>

namespace tillhost::os {

std::int64_t utc_offset_s(std::int64_t unix_ms) {
    const auto at = static_cast<std::time_t>(unix_ms / 1000);
    std::tm local{};
    return ::localtime_r(&at, &local) == nullptr ? 0 : local.tm_gmtoff;
}

}  // namespace tillhost::os
