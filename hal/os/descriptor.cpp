#include "hal/os/descriptor.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace tillhost::os {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void Descriptor::reset() {
    if (fd_ >= 0) {
        ::close(std::exchange(fd_, -1));
    }
}

std::string errno_text(int number) { return std::generic_category().message(number); }

base::Error system_error(std::string_view what, int number) {
    return base::make_error(base::ErrorCode::system_failed,
                            fmt::format("{}: {}", what, errno_text(number)));
}

base::Result<Wakeup> Wakeup::create() {
    Descriptor fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!fd.valid()) {
        return system_error("eventfd", errno);
    }
    return Wakeup(std::move(fd));
}

void Wakeup::signal() const {
    const std::uint64_t one = 1;
    // Fails only when the counter is full, and then it is readable already.
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
}

void Wakeup::clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto taken = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace tillhost::os
