#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ipc/client/tillctl/command_line.h"
#include "ipc/client/tillctl/invocation.h"

namespace tillhost::tillctl {

/// Reads a command line. `language` is that of the environment; --lang overrides it.
std::variant<Invocation, Explanation> parse_arguments(int argc, const char* const* argv,
                                                      Language language);

/// Every verb, and those below others with a blank ("query registers").
std::vector<std::string> all_verbs();

}  // namespace tillhost::tillctl
