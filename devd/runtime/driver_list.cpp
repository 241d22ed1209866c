#include "devd/runtime/driver_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

#include "hal/os/process.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::size_t kListBytesMax = 64 * 1024;

/// Everything that is written until the last writer has closed the pipe.
base::Result<std::string> read_to_end(int fd, const os::Clock& clock, os::Deadline deadline) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.size() < kListBytesMax) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.now()).count();
        pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
        if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) == 0) {
            return make_error(ErrorCode::config_invalid, "does not answer");
        }
        const ssize_t taken = ::read(fd, buffer.data(), buffer.size());
        if (taken == 0) {
            return text;
        }
        if (taken > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(taken));
        } else if (errno != EINTR) {
            return os::system_error("read", errno);
        }
    }
    return make_error(ErrorCode::config_invalid, "names too many drivers");
}

/// A driver a line, "fiscal/shtrih password serial".
std::vector<KnownDriver> drivers_in(const std::string& text) {
    std::vector<KnownDriver> drivers;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        KnownDriver driver;
        words >> driver.name;
        for (std::string setting; words >> setting;) {
            driver.settings.push_back(setting);
        }
        drivers.push_back(std::move(driver));
    }
    return drivers;
}

}  // namespace

base::Result<std::vector<KnownDriver>> list_drivers(const std::string& program,
                                                    const os::Clock& clock, os::Deadline deadline) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return os::system_error("pipe2", errno);
    }
    const os::Descriptor ours(pipe[0]);
    os::Descriptor theirs(pipe[1]);
    const auto child =
        os::Child::spawn({.program = program, .arguments = {"--list"}, .output = theirs.get()});
    if (!child) {
        return make_error(ErrorCode::config_invalid, child.error().detail);
    }
    theirs.reset();
    const auto text = read_to_end(ours.get(), clock, deadline);
    if (!text) {
        return base::with_context(text.error(), program);
    }
    auto drivers = drivers_in(*text);
    if (drivers.empty()) {
        return make_error(ErrorCode::config_invalid, program + " names no driver");
    }
    return drivers;
}

}  // namespace tillhost::devd::runtime
