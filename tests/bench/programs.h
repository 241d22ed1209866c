#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/os/process.h"

namespace tillhost::bench {

/// What a program says on standard output until it ends, a minute at most. Errors: system_failed
/// (it did not end with 0; why stands in the log of the bench).
base::Result<std::string> output_of(const std::string& program, std::vector<std::string> words);

/// A program that runs on, and its first line on standard output.
struct Running {
    std::unique_ptr<os::Child> child;
    std::string said;
};
base::Result<Running> start_and_hear(const std::string& program, std::vector<std::string> words);

/// Sends the signal and waits for the end, ten seconds at most.
void end_by(const os::Child& child, int signal);

/// Until somebody listens on the port of 127.0.0.1, 20 seconds at most. Errors: no_daemon.
base::Done wait_listening(os::Clock& clock, std::uint16_t port, const std::string& who);

/// A new folder below $TMPDIR that everybody may pass through; it goes with the object.
class Folder final {
public:
    static base::Result<std::unique_ptr<Folder>> make();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    const std::string& path() const { return path_; }

private:
    explicit Folder(std::string path) : path_(std::move(path)) {}
    const std::string path_;
};

}  // namespace tillhost::bench
