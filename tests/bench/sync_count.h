#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "hal/base/result.h"

namespace tillhost::bench {

/// What sync_counter.so, loaded before the C library, counts in a program and its children: calls
/// of fsync and fdatasync that have come back from the disk.
class SyncCount final {
public:
    /// `path` is the file that both map; programs of any user may write it. Errors: system_failed.
    static base::Result<std::unique_ptr<SyncCount>> create(const std::string& path);

    /// Programs that are started meanwhile are counted. Errors: those of `start`.
    template <class Start>
    base::Done counting(Start&& start) {
        if (const auto good = preload(true); !good) {
            return good.error();
        }
        base::Done started = start();
        const auto off = preload(false);
        return started ? off : started;
    }
    std::uint64_t now() const { return count_->load(); }

private:
    using Count = std::atomic<std::uint64_t>;
    SyncCount(std::string path, const Count* count) : path_(std::move(path)), count_(count) {}
    base::Done preload(bool on) const;

    const std::string path_;
    const Count* count_;  // mapped until the program ends
};

}  // namespace tillhost::bench
