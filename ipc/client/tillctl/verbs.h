#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hal/os/clock.h"
#include "ipc/client/tillctl/invocation.h"

namespace tillhost::tillctl {

/// Where people and scripts read.
class Console {
public:
    virtual ~Console() = default;
    virtual void out(std::string_view text) = 0;  ///< standard output: the answer
    virtual void err(std::string_view text) = 0;  ///< standard error: everything else
    /// Whether something of what went to standard output could not be written.
    virtual bool out_failed() const { return false; }
    /// From now on an interruption (Ctrl-C) is noted instead of ending the program; a second one
    /// ends it.
    virtual void note_interruption() {}
    virtual bool interrupted() const { return false; }
    /// Whether a person sits there and can be asked.
    virtual bool asks() const { return false; }
    /// A line that the person types, a secret one unseen; nothing at the end of the input.
    virtual std::optional<std::string> ask(std::string_view prompt, bool secret) {
        static_cast<void>(prompt);
        static_cast<void>(secret);
        return std::nullopt;
    }
};

/// How long a doubt may last before tillctl reports it: most are settled by the device as soon as
/// its line is open again.
inline constexpr os::Duration kDoubtPatience = std::chrono::seconds(10);

/// Does what was asked of devd or licd and says what came of it. DecodeVerb is not its business.
Exit run(const Invocation& invocation, os::Clock& clock, Console& console);

}  // namespace tillhost::tillctl
