#include "devd/runtime/link_reaper.h"

#include <utility>

namespace tillhost::devd::runtime {

LinkReaper::LinkReaper() : thread_("link reaper", [this] { run(); }) {}

LinkReaper::~LinkReaper() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void LinkReaper::bury(std::unique_ptr<ipc::ZmqLink> link) {
    {
        const std::lock_guard lock(mutex_);
        links_.push_back(std::move(link));
    }
    wake_.notify_one();
}

bool LinkReaper::is_full() const {
    const std::lock_guard lock(mutex_);
    return links_.size() >= kBuriedMax;
}

void LinkReaper::run() {
    std::unique_lock lock(mutex_);
    while (!ending_ || !links_.empty()) {
        wake_.wait(lock, [this] { return ending_ || !links_.empty(); });
        while (!links_.empty()) {
            auto link = std::move(links_.front());
            lock.unlock();
            link.reset();
            lock.lock();
            links_.pop_front();
        }
    }
}

}  // namespace tillhost::devd::runtime
