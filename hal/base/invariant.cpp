#include "hal/base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace tillhost::base {

void invariant_failed(const char* condition, std::source_location where) {
    std::fprintf(stderr, "%s:%u: broken invariant: %s\n", where.file_name(), where.line(),
                 condition);
    std::abort();
}

}  // namespace tillhost::base
