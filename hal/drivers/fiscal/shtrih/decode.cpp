#include "hal/drivers/fiscal/shtrih/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "hal/codec/checksum.h"
#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/field_values.h"
#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/frames_numbered.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteView;
using device::DecodedField;
using device::Sender;
using Fields = std::vector<DecodedField>;

struct Layout {
    Command command;
    std::string_view request;
    std::string_view answer;
};

constexpr Layout kLayouts[] = {
#define X(command, request, answer) {Command::command, request, answer},
#include "hal/drivers/fiscal/shtrih/layouts.def"
#undef X
};

const Layout* layout_of(unsigned code) {
    const auto* const found = std::find_if(
        std::begin(kLayouts), std::end(kLayouts),
        [&](const Layout& layout) { return static_cast<unsigned>(layout.command) == code; });
    return found == std::end(kLayouts) ? nullptr : found;
}

/// What FF0Ah's answer holds behind the type of the document.
std::string_view found_layout(unsigned type) {
    constexpr unsigned kRegistration = 1;
    constexpr unsigned kRegistrationChanged = 11;
    if (type == FoundDocument::kReceipt || type == FoundDocument::kCorrection) {
        return "confirmed:u8 time:ymdhm document:u32 sign:u32 operation:operation sum:m5";
    }
    if (type == FoundDocument::kShiftOpening || type == FoundDocument::kShiftClosing) {
        return "confirmed:u8 time:ymdhm document:u32 sign:u32 shift:u16";
    }
    if (type == kRegistration || type == kRegistrationChanged) {
        return "confirmed:u8 time:ymdhm document:u32 sign:u32 tax_id:a12 registration:a20 "
               "tax_systems:u8 work_mode:u8 more?:x*";
    }
    return "confirmed:u8 time:ymdhm document:u32 sign:u32 more?:x*";
}

/// Takes the next word off the front.
std::string_view take_word(std::string_view& text, char end) {
    const std::size_t at = text.find(end);
    const std::string_view word = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return word;
}

/// Reads a message field by field; a missing or surplus byte becomes a problem.
class MessageReader {
public:
    MessageReader(ByteView message, std::size_t offset) : rest_(message), offset_(offset) {}

    Fields take_fields() { return std::move(fields_); }
    bool sound() const { return sound_; }
    std::size_t left() const { return rest_.size(); }

    ByteView add(std::string_view name, std::size_t width, std::string value,
                 std::string problem = {}) {
        const std::size_t length = std::min(width, rest_.size());
        sound_ = sound_ && problem.empty();
        fields_.push_back(
            {offset_, length, std::string(name), std::move(value), std::move(problem)});
        const ByteView taken = rest_.first(length);
        rest_ = rest_.subspan(length);
        offset_ += length;
        return taken;
    }

    void read(std::string_view layout) {
        while (!layout.empty()) {
            std::string_view kind = take_word(layout, ' ');
            std::string_view name = take_word(kind, ':');
            const bool optional = name.ends_with('?');
            name.remove_suffix(optional ? 1 : 0);
            if (optional && rest_.empty()) {
                return;
            }
            if (!read_field(name, kind)) {
                return;
            }
        }
    }

    void finish() {
        if (!rest_.empty()) {
            add("more", rest_.size(), base::to_hex(rest_), "not expected here");
        }
    }

private:
    /// False when the message ends here.
    bool read_field(std::string_view name, std::string_view kind) {
        if (kind == "tlv") {
            read_tags();
            return false;
        }
        const std::size_t width = width_of(kind);
        if (width != kRest && rest_.size() < width) {
            add(name, width, base::to_hex(rest_),
                fmt::format("{} of {} bytes are missing", width - rest_.size(), width));
            return false;
        }
        const ByteView bytes = rest_.first(std::min(width, rest_.size()));
        add(name, bytes.size(), value_of(kind, bytes));
        if (kind == "found") {
            read(found_layout(base::to_unsigned(bytes[0])));
        }
        return true;
    }

