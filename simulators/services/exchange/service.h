#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "hal/os/clock.h"
#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::exchange {

/// A simulated neighbour of sumpd: a client that works in a thread of its own and is asked from
/// another one. Commands and their keys are said by its help text.
class Service {
public:
    virtual ~Service() = default;
    /// Works until stop(); whoever made it calls this once, in a thread for it.
    virtual void run() = 0;
    /// From any thread: run() returns after the exchange that it is in.
    virtual void stop() = 0;
    /// From any thread, without waiting for the server: {"command":"state"} and others; the fields
    /// of the answer. Errors: bad_field with what would be right.
    virtual base::Result<Value> ask(const Value& request) = 0;
};

/// A wait that another thread can end.
class Pause final {
public:
    /// Waits so long, or until stop(). False once it was stopped.
    bool wait(std::int64_t ms) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::milliseconds(ms),
                          [this] { return stopped_ || woken_; });
        woken_ = false;
        return !stopped_;
    }
    /// Ends the present wait, or the next one.
    void wake() {
        const std::scoped_lock lock(mutex_);
        woken_ = true;
        changed_.notify_all();
    }
    void stop() {
        const std::scoped_lock lock(mutex_);
        stopped_ = true;
        changed_.notify_all();
    }
    bool stopped() const {
        const std::scoped_lock lock(mutex_);
        return stopped_;
    }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopped_ = false;
    bool woken_ = false;
};

}  // namespace tillhost::simulators::exchange
