// tillctl: the command line. The wiring, and nothing else.
#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "ipc/client/tillctl/arguments.h"
#include "ipc/client/tillctl/decode.h"
#include "ipc/client/tillctl/replay.h"
#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {
namespace {

class StandardStreams final : public Console {
public:
    void out(std::string_view text) override { write(stdout, text); }
    void err(std::string_view text) override { write(stderr, text); }

    bool asks() const override {
        return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
    }
    std::optional<std::string> ask(std::string_view prompt, bool secret) override {
        write(stdout, prompt);
        termios seen{};
        const bool hides = secret && ::tcgetattr(STDIN_FILENO, &seen) == 0;
        if (hides) {
            termios unseen = seen;
            unseen.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            ::tcsetattr(STDIN_FILENO, TCSANOW, &unseen);
        }
        std::string line;
        int c = std::getc(stdin);
        for (; c != EOF && c != '\n'; c = std::getc(stdin)) {
            line += static_cast<char>(c);
        }
        if (hides) {
            ::tcsetattr(STDIN_FILENO, TCSANOW, &seen);
            write(stdout, "\n");
        }
        return c == EOF ? std::nullopt : std::optional(line);
    }

private:
    static void write(std::FILE* to, std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), to);
        std::fflush(to);  // before the result is acknowledged
    }
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
