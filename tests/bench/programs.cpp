#include "tests/bench/programs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "hal/os/descriptor.h"

namespace tillhost::bench {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kSilenceMsMax = 60'000;
constexpr int kEndMsMax = 10'000;
constexpr os::Duration kStartTimeMax = std::chrono::seconds(20);
constexpr os::Duration kLook = std::chrono::milliseconds(20);

/// Up to the end, or up to the first line.
Result<std::string> read_from(int fd, bool one_line) {
    std::string text;
    std::array<char, 4096> buffer;
    while (!one_line || text.find('\n') == std::string::npos) {
        pollfd wait{fd, POLLIN, 0};
        if (::poll(&wait, 1, kSilenceMsMax) <= 0) {
            return make_error(ErrorCode::deadline_passed, "the program says nothing");
        }
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count <= 0) {
            break;
        }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

Result<Running> start(const std::string& program, std::vector<std::string> words, bool one_line) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return os::system_error("pipe", errno);
    }
    const os::Descriptor from(ends[0]);
    os::Descriptor to(ends[1]);
    Running running;
    running.child = TRY(
        os::Child::spawn({.program = program, .arguments = std::move(words), .output = to.get()}));
    to.reset();
    running.said = TRY(read_from(from.get(), one_line));
    return running;
}

bool listens(std::uint16_t port) {
    const os::Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Result<std::string> output_of(const std::string& program, std::vector<std::string> words) {
    const std::string what = program + " " + (words.empty() ? "" : words.back());
    Running running = TRY(start(program, std::move(words), false));
    pollfd wait{running.child->pidfd(), POLLIN, 0};
    ::poll(&wait, 1, kEndMsMax);
    std::string how;
    if (!running.child->reap(how) || how != "exit 0") {
        return make_error(ErrorCode::system_failed, fmt::format("{}: {}", what, how));
    }
    return std::move(running.said);
}

Result<Running> start_and_hear(const std::string& program, std::vector<std::string> words) {
    return start(program, std::move(words), true);
}

void end_by(const os::Child& child, int signal) {
    ::kill(child.pid(), signal);
    pollfd wait{child.pidfd(), POLLIN, 0};
    ::poll(&wait, 1, kEndMsMax);
}

base::Done wait_listening(os::Clock& clock, std::uint16_t port, const std::string& who) {
    const os::Deadline patience = clock.now() + kStartTimeMax;
    while (!listens(port)) {
        if (clock.now() > patience) {
            return make_error(ErrorCode::no_daemon, who + " does not listen");
        }
        clock.sleep_until(clock.now() + kLook);
    }
    return {};
}

Result<std::unique_ptr<Folder>> Folder::make() {
    constexpr mode_t kPassThrough = 0711;
    const char* parent = std::getenv("TMPDIR");
    std::string path = std::string(parent == nullptr ? "/tmp" : parent) + "/tillhost-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr || ::chmod(path.c_str(), kPassThrough) != 0) {
        return os::system_error(path, errno);
    }
    return std::unique_ptr<Folder>(new Folder(path));
}

Folder::~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace tillhost::bench
