#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <vector>

#include "hal/os/descriptor.h"

namespace tillhost::support {

/// devsim with one family on one line, for one thread: it is ready when it is made, or has ended
/// before it was (ready() is empty), and ends with this. The test defines DEVSIM_PROGRAM.
class DevsimProgram final {
public:
    explicit DevsimProgram(std::vector<std::string> words) {
        words.insert(words.begin(), DEVSIM_PROGRAM);
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        std::array<int, 2> pipe{};
        EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(pipe[1], STDOUT_FILENO);
            ::execv(arguments[0], arguments.data());
            ::_exit(127);
        }
        ::close(pipe[1]);
        output_ = os::Descriptor(pipe[0]);
        char letter = 0;
        while (::read(pipe[0], &letter, 1) == 1 && letter != '\n') {
            ready_ += letter;
        }
    }
    ~DevsimProgram() { end(SIGKILL); }
    DevsimProgram(const DevsimProgram&) = delete;
    DevsimProgram& operator=(const DevsimProgram&) = delete;

    /// The status that waitpid() gives; -1 once it has ended.
    int end(int signal) {
        int status = -1;
        if (pid_ > 0) {
            ::kill(pid_, signal);
            ::waitpid(pid_, &status, 0);
            pid_ = -1;
        }
        return status;
    }
    /// What it said: "ready FAMILY on ADDRESS seed N".
    const std::string& ready() const { return ready_; }
    /// "127.0.0.1:40001" of it.
    std::string address() const {
        const std::size_t begin = ready_.find(" on ") + 4;
        return ready_.substr(begin, ready_.find(" seed ") - begin);
    }

private:
    pid_t pid_ = -1;
    os::Descriptor output_;
    std::string ready_;
};

}  // namespace tillhost::support
