#pragma once

#include <optional>

#include "hal/base/bytes.h"
#include "hal/os/clock.h"
#include "simulators/fiscal/shtrih/executor.h"

namespace tillhost::simulators::shtrih {

inline constexpr std::byte kStx{0x02};
inline constexpr std::byte kEnq{0x05};
inline constexpr std::byte kAck{0x06};
inline constexpr std::byte kNak{0x15};
inline constexpr std::byte kTcpFiller{0xFF};

/// 02, length, message, LRC. The message is 1 to 255 bytes; a longer one is cut.
base::Bytes encode_frame(base::ByteView message);
/// The message of one whole good frame. Errors: frame_damaged (no STX, wrong length or LRC). Total.
base::Result<base::ByteView> decode_frame(base::ByteView frame);

/// Lower level, variant 1 ("standard"), device side, as the state diagram of appendix 2 of "KKT
/// with FN protocol v1.17" has it. Where the diagram is silent:
///  - idle, bytes 00h and FFh are line fill and ignored; any other junk is answered with NAK;
///  - while a command executes, everything but ENQ is ignored;
///  - an answer waits for ENQ without end; everything but ENQ is ignored meanwhile.
class Variant1 final : public LowerLevel {
public:
    Variant1(const LinkOptions& options, Executor& executor)
        : options_(options), executor_(executor) {}

    void receive(std::byte byte, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override { return due_; }
    base::Bytes take_output() override;

    void reset() override;
    /// The next `count` good frames are answered with NAK and not executed.
    void refuse_frames(std::int64_t count) override { refuse_ = count; }
    void set_byte_timeout(os::Duration timeout) override { options_.byte_timeout = timeout; }
    bool idle() const override { return state_ == State::idle; }
    bool executing() const override { return state_ == State::prepare; }

private:
    enum class State { idle, receive, prepare, wait_confirm, wait_enq };

    void on_idle(std::byte byte, os::Instant now);
    void on_frame_byte(std::byte byte, os::Instant now);
    void on_confirm(std::byte byte);
    void send_answer(os::Instant now);
    void say(std::byte byte) { output_.push_back(byte); }
    void become(State state, std::optional<os::Instant> due = {}) {
        state_ = state;
        due_ = due;
    }

    LinkOptions options_;
    Executor& executor_;
    State state_ = State::idle;
    std::optional<os::Instant> due_;
    base::Bytes frame_;   ///< as it comes in, STX included
    base::Bytes answer_;  ///< the whole frame, kept until the host confirms it
    base::Bytes output_;
    std::int64_t refuse_ = 0;
};

}  // namespace tillhost::simulators::shtrih