    void read_tags() {
        constexpr std::size_t kHeadBytes = 4;
        if (rest_.empty()) {
            add("tag", 0, "", "no tag follows");
        }
        while (!rest_.empty()) {
            if (rest_.size() < kHeadBytes) {
                add("tag", rest_.size(), base::to_hex(rest_), "cut");
                return;
            }
            base::ByteReader head(rest_);
            const unsigned tag = head.u16_le();
            const std::size_t length = head.u16_le();
            add("tag", 2, fmt::format("{}", tag));
            add("tag_length", 2, fmt::format("{}", length));
            const ByteView value = rest_.first(std::min(length, rest_.size()));
            const std::size_t missing = length - value.size();
            add("tag_value", length, tag_text(tag, value),
                missing == 0 ? "" : fmt::format("{} bytes are missing", missing));
        }
    }

    static std::string tag_text(unsigned tag, ByteView value) {
        const bool text = tag == kTagCashier || tag == kTagCashierTaxId;
        return text ? value_of(fmt::format("a{}", value.size()), value) : base::to_hex(value);
    }

    ByteView rest_;
    std::size_t offset_;
    Fields fields_;
    bool sound_ = true;
};

struct Code {
    unsigned value = 0;
    std::size_t bytes = 1;
};

Code code_of(ByteView message) {
    constexpr unsigned kExtended = 0xFF;
    const unsigned first = base::to_unsigned(message[0]);
    if (first != kExtended || message.size() < 2) {
        return {first, 1};
    }
    return {first << 8 | base::to_unsigned(message[1]), 2};
}

MessageReader begin(ByteView message, std::size_t offset, const Code& code) {
    MessageReader reader(message, offset);
    const Layout* layout = layout_of(code.value);
    reader.add("command", code.bytes,
               fmt::format("{:02X}h: {}", code.value,
                           layout == nullptr ? "not known here" : name_of(layout->command)));
    return reader;
}

MessageReader read_request(ByteView message, std::size_t offset) {
    const Code code = code_of(message);
    MessageReader reader = begin(message, offset, code);
    const Layout* layout = layout_of(code.value);
    reader.read(layout == nullptr ? "parameters?:x*" : layout->request);
    reader.finish();
    return reader;
}

/// FF, error: some firmware refuses an extended command so.
bool is_short_refusal(ByteView message) {
    return message.size() == 2 && message[0] == std::byte{0xFF};
}

MessageReader read_answer(ByteView message, std::size_t offset) {
    const Code code = is_short_refusal(message) ? Code{0xFF, 1} : code_of(message);
    MessageReader reader = begin(message, offset, code);
    const bool refused = message.size() > code.bytes && message[code.bytes] != std::byte{0};
    reader.read("error:error");
    const Layout* layout = layout_of(code.value);
    if (!refused) {
        reader.read(layout == nullptr ? "parameters?:x*" : layout->answer);
    }
    reader.finish();
    return reader;
}

Fields read_message(ByteView message, std::size_t offset, Sender sender) {
    MessageReader request = read_request(message, offset);
    MessageReader answer = read_answer(message, offset);
    bool is_request = sender == Sender::host;
    if (sender == Sender::unknown) {
        is_request = request.sound() || (!answer.sound() && !is_short_refusal(message));
    }
    return is_request ? request.take_fields() : answer.take_fields();
}

/// A frame of the numbered layer, without its stuffing, and where each byte stood.
struct Unstuffed {
    base::Bytes bytes;               ///< 8F, LEN, NUM, message, CRC
    std::vector<std::size_t> place;  ///< of each byte, and of the end
    std::string problem;

    std::size_t offset(std::size_t at) const { return place[std::min(at, bytes.size())]; }
};

