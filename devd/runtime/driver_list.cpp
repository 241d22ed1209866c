#include "devd/runtime/driver_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "hal/os/process.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::size_t kListBytesMax = 1024 * 1024;

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

base::Result<std::vector<contract::Manifest>> manifests_in(const std::string& text) {
    auto list = contract::from_value<contract::ModelsReply>(TRY(ipc::from_json(text)));
    if (!list) {
        return list.error();
    }
    return std::move(list->manifests);
}

}  // namespace

base::Result<std::vector<contract::Manifest>> list_drivers(const std::string& program,
                                                           const os::Clock& clock,
                                                           os::Deadline deadline) {
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
    auto manifests = manifests_in(*text);
    if (!manifests || manifests->empty()) {
        return make_error(
            ErrorCode::config_invalid,
            manifests ? program + " names no driver"
                      : fmt::format("{} --list: {}", program, base::to_text(manifests.error())));
    }
    return manifests;
}

}  // namespace tillhost::devd::runtime
