#include "hal/drivers/fiscal/shtrih/probe.h"

#include <algorithm>

#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/link_line.h"
#include "hal/drivers/fiscal/shtrih/link_numbered.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::ErrorCode;
using base::Result;

/// Longer than the reaction of a device whose bytes may be 100 ms apart.
constexpr os::Duration kReactionTime = std::chrono::milliseconds(400);
/// The longest frame of the standard layer at 2400 baud.
constexpr os::Duration kFrameTime = std::chrono::milliseconds(1200);
constexpr int kEnquiriesMax = 4;
constexpr int kSilencesMax = 2;  ///< then it is not this layer
constexpr int kAgreeing = 2;     ///< one byte may come by chance from a wrong speed
constexpr int kProbePingsMax = 2;
constexpr std::size_t kHeardBytesMax = 1024;

/// What comes until then, without fill bytes.
Result<Bytes> hear(LinkLine& line, os::Deadline until) {
    Bytes heard;
    while (heard.size() < kHeardBytesMax) {
        const std::optional<std::byte> value = TRY(line.next_byte(until));
        if (!value) {
            break;
        }
        if (*value != kFill || !heard.empty()) {
            heard.push_back(*value);
        }
    }
    return heard;
}

bool is_sound_frame(base::ByteView bytes) {
    const std::size_t whole =
        bytes.size() < 2 ? 0 : base::to_unsigned(bytes[1]) + kFrameOverheadBytes;
    return whole > 0 && whole <= bytes.size() && decode_frame(bytes.first(whole)).has_value();
}

/// Junk without end is no error here: it is another speed.
Result<bool> is_quiet(LinkLine& line) {
    const base::Done drained = line.drain();
    if (!drained && drained.error().code != ErrorCode::frame_damaged) {
        return drained.error();
    }
    return drained.has_value();
}

Result<bool> answers_enquiry(LinkLine& line, const os::Clock& clock) {
    int agreed = 0;
    int silences = 0;
    for (int i = 0; i < kEnquiriesMax && silences < kSilencesMax; ++i) {
        if (!TRY(is_quiet(line))) {
            return false;
        }
        const Bytes enquiry{kEnq};
        TRY(line.write(enquiry, clock.now() + kReactionTime));
        Bytes heard = TRY(hear(line, clock.now() + kReactionTime));
        if (!heard.empty() && heard.front() == kAck) {
            const Bytes rest = TRY(hear(line, clock.now() + kFrameTime));
            heard.insert(heard.end(), rest.begin(), rest.end());
            if (is_sound_frame(base::ByteView(heard).subspan(1))) {
                return true;
            }
        }
        agreed = heard == Bytes{kNak} ? agreed + 1 : 0;
        silences = heard.empty() ? silences + 1 : 0;
        if (agreed == kAgreeing) {
            return true;
        }
    }
    return false;
}

Result<bool> answers_ping(LinkLine& line, const os::Clock& clock) {
    for (int i = 0; i < kProbePingsMax; ++i) {
        if (!TRY(is_quiet(line))) {
            return false;
        }
        TRY(line.write(encode_numbered({}), clock.now() + kPingTime));
        NumberedReader reader;
        for (const std::byte value : TRY(hear(line, clock.now() + kPingTime))) {
            const auto frame = reader.feed(value);
            if (frame && !frame->is_ping()) {
                return true;
            }
        }
    }
    return false;
}

/// A line that takes no bytes is no registrar.
Result<bool> no_if_stuck(Result<bool> answered) {
    const bool stuck = !answered && answered.error().code == ErrorCode::deadline_passed;
    return stuck ? Result<bool>(false) : answered;
}

}  // namespace

Result<bool> answers(transport::Transport& transport, const os::Clock& clock) {
    LinkLine line(transport, clock);
    if (TRY(no_if_stuck(answers_enquiry(line, clock)))) {
        return true;
    }
    return no_if_stuck(answers_ping(line, clock));
}

}  // namespace tillhost::drivers::shtrih
