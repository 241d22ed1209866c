#include "hal/os/limits.h"

#include <sys/resource.h>

#include <algorithm>

namespace tillhost::os {

std::uint64_t allow_descriptors(std::uint64_t wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return 0;
    }
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = std::clamp<rlim_t>(wanted, before, std::max(before, limit.rlim_max));
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

}  // namespace tillhost::os
