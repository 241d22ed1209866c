#include "tests/integration/run_program.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <optional>

#include "hal/os/process.h"

namespace tillhost::support {
namespace {

constexpr os::Duration kPatience = std::chrono::seconds(60);  // of a test machine

/// One end of a pipe that is read to its end.
class Stream final {
public:
    Stream(os::EventLoop& loop, std::string& to) : loop_(loop), to_(to) {
        std::array<int, 2> ends{};
        INVARIANT(::pipe2(ends.data(), O_CLOEXEC) == 0);
        ours_ = os::Descriptor(ends[0]);
        theirs_ = os::Descriptor(ends[1]);
        watch_ = MUST(loop_.watch(ours_.get(), [this](os::Readiness) { take(); }));
    }
    int theirs() const { return theirs_.get(); }
    void close_theirs() { theirs_.reset(); }
    bool ended() const { return !watch_; }

private:
    void take() {
        std::array<char, 4096> buffer{};
        const ssize_t count = ::read(ours_.get(), buffer.data(), buffer.size());
        if (count > 0) {
            to_.append(buffer.data(), static_cast<std::size_t>(count));
            return;
        }
        loop_.unwatch(*watch_);
        watch_.reset();
    }
    os::EventLoop& loop_;
    std::string& to_;
    os::Descriptor ours_;
    os::Descriptor theirs_;
    std::optional<os::WatchId> watch_;
};

}  // namespace

Ran run_program(os::EventLoop& loop, const os::Clock& clock, const std::string& program,
                std::vector<std::string> words) {
    Ran ran;
    Stream out(loop, ran.out);
    Stream err(loop, ran.err);
    // The shell gives it the inherited descriptor as standard error.
    words.insert(words.begin(), {"-c", "exec \"$0\" \"$@\" 2>&3 3>&-", program});
    const auto child = MUST(os::Child::spawn({.program = "/bin/sh",
                                              .arguments = std::move(words),
                                              .inherited = {err.theirs()},
                                              .output = out.theirs()}));
    out.close_theirs();
    err.close_theirs();
    std::string how;
    const auto watch = MUST(loop.watch(child->pidfd(), [](os::Readiness) {}));
    const os::Deadline deadline = clock.now() + kPatience;
    while (!(child->reap(how) && out.ended() && err.ended()) && clock.now() < deadline) {
        loop.run_once(deadline);
    }
    loop.unwatch(watch);
    constexpr std::string_view kExit = "exit ";
    if (how.starts_with(kExit)) {
        ran.exit = std::atoi(how.c_str() + kExit.size());
    }
    return ran;
}

}  // namespace tillhost::support
