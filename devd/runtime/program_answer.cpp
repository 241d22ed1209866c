#include "devd/runtime/program_answer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace tillhost::devd::runtime {
namespace {

constexpr std::size_t kOutputBytesMax = 1024 * 1024;

}  // namespace

ProgramAnswer::~ProgramAnswer() {
    if (watch_) {
        loop_.unwatch(*watch_);
    }
    if (timer_) {
        loop_.cancel(*timer_);
    }
}

base::Result<std::unique_ptr<ProgramAnswer>> ProgramAnswer::start(
    const std::string& program, std::vector<std::string> words, os::Duration time_max,
    os::EventLoop& loop, const os::Clock& clock, Finished finished) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return os::system_error("pipe2", errno);
    }
    std::unique_ptr<ProgramAnswer> answer(new ProgramAnswer(loop, std::move(finished)));
    answer->output_ = os::Descriptor(pipe[0]);
    const os::Descriptor theirs(pipe[1]);
    ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    answer->child_ = TRY(os::Child::spawn(
        {.program = program, .arguments = std::move(words), .output = theirs.get()}));
    answer->watch_ =
        TRY(loop.watch(pipe[0], [self = answer.get()](os::Readiness) { self->take_output(); }));
    answer->timer_ = loop.call_at(clock.now() + time_max, [self = answer.get()] {
        self->timer_.reset();
        self->finish(base::make_error(base::ErrorCode::deadline_passed, "it took too long"));
    });
    return answer;
}

void ProgramAnswer::take_output() {
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t taken = ::read(output_.get(), buffer.data(), buffer.size());
        if (taken < 0) {
            if (errno == EAGAIN) {
                return;
            }
            break;
        }
        if (taken == 0 || text_.size() >= kOutputBytesMax) {
            break;
        }
        text_.append(buffer.data(), static_cast<std::size_t>(taken));
    }
    finish(std::move(text_));
}

void ProgramAnswer::finish(base::Result<std::string> answer) {
    const Finished finished = std::move(finished_);
    finished(std::move(answer));
}

}  // namespace tillhost::devd::runtime
