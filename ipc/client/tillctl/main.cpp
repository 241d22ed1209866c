// tillctl: the command line. The wiring, and nothing else.
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "ipc/client/tillctl/arguments.h"
#include "ipc/client/tillctl/decode.h"
#include "ipc/client/tillctl/plain_text.h"
#include "ipc/client/tillctl/replay.h"
#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {
namespace {

constexpr std::size_t kLineBytesMax = 4096;  // what a terminal gives in one line

/// While it lives Ctrl-C ends the question and not the program, which would leave the terminal
/// without its echo. Nothing is being changed then. The signal is let in only while input is waited
/// for: one that comes between the question and the wait ends the wait and is not lost.
class Interruptible final {
public:
    Interruptible() {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        ::sigaction(SIGINT, &action, &action_before_);
        sigset_t interrupt;
        ::sigemptyset(&interrupt);
        ::sigaddset(&interrupt, SIGINT);
        ::pthread_sigmask(SIG_BLOCK, &interrupt, &mask_before_);
    }
    ~Interruptible() {
        ::sigaction(SIGINT, &action_before_, nullptr);
        ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    }
    Interruptible(const Interruptible&) = delete;
    Interruptible& operator=(const Interruptible&) = delete;

    /// Blocks until there is input or its end; false when interrupted.
    bool waits_for_input() const {
        pollfd input{STDIN_FILENO, POLLIN, 0};
        return ::ppoll(&input, 1, nullptr, &mask_before_) == 1;
    }

private:
    struct sigaction action_before_ {};
    sigset_t mask_before_{};
};

/// The terminal without echo while it lives, if it is to be.
class Unseen final {
public:
    explicit Unseen(bool hides) : hides_(hides && ::tcgetattr(STDIN_FILENO, &seen_) == 0) {
        if (hides_) {
            termios unseen = seen_;
            unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            ::tcsetattr(STDIN_FILENO, TCSANOW, &unseen);
        }
    }
    ~Unseen() {
        if (hides_) {
            ::tcsetattr(STDIN_FILENO, TCSANOW, &seen_);
        }
    }
    Unseen(const Unseen&) = delete;
    Unseen& operator=(const Unseen&) = delete;
    bool hides() const { return hides_; }

private:
    termios seen_{};
    bool hides_;
};

std::atomic<bool> interruption_noted = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // so that a signal may set it

class StandardStreams final : public Console {
public:
    void out(std::string_view text) override { out_failed_ = !write(stdout, text) || out_failed_; }
    void err(std::string_view text) override { write(stderr, text); }
    bool out_failed() const override { return out_failed_; }

    void note_interruption() override {
        struct sigaction action {};
        action.sa_handler = [](int) { interruption_noted = true; };
        action.sa_flags = static_cast<int>(SA_RESETHAND);
        ::sigaction(SIGINT, &action, nullptr);
    }
    bool interrupted() const override { return interruption_noted; }

    bool asks() const override {
        return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
    }
    std::optional<std::string> ask(std::string_view prompt, bool secret) override {
        const Interruptible interruptible;
        std::optional<std::string> line;
        {
            const Unseen unseen(secret);
            write(stdout, prompt);
            line = read_line(interruptible);
            if (!line || unseen.hides()) {
                write(stdout, "\n");
            }
        }
        return line;
    }

private:
    /// Nothing at the end of the input and when it is interrupted.
    static std::optional<std::string> read_line(const Interruptible& interruptible) {
        std::string line;
        char c = 0;
        while (line.size() < kLineBytesMax && interruptible.waits_for_input() &&
               ::read(STDIN_FILENO, &c, 1) == 1) {
            if (c == '\n') {
                return line;
            }
            line += c;
        }
        return std::nullopt;
    }
    static bool write(std::FILE* to, std::string_view text) {
        const std::string plain = plain_text(text);
        const bool taken = std::fwrite(plain.data(), 1, plain.size(), to) == plain.size();
        return std::fflush(to) == 0 && taken;  // before the result is acknowledged
    }

    bool out_failed_ = false;
};

Exit start(int argc, const char* const* argv) {
    StandardStreams console;
    const auto parsed = parse_arguments(argc, argv, user_language());
    if (const auto* explanation = std::get_if<Explanation>(&parsed)) {
        explanation->is_help ? console.out(explanation->text) : console.err(explanation->text);
        return explanation->is_help ? Exit::done : Exit::usage;
    }
    const auto& invocation = std::get<Invocation>(parsed);
    if (const auto* frame = std::get_if<DecodeVerb>(&invocation.verb)) {
        return decode(*frame, invocation, console);
    }
    if (const auto* file = std::get_if<ReplayVerb>(&invocation.verb)) {
        return replay(*file, invocation, console);
    }
    os::SystemClock clock;
    return run(invocation, clock, console);
}

}  // namespace
}  // namespace tillhost::tillctl

int main(int argc, char** argv) { return static_cast<int>(tillhost::tillctl::start(argc, argv)); }
