#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "hal/base/invariant.h"
#include "hal/os/descriptor.h"
#include "hal/os/thread.h"

namespace tillhost::os {

/// Changes that may wait for the disk, gathered or handed over; reaching it ends the process,
/// has_room() is false from the half on.
inline constexpr std::size_t kGroupQueueMax = 200'000;
/// Changes in one transaction at most.
inline constexpr std::size_t kGroupChangesMax = 4096;

/// Writes changes on a thread of its own, those together that have come while it wrote the last
/// group. Positions count changes from 1; what has been written is told by durable() and moved().
///
/// Changes gather until hand_over(), so that the thread is woken once for all that a turn of the
/// caller's loop has made: on one processor it would else begin to write the first of them at once.
/// All but the writing belongs to the thread that made it.
template <class Change>
class GroupWriter final {
public:
    using Group = std::vector<Change>;
    /// Makes a group durable before it returns, or ends the process. Called on the writer's thread.
    using Write = std::function<void(const Group&)>;

    GroupWriter(std::string name, Wakeup moved, Write write)
        : moved_(std::move(moved)), write_(std::move(write)) {
        thread_ = std::make_unique<Thread>(std::move(name), [this] { run(); });
    }
    /// Writes everything, what was not handed over as well, then ends the thread.
    ~GroupWriter() {
        hand_over();
        {
            const std::lock_guard<std::mutex> guard(mutex_);
            stop_ = true;
        }
        changed_.notify_one();
        thread_->join();
    }

    /// Takes a change, which waits for hand_over(). Never blocks on the disk.
    std::uint64_t write(Change change) {
        INVARIANT(last_ - durable() < kGroupQueueMax);
        gathered_.push_back(std::move(change));
        return ++last_;
    }
    /// Lets the thread write what has gathered. Never blocks on the disk.
    void hand_over() {
        if (gathered_.empty()) {
            return;
        }
        {
            const std::lock_guard<std::mutex> guard(mutex_);
            if (queue_.empty()) {
                queue_.swap(gathered_);
            } else {
                queue_.insert(queue_.end(), std::make_move_iterator(gathered_.begin()),
                              std::make_move_iterator(gathered_.end()));
            }
        }
        gathered_.clear();
        handed_over_ = last_;
        changed_.notify_one();
    }
    std::uint64_t durable() const { return durable_.load(std::memory_order_acquire); }
    /// Something that was handed over is not durable yet.
    bool is_writing() const { return durable() != handed_over_; }
    /// Readable after durable() has moved; clear it before reading durable().
    const Wakeup& moved() const { return moved_; }
    bool has_room() const { return last_ - durable() < kGroupQueueMax / 2; }
    /// Transactions so far.
    std::uint64_t groups() const { return groups_.load(std::memory_order_relaxed); }

private:
    /// False at the end.
    bool take(Group& group) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !queue_.empty() || stop_; });
        group.clear();
        if (queue_.size() <= kGroupChangesMax) {
            group.swap(queue_);
        } else {
            const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(kGroupChangesMax);
            group.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
            queue_.erase(queue_.begin(), end);
        }
        return !group.empty();
    }

    void run() {
        Group group;
        while (take(group)) {
            write_(group);
            groups_.fetch_add(1, std::memory_order_relaxed);
            durable_.fetch_add(group.size(), std::memory_order_release);
            moved_.signal();
        }
    }

    const Wakeup moved_;
    const Write write_;
    std::atomic<std::uint64_t> durable_{0};
    std::atomic<std::uint64_t> groups_{0};
    Group gathered_;  // of the caller's thread, as the two positions
    std::uint64_t last_ = 0;
    std::uint64_t handed_over_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    Group queue_;        // guarded by mutex_
    bool stop_ = false;  // guarded by mutex_
    std::unique_ptr<Thread> thread_;
};

}  // namespace tillhost::os
