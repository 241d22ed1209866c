#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "hal/os/descriptor.h"
#include "hal/os/thread.h"
#include "tests/bench/references.h"

namespace tillhost::bench {

/// What the bare services have in common: rows go to disk in a thread of their own, one commit a
/// row, and what depends on one is done afterwards by the thread that asked. Lives as long as its
/// process; a row that cannot be written ends it.
class BareWriter final {
public:
    /// `folder` is where the rows are kept. Errors: system_failed, storage_failed.
    static base::Result<std::unique_ptr<BareWriter>> start(const std::string& folder);

    void write(std::function<void()> then);
    /// Readable when something is on disk.
    int fd() const { return moved_.fd(); }
    /// Does what waited for it.
    void take_written();

private:
    BareWriter(std::unique_ptr<Commits> commits, os::Wakeup moved);
    void run();

    std::unique_ptr<Commits> commits_;
    os::Wakeup moved_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> asked_;    // guarded by mutex_
    std::deque<std::function<void()>> written_;  // guarded by mutex_
    std::unique_ptr<os::Thread> thread_;         ///< last: it uses all the others
};

}  // namespace tillhost::bench
