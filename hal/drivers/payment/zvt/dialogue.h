#pragma once

#include <cstdint>
#include <string>

#include "hal/device/driver.h"
#include "hal/drivers/payment/zvt/link.h"
#include "hal/drivers/payment/zvt/protocol.h"

namespace tillhost::drivers::zvt {

/// How a procedure ended.
struct Ending {
    enum class Kind : std::uint8_t {
        refused,    ///< 84 xx to the command: it was not begun
        completed,  ///< 06 0F
        aborted,    ///< 06 1E
    };
    Kind kind = Kind::refused;
    std::uint8_t code = 0;  ///< of 84 and 06 1E; of 06 0F where it carries a result
    base::Bytes data;       ///< of 06 0F
    std::string text;       ///< the terminal's own words
};

/// The error of a command that the terminal did not carry out, effect none. 37h is a wrong PIN as
/// a result, and a wrong password where the command itself is refused.
base::Error refusal(const Ending& ending);

/// What is done with a message before it is acknowledged. An error means: it is not acknowledged,
/// nothing is said any more, and the procedure ends with that error.
class Listener {
public:
    virtual ~Listener() = default;
    virtual base::Done on_result(base::ByteView apdu, const StatusInfo& info) = 0;
    virtual base::Done on_printed(base::ByteView apdu, const Printed& printed) = 0;
    /// The end, 84 xx included (which is not acknowledged).
    virtual base::Done on_end(const Ending& ending) = 0;
    /// A message that came before the command was sent or accepted: of something before it.
    virtual base::Done on_stray(base::ByteView apdu, const Apdu& message) = 0;
};

/// PA00P015 2.1 and chapter 1: T3 until a command is answered, T4 until its procedure ends, counted
/// anew from each step, result and print.
struct Timeouts {
    os::Duration answer = std::chrono::seconds(5);
    os::Duration completion = std::chrono::seconds(180);
};

/// One procedure of the till.
struct Call {
    base::ByteView command;
    std::string_view step;  ///< as it is announced
    /// Moves money: a message in front of the answer is taken for the answer, since the terminal
    /// has then understood the command. Not an end: one that nothing announced may be of something
    /// before, and is not believed.
    bool money = false;
    /// May be broken off by 06 B0: when somebody wishes it and when T4 is over.
    bool breakable = false;
};

/// The till's side of the dialogue (PA00P015 chapter 2): a command is sent once, then the terminal
/// is master until it ends the procedure; each of its messages is answered, results and prints
/// only after the listener has seen them.
class Dialogue final {
public:
    /// All outlive it. `gate` may be null: then nothing is announced or shown.
    Dialogue(Link& link, const os::Clock& clock, Timeouts timeouts, Charset charset,
             device::Gate* gate)
        : link_(link), clock_(clock), timeouts_(timeouts), charset_(charset), gate_(gate) {}

    /// What the terminal still says of something before is taken and answered first: a till that is
    /// one message behind takes an old end for that of its payment. A quiet line costs no time.
    ///
    /// Errors: those of the link, no_answer (T3), deadline_passed (T4 or `deadline`), and the
    /// listener's. Effect::none exactly while no byte of the command was written.
    base::Result<Ending> run(const Call& call, Listener& listener, os::Deadline deadline);

private:
    struct Talk {
        const Call& call;
        Listener& listener;
        os::Deadline deadline;
        os::Deadline limit;
        bool accepted = false;
        bool abort_wanted = false;
        bool abort_sent = false;
        bool abort_answered = false;
        bool abort_refused = false;
        std::optional<Ending> end{};
    };
    base::Done take_strays(Talk& talk);
    base::Done step(Talk& talk);
    base::Done on_silence(Talk& talk, const base::Error& error);
    base::Done on_response(Talk& talk, const Apdu& apdu);
    base::Done on_message(Talk& talk, base::ByteView raw, const Apdu& apdu);
    base::Done on_stray(Talk& talk, base::ByteView raw, const Apdu& apdu);
    base::Done on_end(Talk& talk, Ending ending);
    base::Done accept(Talk& talk);
    base::Done break_off(Talk& talk);
    void show(Talk& talk, const Apdu& apdu);
    void wait_longer(Talk& talk, os::Duration time);
    base::Done acknowledge();

    Link& link_;
    const os::Clock& clock_;
    Timeouts timeouts_;
    Charset charset_;
    device::Gate* gate_;
};

}  // namespace tillhost::drivers::zvt
