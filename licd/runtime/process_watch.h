#pragma once

#include <functional>
#include <map>

#include "hal/os/descriptor.h"
#include "hal/os/event_loop.h"
#include "licd/core/licence_desk.h"

namespace tillhost::licd::runtime {

/// Tells when processes of this machine end, by their pidfd.
class ProcessWatch final : public core::ProcessPort {
public:
    using Ended = std::function<void(std::int64_t pid)>;

    explicit ProcessWatch(os::EventLoop& loop) : loop_(loop) {}
    ~ProcessWatch() override;
    void set_handler(Ended ended) { ended_ = std::move(ended); }

    bool watch(std::int64_t pid) override;

private:
    struct Watched {
        os::Descriptor fd;
        os::WatchId id;
    };
    void on_ended(std::int64_t pid);

    os::EventLoop& loop_;
    Ended ended_;
    std::map<std::int64_t, Watched> watched_;
};

}  // namespace tillhost::licd::runtime
