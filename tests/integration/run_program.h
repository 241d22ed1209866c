#pragma once

#include <string>
#include <vector>

#include "hal/os/event_loop.h"

namespace tillhost::support {

/// What became of a program.
struct Ran {
    int exit = -1;  ///< its status; -1 if a signal ended it
    std::string out;
    std::string err;
};

/// Runs a program to its end on the caller's loop, so that a server on the same loop can answer it.
/// Dies on what only a broken machine refuses.
Ran run_program(os::EventLoop& loop, const os::Clock& clock, const std::string& program,
                std::vector<std::string> words);

}  // namespace tillhost::support
