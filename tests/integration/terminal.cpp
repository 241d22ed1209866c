#include "tests/integration/terminal.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "hal/base/invariant.h"

namespace tillhost::support {
namespace {

constexpr int kPatienceMs = 60'000;  // of a test machine

}  // namespace

Terminal::Terminal(const std::string& program, const std::vector<std::string>& words) {
    std::vector<char*> arguments{const_cast<char*>(program.c_str())};
    for (const std::string& word : words) {
        arguments.push_back(const_cast<char*>(word.c_str()));
    }
    arguments.push_back(nullptr);
    int master = -1;
    pid_ = ::forkpty(&master, nullptr, nullptr, nullptr);
    INVARIANT(pid_ >= 0);
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::setenv("LC_ALL", "C", 1);
        ::execv(program.c_str(), arguments.data());
        ::_exit(127);
    }
    ours_ = os::Descriptor(master);
}

Terminal::~Terminal() {
    if (!reaped_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
}

bool Terminal::sees(std::string_view text) {
    while (true) {
        const std::size_t found = screen_.find(text, seen_);
        if (found != std::string::npos) {
            seen_ = found + text.size();
            return true;
        }
        if (!take_more()) {
            return false;
        }
    }
}

/// False at the end of the program, and when nothing comes.
bool Terminal::take_more() {
    pollfd wait{ours_.get(), POLLIN, 0};
    std::array<char, 4096> buffer{};
    const ssize_t count =
        ::poll(&wait, 1, kPatienceMs) == 1 ? ::read(ours_.get(), buffer.data(), buffer.size()) : 0;
    if (count <= 0) {
        return false;  // EIO: nobody has the other end open any more
    }
    screen_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
}

void Terminal::type(std::string_view line) {
    const std::string whole = std::string(line) + "\n";
    INVARIANT(::write(ours_.get(), whole.data(), whole.size()) ==
              static_cast<ssize_t>(whole.size()));
}

void Terminal::press(char key) { INVARIANT(::write(ours_.get(), &key, 1) == 1); }

bool Terminal::echoes() const {
    termios now{};
    INVARIANT(::tcgetattr(ours_.get(), &now) == 0);
    return (now.c_lflag & ECHO) != 0;
}

int Terminal::ended() {
    while (take_more()) {
    }
    int status = 0;
    INVARIANT(::waitpid(pid_, &status, 0) == pid_);
    reaped_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace tillhost::support
