#include "devd/runtime/port_scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr std::size_t kOutputBytesMax = 1024 * 1024;

Result<contract::PortsReply> ports_in(const std::string& text) {
    return contract::from_value<contract::PortsReply>(TRY(ipc::from_json(text)));
}

}  // namespace

PortScan::PortScan(Question asked, os::EventLoop& loop, Finished finished)
    : question(std::move(asked)),
      result(make_error(ErrorCode::deadline_passed, "the ports could not be listed in time")),
      loop_(loop),
      finished_(std::move(finished)) {}

PortScan::~PortScan() {
    if (watch_) {
        loop_.unwatch(*watch_);
    }
    if (timer_) {
        loop_.cancel(*timer_);
    }
}

Result<std::unique_ptr<PortScan>> PortScan::start(const std::string& program, Question question,
                                                  os::EventLoop& loop, const os::Clock& clock,
                                                  Finished finished) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
        return os::system_error("pipe2", errno);
    }
    std::vector<std::string> words{"--ports"};
    if (!question.request.address.empty()) {
        words.push_back(question.request.address);
    }
    std::unique_ptr<PortScan> scan(new PortScan(std::move(question), loop, std::move(finished)));
    scan->output_ = os::Descriptor(pipe[0]);
    const os::Descriptor theirs(pipe[1]);
    ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
    scan->child_ = TRY(os::Child::spawn(
        {.program = program, .arguments = std::move(words), .output = theirs.get()}));
    scan->watch_ =
        TRY(loop.watch(pipe[0], [self = scan.get()](os::Readiness) { self->take_output(); }));
    scan->timer_ = loop.call_at(clock.now() + kPortScanTimeMax, [self = scan.get()] {
        self->timer_.reset();
        self->finish();
    });
    return scan;
}

void PortScan::take_output() {
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
    result = ports_in(text_);
    finish();
}

void PortScan::finish() {
    const Finished finished = std::move(finished_);
    finished(*this);
}

}  // namespace tillhost::devd::runtime
