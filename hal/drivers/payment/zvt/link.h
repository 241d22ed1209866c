#pragma once

#include <functional>
#include <memory>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::zvt {

/// Whole messages to and from the terminal, over one open line. Both ends speak when they like; who
/// may say what is the dialogue's (dialogue.h).
class Link {
public:
    virtual ~Link() = default;

    /// Sends one message. Effect::none exactly while no byte of it was written.
    /// Errors: link_lost, deadline_passed, and on a serial line no_answer (never confirmed).
    virtual base::Done send(base::ByteView apdu, os::Deadline deadline) = 0;

    /// The terminal's next whole message.
    /// Errors: deadline_passed (nothing whole came), link_lost, cancelled (somebody wants to break
    /// off; waiting may go on), unexpected_answer (the bytes are of no ZVT terminal; the detail
    /// says what speaks there if it is known).
    virtual base::Result<base::Bytes> receive(os::Deadline deadline) = 0;

    /// A further message of the terminal is here already. It waits for an answer to each of its
    /// messages, so it has given up on the one before: an answer to that would be taken for one to
    /// the message that nobody has read yet.
    virtual bool is_superseded() const = 0;
};

/// Asked where a wait of the line ends with `cancelled`; true: the wish was taken, go on.
using TakeWish = std::function<bool()>;

/// Bare messages in a stream: TCP (PA00P016). `line`, `clock` outlive the link.
std::unique_ptr<Link> make_stream_link(transport::Transport& line, TakeWish take_wish);
/// Frames of the serial line, confirmed one by one.
std::unique_ptr<Link> make_serial_link(transport::Transport& line, const os::Clock& clock,
                                       TakeWish take_wish);

/// What speaks at the other end if its first bytes are of no ZVT terminal; empty if they may be.
std::string foreign_protocol(base::ByteView first_bytes);

}  // namespace tillhost::drivers::zvt
