#pragma once

#include <source_location>

namespace tillhost::base {

/// Prints the broken condition and its place and ends the process (style: grade "bug").
[[noreturn]] void invariant_failed(const char* condition, std::source_location where);

}  // namespace tillhost::base

/// Our own promise to ourselves, checked in every build. Restart is cheap: the book is the truth.
#define INVARIANT(condition)                                                                 \
    do {                                                                                     \
        if (!(condition)) [[unlikely]] {                                                     \
            ::tillhost::base::invariant_failed(#condition, std::source_location::current()); \
        }                                                                                    \
    } while (false)
