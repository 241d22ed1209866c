#pragma once

#include <optional>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::shtrih {

/// Between two bytes of a frame; devices are set to 50 or 100 ms, adapters add some.
inline constexpr os::Duration kByteTime = std::chrono::milliseconds(200);

/// An error on the way, with the truth about the command's effect: none exactly while no byte of
/// its frame was written. A line that said nothing at all is no_answer.
base::Error with_effect(base::Error error, int sends, bool heard_anything);

/// The bytes of a line, one at a time, as both link layers read them. Line and clock outlive it.
class LinkLine final {
public:
    LinkLine(transport::Transport& line, const os::Clock& clock) : line_(line), clock_(clock) {}

    /// Nothing, if none comes until then. On a line that never stops talking, too: only what was
    /// there at that time is looked at. Errors: link_lost, cancelled.
    base::Result<std::optional<std::byte>> next_byte(os::Deadline until);
    base::Done write(base::ByteView bytes, os::Deadline deadline);
    /// Throws away what came before. Answers are not lost by that: the device keeps them.
    /// Errors: as next_byte; frame_damaged if the line never stops talking.
    base::Done drain();
    /// Throws away what comes until then.
    base::Done rest(os::Instant until);
    /// What nobody answered, told by what was heard since: no_answer if no byte came, else
    /// frame_damaged with the first of them, since something is there that speaks otherwise.
    base::Error unanswered(std::string_view what) const;
    /// From here on the bytes count that unanswered() tells of.
    void listen_anew() { heard_.clear(); }

private:
    void forget_taken();
    void note(base::ByteView bytes);

    transport::Transport& line_;
    const os::Clock& clock_;
    base::Bytes taken_;  ///< read from the line
    std::size_t looked_at_ = 0;
    bool was_late_ = false;  ///< the last read came after its time
    base::Bytes heard_;      ///< the first kHeardBytesMax since listen_anew()
};

}  // namespace tillhost::drivers::shtrih
