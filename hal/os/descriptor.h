#pragma once

#include <string_view>
#include <utility>

#include "hal/base/result.h"

namespace tillhost::os {

/// Owns one file descriptor and closes it.
class Descriptor final {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { reset(); }

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset();

private:
    int fd_ = -1;
};

/// system_failed with "what: text of errno". `number` is errno as the failed call left it.
base::Error system_error(std::string_view what, int number);
/// "No such file or directory"
std::string errno_text(int number);

/// An eventfd: any thread signals, one thread waits for it with poll or epoll.
class Wakeup final {
public:
    /// Errors: system_failed.
    static base::Result<Wakeup> create();

    /// Makes the descriptor readable. Many signals before a clear are one. Any thread.
    void signal() const;
    /// Makes it unreadable again.
    void clear() const;
    int fd() const { return fd_.get(); }

private:
    explicit Wakeup(Descriptor fd) : fd_(std::move(fd)) {}
    Descriptor fd_;
};

}  // namespace tillhost::os