/// What begins with 8F, up to the next 8F or the end that the length tells.
Unstuffed unstuff(ByteView line) {
    constexpr std::size_t kHeadBytes = 3;
    constexpr std::size_t kEndBytes = 2;
    Unstuffed frame;
    std::size_t i = 0;
    std::size_t whole = kHeadBytes;
    while (i < line.size() && frame.bytes.size() < whole && (i == 0 || line[i] != kNumberedStart)) {
        frame.place.push_back(i);
        const bool stuffed = line[i] == kStuffing && i + 1 < line.size() &&
                             (line[i + 1] == kStuffedStart || line[i + 1] == kStuffedStuffing);
        if (line[i] == kStuffing && !stuffed) {
            frame.problem = "9F without 81 or 83 behind it";
        }
        const bool start = stuffed && line[i + 1] == kStuffedStart;
        frame.bytes.push_back(start ? kNumberedStart : line[i]);
        i += stuffed ? 2 : 1;
        if (frame.bytes.size() == kHeadBytes) {
            whole += (base::to_unsigned(frame.bytes[1]) | base::to_unsigned(frame.bytes[2]) << 8U) +
                     kEndBytes;
        }
    }
    frame.place.push_back(i);
    if (frame.bytes.size() < whole || frame.bytes.size() < kHeadBytes) {
        frame.problem = "the frame is cut";
    }
    return frame;
}

/// The fields of an unstuffed frame, at their places in it.
Fields numbered_fields(const Unstuffed& frame, Sender sender) {
    constexpr std::size_t kHeadBytes = 3;
    constexpr std::size_t kNumberEnd = 5;
    const ByteView bytes = frame.bytes;
    Fields fields{{0, 1, "start", "8Fh", frame.problem}};
    if (!frame.problem.empty()) {
        if (bytes.size() > 1) {
            fields.push_back({1, bytes.size() - 1, "junk", base::to_hex(bytes.subspan(1)), ""});
        }
        return fields;
    }
    const std::size_t end = bytes.size() - 2;
    const std::size_t length = end - kHeadBytes;
    fields.push_back({1, 2, "length", length == 0 ? "0: ping" : fmt::format("{}", length),
                      length == 1 ? "a number has two bytes" : ""});
    if (length == 1) {
        fields.push_back({kHeadBytes, 1, "junk", base::to_hex(bytes.subspan(kHeadBytes, 1)), ""});
    } else if (length > 1) {
        base::ByteReader number(bytes.subspan(kHeadBytes));
        fields.push_back({kHeadBytes, 2, "number", fmt::format("{}", number.u16_le()), ""});
    }
    if (length > 2) {
        Fields message =
            read_message(bytes.subspan(kNumberEnd, end - kNumberEnd), kNumberEnd, sender);
        std::move(message.begin(), message.end(), std::back_inserter(fields));
    }
    base::ByteReader sum(bytes.subspan(end));
    const unsigned come = sum.u16_le();
    const unsigned right = codec::crc16_ccitt_of(bytes.subspan(1, end - 1));
    fields.push_back({end, 2, "checksum", fmt::format("{:04X}h", come),
                      come == right ? "" : fmt::format("should be {:04X}h", right)});
    return fields;
}

/// Returns how many bytes of the line it took.
std::size_t read_numbered(ByteView line, std::size_t offset, Sender sender, Fields& fields) {
    const Unstuffed frame = unstuff(line);
    for (DecodedField& field : numbered_fields(frame, sender)) {
        const std::size_t begin = frame.offset(field.offset);
        const std::size_t end = frame.offset(field.offset + field.length);
        field.offset = offset + begin;
        field.length = end - begin;
        fields.push_back(std::move(field));
    }
    return frame.place.back();
}

/// Whether a whole frame with a right checksum begins here.
bool is_sound_frame(ByteView bytes) {
    if (bytes.size() < kFrameOverheadBytes + 1 || bytes[0] != kStx) {
        return false;
    }
    const std::size_t whole = base::to_unsigned(bytes[1]) + kFrameOverheadBytes;
    return bytes.size() >= whole && decode_frame(bytes.first(whole)).has_value();
}

