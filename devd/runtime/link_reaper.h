#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "hal/os/thread.h"
#include "ipc/zmq_link.h"

namespace tillhost::devd::runtime {

/// With so many connections that are still being closed no further one is opened.
inline constexpr std::size_t kBuriedMax = 64;

/// Closes connections to other hosts in a thread of its own: closing one waits for libzmq, and
/// libzmq for a name server that may not answer for half a minute, which no loop may wait for.
class LinkReaper final {
public:
    LinkReaper();
    /// Waits until all are closed.
    ~LinkReaper();
    LinkReaper(const LinkReaper&) = delete;
    LinkReaper& operator=(const LinkReaper&) = delete;

    void bury(std::unique_ptr<ipc::ZmqLink> link);
    bool is_full() const;

private:
    void run();

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::unique_ptr<ipc::ZmqLink>> links_;
    bool ending_ = false;
    os::Thread thread_;
};

}  // namespace tillhost::devd::runtime
