#include "hal/drivers/dongle/fido2/channel.h"

#include <algorithm>
#include <utility>

#include "hal/drivers/dongle/fido2/errors.h"

namespace tillhost::drivers::fido2 {
namespace {

using base::Bytes;
using base::ByteView;
using base::Done;
using base::Effect;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kTriesMax = 2;  // of what changes nothing
constexpr unsigned kTouchWanted = 2;

Error no_answer() { return make_error(ErrorCode::no_answer, "the dongle does not answer"); }

/// A wait that ended at its limit is a dongle that says nothing.
Error as_silence(Error error) {
    return error.code == ErrorCode::deadline_passed ? no_answer() : std::move(error);
}

bool is_worth_again(const Error& error) {
    return error.code == ErrorCode::no_answer || error.code == ErrorCode::frame_damaged;
}

Error with_effect(Error error, Effect effect) {
    error.effect = effect;
    return error;
}

Error in_use() { return line_error(LineError::busy); }

}  // namespace

Channel::Channel(std::unique_ptr<transport::Transport> line, const os::Clock& clock, Random random)
    : line_(std::move(line)),
      clock_(clock),
      random_(std::move(random)),
      is_hid_(line_->hid() != nullptr) {}

// --- packets

Done Channel::send(std::uint32_t channel, Command command, ByteView payload, os::Deadline until) {
    const std::vector<Packet> packets = packets_of(channel, command, payload);
    for (std::size_t i = 0; i < packets.size(); ++i) {
        base::ByteWriter report;
        report.fill(std::byte{0}, is_hid_ ? 1 : 0).raw(packets[i]);
        Done sent = line_->write(report.bytes(), until);
        if (!sent) {
            // Without its last packet a message is none.
            const bool all_but_last = i + 1 < packets.size();
            return with_effect(as_silence(sent.error()),
                               all_but_last ? Effect::none : sent.error().effect);
        }
    }
    return {};
}

Result<Packet> Channel::read_packet(os::Deadline until) {
    while (filled_ < kPacketBytes) {
        const std::size_t count = TRY(line_->read(std::span(packet_).subspan(filled_), until));
        filled_ += count;
        if (is_hid_ && filled_ < kPacketBytes) {
            filled_ = 0;
            return make_error(ErrorCode::frame_damaged, "a report that is too short");
        }
    }
    filled_ = 0;
    return packet_;
}

Result<Message> Channel::next(Assembler& assembler, os::Deadline until) {
    for (int i = 0; i < kPacketsMax; ++i) {
        const Packet packet = TRY(read_packet(until));
        auto message = TRY(assembler.take(packet));
        if (message) {
            return std::move(*message);
        }
    }
    return make_error(ErrorCode::frame_damaged, "the dongle's line does not stop talking");
}

// --- a channel

/// The answer to our own INIT; nothing: the token is busy. Others' INITs are answered on the same
/// broadcast channel and told apart by their nonce.
Result<std::optional<Introduction>> Channel::introduction(std::uint32_t on, const Bytes& nonce,
                                                          os::Deadline until) {
    Assembler assembler(on);
    for (int i = 0; i < kPacketsMax; ++i) {
        const auto message = next(assembler, until);
        if (!message) {
            return as_silence(message.error());
        }
        if (message->command == Command::error && !message->payload.empty()) {
            const auto error = static_cast<LineError>(message->payload.front());
            if (error == LineError::busy) {
                return std::optional<Introduction>();
            }
            if (on != kBroadcast) {
                return line_error(error);
            }
        }
        if (message->command == Command::init) {
            auto told = read_introduction(message->payload);
            if (told && told->nonce == nonce) {
                return std::optional(std::move(*told));
            }
        }
    }
    return make_error(ErrorCode::frame_damaged, "the dongle's line does not stop talking");
}

Result<Introduction> Channel::introduce(std::uint32_t on, os::Deadline deadline) {
    const os::Deadline busy_until = std::min(deadline, clock_.now() + kBusyTime);
    while (true) {
        base::ByteWriter nonce;
        nonce.uint_be(random_(), kNonceBytes);
        const os::Deadline until = std::min(deadline, clock_.now() + kInitTime);
        TRY(send(on, Command::init, nonce.bytes(), until));
        auto told = TRY(introduction(on, nonce.bytes(), until));
        if (told) {
            channel_ = told->channel;
            clean_ = true;
            return std::move(*told);
        }
        TRY(pause(busy_until));
    }
}

Result<Introduction> Channel::open(os::Deadline deadline) {
    for (int i = 1;; ++i) {
        auto told = introduce(kBroadcast, deadline);
        if (told || i == kTriesMax || !is_worth_again(told.error())) {
            return told;
        }
    }
}

/// Ends whatever runs on our channel, and takes another one if the token knows ours no more.
Done Channel::set_back(os::Deadline deadline) {
    filled_ = 0;
    TRY(line_->flush());
    const auto told = introduce(channel_, deadline);
    if (told) {
        return {};
    }
    if (!is_worth_again(told.error())) {
        return told.error();
    }
    TRY(introduce(kBroadcast, deadline));
    return {};
}

/// Passes over what is said meanwhile. Errors: device_not_ready where no time is left.
Done Channel::pause(os::Deadline until) {
    const auto range = static_cast<std::uint64_t>((kBusyPauseMax - kBusyPauseMin).count());
    const auto length =
        kBusyPauseMin + os::Duration(static_cast<std::int64_t>(random_() % (range + 1)));
    const os::Deadline end = clock_.now() + length;
    if (end >= until) {
        return in_use();
    }
    for (int i = 0; i < kPacketsMax; ++i) {
        const auto packet = read_packet(end);
        if (!packet && packet.error().code == ErrorCode::deadline_passed) {
            return {};
        }
        if (!packet && packet.error().code != ErrorCode::frame_damaged) {
            return packet.error();
        }
    }
    return make_error(ErrorCode::frame_damaged, "the dongle's line does not stop talking");
}

// --- requests

Result<Channel::Answer> Channel::answer(Assembler& assembler, os::Deadline until) {
    while (true) {
        Message message = TRY(next(assembler, until));
        if (message.payload.empty()) {
            continue;  // no message of a token is empty
        }
        const unsigned first = base::to_unsigned(message.payload.front());
        switch (message.command) {
            case Command::cbor:
                clean_ = true;
                if (first != 0) {
                    return status_error(static_cast<std::uint8_t>(first));
                }
                message.payload.erase(message.payload.begin());
                return Answer{Answer::Kind::reply, std::move(message.payload)};
            case Command::keepalive:
                return Answer{first == kTouchWanted ? Answer::Kind::touch_wanted
                                                    : Answer::Kind::processing};
            case Command::error:
                clean_ = true;
                if (static_cast<LineError>(first) == LineError::busy) {
                    return Answer{Answer::Kind::busy};
                }
                return line_error(static_cast<LineError>(first));
            case Command::message:
            case Command::init:
            case Command::cancel: break;
        }
    }
}

/// Says CANCEL; what the request came to all the same.
Result<Bytes> Channel::break_off(Assembler& assembler, os::Deadline deadline) {
    const os::Deadline until = std::min(deadline, clock_.now() + kCancelTime);
    TRY(send(channel_, Command::cancel, {}, until));
    while (true) {
        Answer told = TRY(answer(assembler, until));
        if (told.kind == Answer::Kind::reply) {
            return std::move(told.payload);
        }
        if (told.kind == Answer::Kind::busy) {
            return in_use();
        }
    }
}

/// Once, whoever has the token meanwhile.
Result<Bytes> Channel::exchange(ByteView request, os::Duration limit, os::Deadline deadline) {
    const os::Deadline busy_until = std::min(deadline, clock_.now() + kBusyTime);
    while (true) {
        const os::Deadline until = std::min(deadline, clock_.now() + limit);
        clean_ = false;
        TRY(send(channel_, Command::cbor, request, until));
        Assembler assembler(channel_);
        Answer told = TRY(answer(assembler, until));
        while (told.kind == Answer::Kind::processing) {
            told = TRY(answer(assembler, until));
        }
        if (told.kind == Answer::Kind::reply) {
            return std::move(told.payload);
        }
        if (told.kind == Answer::Kind::touch_wanted) {
            return give_up(assembler);
        }
        TRY(pause(busy_until));
    }
}

/// The token waits for a touch that nobody asked for: it is not left blinking.
Result<Bytes> Channel::give_up(Assembler& assembler) {
    auto ended = break_off(assembler, clock_.now() + kCancelTime);
    if (ended || (!clean_ && ended.error().code != ErrorCode::deadline_passed)) {
        return ended;  // somebody touched it, or the line is gone
    }
    return make_error(ErrorCode::not_supported, "the dongle wants a touch for every signature");
}

Result<Bytes> Channel::ask(ByteView request, os::Duration limit, os::Deadline deadline) {
    for (int i = 1;; ++i) {
        TRY(clean_ ? Done() : set_back(deadline));
        auto answered = exchange(request, limit, deadline);
        if (answered) {
            return answered;
        }
        // A time-out that a status tells of is an answer.
        const Error& error = answered.error();
        Error told = error.device_code == 0 ? as_silence(error) : error;
        if (i == kTriesMax || !is_worth_again(told)) {
            return told;
        }
    }
}

Result<Bytes> Channel::ask_for_touch(ByteView request, const std::function<void()>& touch,
                                     os::Deadline deadline) {
    TRY(clean_ ? Done() : set_back(deadline));
    const os::Deadline until = std::min(deadline - kCancelTime, clock_.now() + kTouchTime);
    const os::Deadline busy_until = std::min(until, clock_.now() + kBusyTime);
    bool prompted = false;
    while (true) {
        clean_ = false;
        TRY(send(channel_, Command::cbor, request, until));
        Assembler assembler(channel_);
        Result<Answer> told = answer(assembler, until);
        while (told && (told->kind == Answer::Kind::processing ||
                        told->kind == Answer::Kind::touch_wanted)) {
            if (told->kind == Answer::Kind::touch_wanted && !std::exchange(prompted, true)) {
                touch();
            }
            told = answer(assembler, until);
        }
        if (told && told->kind == Answer::Kind::reply) {
            return std::move(told->payload);
        }
        if (told) {
            TRY(pause(busy_until));
            continue;
        }
        if (clean_) {
            return told.error();  // the dongle has refused in words
        }
        if (told.error().code != ErrorCode::deadline_passed) {
            return with_effect(told.error(), Effect::unknown);
        }
        auto ended = break_off(assembler, deadline);
        return ended || clean_ ? std::move(ended)
                               : with_effect(as_silence(ended.error()), Effect::unknown);
    }
}

}  // namespace tillhost::drivers::fido2
