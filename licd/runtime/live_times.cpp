#include "licd/runtime/live_times.h"

#include <algorithm>

namespace tillhost::licd::runtime {

void LiveTimes::hold(const Config& wanted) {
    slowest_ = std::max(slowest_, wanted.beat);
    promise_.set_lease(wanted.times.lease, clock_.now());
    desk_.set_times(wanted.times, wanted.beat, store_.position());
}

}  // namespace tillhost::licd::runtime
