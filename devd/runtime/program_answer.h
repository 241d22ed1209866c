#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/descriptor.h"
#include "hal/os/event_loop.h"
#include "hal/os/process.h"

namespace tillhost::devd::runtime {

/// What a program prints, read without keeping the loop. The program is killed with this object.
class ProgramAnswer final {
public:
    /// Called once, from the loop, with all that was printed, or deadline_passed. The object may be
    /// destroyed in it.
    using Finished = std::function<void(base::Result<std::string>)>;

    /// Errors: system_failed.
    static base::Result<std::unique_ptr<ProgramAnswer>> start(
        const std::string& program, std::vector<std::string> words, os::Duration time_max,
        os::EventLoop& loop, const os::Clock& clock, Finished finished);
    ~ProgramAnswer();
    ProgramAnswer(const ProgramAnswer&) = delete;
    ProgramAnswer& operator=(const ProgramAnswer&) = delete;

private:
    ProgramAnswer(os::EventLoop& loop, Finished finished)
        : loop_(loop), finished_(std::move(finished)) {}
    void take_output();
    void finish(base::Result<std::string> answer);

    os::EventLoop& loop_;
    Finished finished_;
    std::unique_ptr<os::Child> child_;
    os::Descriptor output_;
    std::string text_;
    std::optional<os::WatchId> watch_;
    std::optional<os::TimerId> timer_;
};

}  // namespace tillhost::devd::runtime
