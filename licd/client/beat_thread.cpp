#include "licd/client/beat_thread.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "licd/client/pauses.h"

namespace tillhost::licd::client {
namespace {

constexpr os::Duration kBeatDeadline = std::chrono::seconds(10);

}  // namespace

base::Result<std::unique_ptr<BeatThread>> BeatThread::start(LicenceClient& client,
                                                            const os::Clock& clock,
                                                            OnBeat on_beat) {
    auto wake = TRY(os::Wakeup::create());
    std::unique_ptr<BeatThread> beats(
        new BeatThread(client, clock, std::move(on_beat), std::move(wake)));
    BeatThread* const self = beats.get();
    beats->thread_ = std::make_unique<os::Thread>("licence beat", [self] { self->run(); });
    return beats;
}

BeatThread::~BeatThread() {
    stopping_ = true;
    wake_.signal();
    thread_.reset();
}

void BeatThread::run() {
    while (!stopping_) {
        wait(beat());
    }
}

os::Duration BeatThread::beat() {
    const auto next = client_.beat(clock_.now() + kBeatDeadline);
    if (on_beat_) {
        on_beat_(next ? std::nullopt : std::optional(next.error()));
    }
    if (next) {
        try_again_ = kTryAgainFirst;
        return *next;
    }
    return jittered(std::exchange(try_again_, std::min(try_again_ * 2, kTryAgainLongest)));
}

void BeatThread::wait(os::Duration time) const {
    const os::Deadline until = clock_.now() + time;
    while (!stopping_) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - clock_.now()).count();
        pollfd one{.fd = wake_.fd(), .events = POLLIN, .revents = 0};
        if (left <= 0 || ::poll(&one, 1, static_cast<int>(left)) > 0) {
            break;
        }
    }
    wake_.clear();
}

}  // namespace tillhost::licd::client
