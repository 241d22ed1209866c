#include "licd/runtime/process_watch.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace tillhost::licd::runtime {

ProcessWatch::~ProcessWatch() {
    for (const auto& [pid, watched] : watched_) {
        loop_.unwatch(watched.id);
    }
}

bool ProcessWatch::watch(std::int64_t pid) {
    if (watched_.contains(pid)) {
        return true;
    }
    // The C library of Debian 12 has no name for it.
    os::Descriptor fd(static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
    if (!fd.valid()) {
        return false;
    }
    const auto id = loop_.watch(fd.get(), [this, pid](os::Readiness) { on_ended(pid); });
    if (!id) {
        return false;
    }
    watched_.emplace(pid, Watched{std::move(fd), *id});
    return true;
}

void ProcessWatch::on_ended(std::int64_t pid) {
    const auto node = watched_.extract(pid);
    if (!node.empty()) {
        loop_.unwatch(node.mapped().id);
        ended_(pid);
    }
}

}  // namespace tillhost::licd::runtime
