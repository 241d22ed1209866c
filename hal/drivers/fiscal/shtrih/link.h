#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/os/clock.h"

namespace tillhost::drivers::shtrih {

/// automatic: found out when the line is opened (link_auto.h).
enum class LinkLayer { automatic, standard, numbered };

inline constexpr std::int64_t kNoFrameNumber = -1;

/// One marking code's check or binding: the device may ask the operator of the marking system,
/// and the vendor's driver (javapos_shtrih) waits 40 s for it.
inline constexpr os::Duration kMarkingBudget = std::chrono::seconds(45);

/// The host's side of a link layer: commands and their answers over one open line. Two layers carry
/// the same messages (link_standard.h, link_numbered.h).
///
/// Whichever it is: a device keeps the answer to the last command until it is acknowledged or until
/// the next command is executed, also over the end of the host. No such answer is given up before
/// whoever needs it has made it durable.
class Link {
public:
    /// Sees an answer just before the device may forget it; on an error it is left with the device.
    /// Gets the whole frame; message_of() (frames.h) reads it.
    using Witness = std::function<base::Done(base::ByteView frame)>;

    /// When a command may be sent a second time.
    enum class Repeat {
        freely,           ///< it only asks
        if_not_received,  ///< it changes what can be undone
        never,            ///< its second execution would be a second document
    };

    struct Question {
        Command command;
        base::Bytes message;
        Repeat repeat = Repeat::if_not_received;
        Witness before_acknowledge{};
    };

    virtual ~Link() = default;

    virtual LinkLayer layer() const = 0;

    /// What sees answers to commands that were not asked through this link, or are late. Without
    /// one they are forgotten.
    virtual void set_old_answer_witness(Witness witness) = 0;

    /// Takes the answers that the device still holds. Returns when it holds none that was not
    /// witnessed. Errors: no_answer, frame_damaged (bytes came, and no frame), link_lost,
    /// cancelled, deadline_passed, those of the witness.
    virtual base::Done collect(os::Deadline deadline) = 0;

    /// Sends a command and returns its answer's message.
    ///
    /// Errors as collect(), and unexpected_answer where the device and the host no longer mean the
    /// same command. Effect::none exactly when no byte of the command's frame was written; after
    /// that the effect is unknown and the line must be opened anew.
    virtual base::Result<base::Bytes> ask(const Question& question, os::Deadline deadline) = 0;

    /// Waits on the line, so that the wait ends early with it. What comes meanwhile is thrown away;
    /// the device keeps its answers. Errors: link_lost, cancelled.
    virtual base::Done rest(os::Instant until) = 0;

    /// When the last byte of a frame that may never be repeated was written, if there was one.
    virtual std::optional<os::Instant> last_once() const = 0;

    /// The number that the frame of the next question will have if it may never be repeated;
    /// kNoFrameNumber where the layer numbers none. May have to ask the device. Errors as
    /// collect().
    virtual base::Result<std::int64_t> next_number(os::Deadline deadline) = 0;
};

}  // namespace tillhost::drivers::shtrih
