#include "tests/bench/bare_writer.h"

#include <cstdlib>
#include <utility>

namespace tillhost::bench {

base::Result<std::unique_ptr<BareWriter>> BareWriter::start(const std::string& folder) {
    auto commits = TRY(Commits::open(folder, "bare.db"));
    os::Wakeup moved = TRY(os::Wakeup::create());
    return std::unique_ptr<BareWriter>(new BareWriter(std::move(commits), std::move(moved)));
}

BareWriter::BareWriter(std::unique_ptr<Commits> commits, os::Wakeup moved)
    : commits_(std::move(commits)),
      moved_(std::move(moved)),
      thread_(std::make_unique<os::Thread>("writer", [this] { run(); })) {}

void BareWriter::write(std::function<void()> then) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        asked_.push_back(std::move(then));
    }
    changed_.notify_one();
}

void BareWriter::run() {
    while (true) {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !asked_.empty(); });
        std::function<void()> then = std::move(asked_.front());
        asked_.pop_front();
        lock.unlock();
        if (!commits_->once()) {
            std::_Exit(1);
        }
        lock.lock();
        written_.push_back(std::move(then));
        lock.unlock();
        moved_.signal();
    }
}

void BareWriter::take_written() {
    moved_.clear();
    std::deque<std::function<void()>> written;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        written = std::exchange(written_, {});
    }
    for (const std::function<void()>& then : written) {
        then();
    }
}

}  // namespace tillhost::bench
