#include "hal/os/random.h"

#include <sys/random.h>

#include <cerrno>

#include "hal/base/invariant.h"

namespace tillhost::os {

std::uint64_t random_u64() {
    std::uint64_t bits = 0;
    ssize_t taken = 0;
    do {
        taken = ::getrandom(&bits, sizeof bits, 0);
    } while (taken < 0 && errno == EINTR);
    INVARIANT(taken == sizeof bits);  // up to 256 bytes come whole: getrandom(2)
    return bits;
}

}  // namespace tillhost::os
