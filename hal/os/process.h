#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hal/base/result.h"
#include "hal/os/descriptor.h"

namespace tillhost::os {

/// The first descriptor that a child inherits; the next ones follow it.
inline constexpr int kInheritedFdFirst = 3;

struct SpawnOptions {
    std::string program{};  ///< path, not looked up in $PATH
    std::vector<std::string> arguments{};
    /// Become 3, 4, … in the child, in this order; every other descriptor but standard error is
    /// closed, and standard input and output are /dev/null.
    std::vector<int> inherited{};
    int nice = 0;     ///< added priority number: larger is less urgent
    int output = -1;  ///< becomes standard output; -1 = /dev/null
};

/// A child process. It is killed when the thread that started it ends (PR_SET_PDEATHSIG), stands in
/// a process group of its own (a Ctrl-C at the terminal does not reach it), and has no signal
/// blocked.
class Child final {
public:
    /// Returns when the program runs. Takes some milliseconds at most. Errors: system_failed
    /// (fork, or exec with its reason).
    static base::Result<std::unique_ptr<Child>> spawn(const SpawnOptions& options);
    /// Kills and waits for it, if it was not reaped. Only blocks on a child in uninterruptible
    /// sleep, for kReapOnDestroyMs at most.
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    pid_t pid() const { return pid_; }
    /// Readable once the process is gone.
    int pidfd() const { return pidfd_.get(); }
    /// SIGKILL. Nothing happens to a process that is gone.
    void kill() const;
    /// Takes the exit status of a process that is gone: "exit 0", "signal 9 (Killed)". False while
    /// it lives. After true nothing of it is left in the system.
    bool reap(std::string& how);

private:
    Child(pid_t pid, Descriptor pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    pid_t pid_;
    Descriptor pidfd_;
    bool reaped_ = false;
};

/// The folder of the running program, with a slash at its end. Errors: system_failed.
base::Result<std::string> program_folder();

/// "1234 (minicom)" of the first process, other than this, that holds the file open; empty if none
/// is visible. Reads /proc; some milliseconds. Bounded by the number of processes.
std::string holder_of(const std::string& real_path);

}  // namespace tillhost::os
