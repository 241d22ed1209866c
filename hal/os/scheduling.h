#pragma once

#include <sys/types.h>

#include <set>

namespace tillhost::os {

/// The threads of this process.
std::set<pid_t> own_threads();

/// Makes a thread of this process give way to those that are more urgent: it gets less of a busy
/// processor (`nice` is added to its priority number, as in nice(2)), and one that wakes up with
/// a usual turn takes the processor from it at once. What the system refuses is left as it was.
void give_way(pid_t thread, int nice);

}  // namespace tillhost::os
