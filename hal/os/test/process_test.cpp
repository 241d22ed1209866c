// Claim: a child gets exactly the descriptors meant for it, and its end is seen and told.
// Shown with real children (/bin/sh, /bin/cat) that answer over inherited pipes.
#include "hal/os/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <climits>

#include "hal/os/files.h"
#include "hal/os/thread.h"

namespace tillhost::os {
namespace {

constexpr int kWaitMsMax = 20'000;

/// Everything that the writers of a pipe put in until the last of them closed it.
std::string read_to_end(int fd) {
    std::string text;
    std::array<char, 256> buffer{};
    ssize_t taken = 0;
    while ((taken = ::read(fd, buffer.data(), buffer.size())) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(taken));
    }
    return text;
}

std::string reap_when_gone(Child& child) {
    pollfd gone{child.pidfd(), POLLIN, 0};
    EXPECT_EQ(::poll(&gone, 1, kWaitMsMax), 1);
    std::string how;
    EXPECT_TRUE(child.reap(how));
    return how;
}

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        INVARIANT(::pipe2(ends.data(), O_CLOEXEC) == 0);
        read = Descriptor(ends[0]);
        write = Descriptor(ends[1]);
    }
    Descriptor read;
    Descriptor write;
};

TEST(Child, InheritsWhatIsGivenInThatOrderAndNothingElse) {
    Pipe pipe;
    const Descriptor secret(::open("/dev/zero", O_RDONLY));  // deliberately without close-on-exec
    const Descriptor given(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto child = MUST(Child::spawn({.program = "/bin/sh",
                                    .arguments = {"-c", "ls -l /proc/$$/fd >&4; wait"},
                                    .inherited = {given.get(), pipe.write.get()}}));
    pipe.write.reset();
    const std::string seen = read_to_end(pipe.read.get());
    EXPECT_NE(seen.find(" 3 -> /dev/null"), std::string::npos) << seen;
    EXPECT_NE(seen.find(" 4 -> pipe:"), std::string::npos) << seen;
    EXPECT_EQ(seen.find(" 5 -> "), std::string::npos) << seen;
    EXPECT_EQ(seen.find("/dev/zero"), std::string::npos) << seen;
    EXPECT_EQ(reap_when_gone(*child), "exit 0");
}

TEST(Child, WritesItsStandardOutputWhereItIsTold) {
    Pipe pipe;
    const auto child = MUST(Child::spawn({.program = "/bin/sh",
                                          .arguments = {"-c", "echo heard; ls /proc/$$/fd"},
                                          .output = pipe.write.get()}));
    pipe.write.reset();
    EXPECT_EQ(read_to_end(pipe.read.get()), "heard\n0\n1\n2\n");
}

TEST(Child, TellsHowItEnded) {
    auto exited = MUST(Child::spawn({.program = "/bin/sh", .arguments = {"-c", "exit 7"}}));
    EXPECT_EQ(reap_when_gone(*exited), "exit 7");
    auto killed = MUST(Child::spawn({.program = "/bin/sleep", .arguments = {"1000"}}));
    std::string how;
    EXPECT_FALSE(killed->reap(how));
    killed->kill();
    EXPECT_EQ(reap_when_gone(*killed), "signal 9 (Killed)");
}

TEST(Child, SaysWhyAProgramCannotBeStarted) {
    const auto child = Child::spawn({.program = "/nonexistent/program"});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().detail, "cannot start /nonexistent/program: No such file or directory");
}

TEST(Child, DiesWithTheThreadThatStartedIt) {
    std::unique_ptr<Child> child;
    Thread parent("parent", [&] {
        child = MUST(Child::spawn({.program = "/bin/sleep", .arguments = {"1000"}}));
    });
    parent.join();
    EXPECT_EQ(reap_when_gone(*child), "signal 9 (Killed)");
}

TEST(Child, RunsAtTheLowerPriorityAsked) {
    Pipe pipe;
    auto child = MUST(Child::spawn({.program = "/bin/sh",
                                    .arguments = {"-c", "nice >&3"},
                                    .inherited = {pipe.write.get()},
                                    .nice = 5}));
    pipe.write.reset();
    const int own = ::nice(0);
    EXPECT_EQ(read_to_end(pipe.read.get()), std::to_string(own + 5) + "\n");
}

TEST(HolderOf, NamesTheProcessThatHasTheFileOpen) {
    std::string name = testing::TempDir() + "tillhost.XXXXXX";
    const Descriptor file(::mkstemp(name.data()));
    EXPECT_EQ(holder_of(name), "");
    Pipe pipe;
    auto child = MUST(
        Child::spawn({.program = "/bin/sleep", .arguments = {"1000"}, .inherited = {file.get()}}));
    EXPECT_EQ(holder_of(name), std::to_string(child->pid()) + " (sleep)");
    ::unlink(name.c_str());
}

}  // namespace
}  // namespace tillhost::os