/// Bytes of the frame that begins here: as its length says, but not into a sound frame behind it.
std::size_t frame_extent(ByteView bytes) {
    const std::size_t said =
        bytes.size() < 2 ? bytes.size() : base::to_unsigned(bytes[1]) + kFrameOverheadBytes;
    const std::size_t extent = std::min(said, bytes.size());
    if (is_sound_frame(bytes)) {
        return extent;
    }
    for (std::size_t i = 1; i < extent; ++i) {
        if (is_sound_frame(bytes.subspan(i))) {
            return i;
        }
    }
    return extent;
}

void append(Fields& to, Fields from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

/// A frame with its own extent; `bytes` is exactly that.
void read_frame(ByteView bytes, std::size_t offset, Sender sender, Fields& fields) {
    fields.push_back({offset, 1, "start", "02h", ""});
    if (bytes.size() < 2) {
        fields.back().problem = "the frame is cut behind its first byte";
        return;
    }
    const std::size_t said = base::to_unsigned(bytes[1]);
    const std::size_t come = bytes.size() - 2;
    const std::size_t message_bytes = std::min(said, come);
    std::string problem;
    if (come < said + 1) {
        problem = fmt::format("{} bytes are missing", said + 1 - come);
    } else if (said == 0) {
        problem = "a message has at least one byte";
    }
    fields.push_back({offset + 1, 1, "length", fmt::format("{}", said), problem});
    const ByteView message = bytes.subspan(2, message_bytes);
    if (!message.empty()) {
        append(fields, read_message(message, offset + 2, sender));
    }
    if (come > message_bytes) {
        const std::byte right = codec::lrc_of(bytes.subspan(1, message_bytes + 1));
        const std::byte sum = bytes[message_bytes + 2];
        fields.push_back(
            {offset + 2 + message_bytes, 1, "checksum",
             fmt::format("{:02X}h", base::to_unsigned(sum)),
             sum == right ? "" : fmt::format("should be {:02X}h", base::to_unsigned(right))});
    }
}

std::optional<DecodedField> control_field(std::byte value, std::size_t offset) {
    if (value == kEnq) {
        return DecodedField{offset, 1, "ENQ", "the host asks whether an answer waits", ""};
    }
    if (value == kAck) {
        return DecodedField{offset, 1, "ACK", "received, or an answer follows", ""};
    }
    if (value == kNak) {
        return DecodedField{offset, 1, "NAK", "received damaged, or nothing waits", ""};
    }
    if (value == kFill) {
        return DecodedField{offset, 1, "fill", "FFh between frames, means nothing", ""};
    }
    return std::nullopt;
}

}  // namespace

Fields decode(ByteView bytes, Sender sender) {
    Fields fields;
    for (std::size_t i = 0; i < bytes.size();) {
        if (bytes[i] == kNumberedStart) {
            i += read_numbered(bytes.subspan(i), i, sender, fields);
            continue;
        }
        if (bytes[i] == kStx) {
            const ByteView rest = bytes.subspan(i);
            const std::size_t extent = frame_extent(rest);
            read_frame(rest.first(extent), i, sender, fields);
            i += extent;
            continue;
        }
        if (auto control = control_field(bytes[i], i)) {
            fields.push_back(std::move(*control));
        } else if (!fields.empty() && fields.back().name == "junk") {
            fields.back().value += fmt::format(" {:02X}", base::to_unsigned(bytes[i]));
            ++fields.back().length;
        } else {
            fields.push_back({i, 1, "junk", fmt::format("{:02X}", base::to_unsigned(bytes[i])),
                              "belongs to no frame"});
        }
        ++i;
    }
    return fields;
}

}  // namespace tillhost::drivers::shtrih
