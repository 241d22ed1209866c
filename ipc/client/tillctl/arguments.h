#pragma once

#include <string>
#include <variant>

#include "ipc/client/tillctl/invocation.h"

namespace tillhost::tillctl {

/// What is printed instead of doing something: help, or why the command line is wrong.
struct Explanation {
    std::string text;
    bool is_help = false;  ///< asked for: standard output, success
};

std::variant<Invocation, Explanation> parse_arguments(int argc, const char* const* argv);

}  // namespace tillhost::tillctl
