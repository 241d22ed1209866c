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

namespace tillhost::conformance {

/// devsim with one family on one line.
class Devsim {
public:
    explicit Devsim(std::vector<std::string> words) {
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
    ~Devsim() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Devsim(const Devsim&) = delete;
    Devsim& operator=(const Devsim&) = delete;

    /// "127.0.0.1:40001" of "ready FAMILY on ADDRESS seed N".
    std::string address() const {
        const std::size_t begin = ready_.find(" on ") + 4;
        return ready_.substr(begin, ready_.find(" seed ") - begin);
    }

private:
    pid_t pid_ = -1;
    os::Descriptor output_;
    std::string ready_;
};

}  // namespace tillhost::conformance
