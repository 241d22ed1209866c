#include "hal/drivers/payment/zvt/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "hal/drivers/payment/zvt/decode_values.h"
#include "hal/drivers/payment/zvt/protocol.h"
#include "hal/drivers/payment/zvt/serial_frames.h"

namespace tillhost::drivers::zvt {
namespace {

using base::ByteView;
using base::to_unsigned;
using device::DecodedField;
using Fields = std::vector<DecodedField>;

/// Names the bytes of one message; offsets count from its first byte.
class Explainer final {
public:
    explicit Explainer(ByteView apdu) : apdu_(apdu) {}

    Fields explain(std::size_t missing) {
        const std::size_t head = std::min<std::size_t>(2, apdu_.size());
        const unsigned code = head < 2 ? 0 : to_unsigned(apdu_[0]) << 8 | to_unsigned(apdu_[1]);
        add(head, "command", head < 2 ? "" : command_text(static_cast<std::uint16_t>(code)),
            head < 2 ? "no whole head" : "");
        explain_length(missing);
        explain_data(static_cast<std::uint16_t>(code));
        if (left() > 0) {
            add(left(), "more", "", "");
        }
        return std::move(fields_);
    }

private:
    std::size_t left() const { return apdu_.size() - at_; }
    ByteView rest() const { return apdu_.subspan(at_); }

    void add(std::size_t length, std::string name, std::string value, std::string problem = {}) {
        length = std::min(length, left());
        if (length > 0) {
            fields_.push_back({at_, length, std::move(name), std::move(value), std::move(problem)});
            at_ += length;
        }
    }

    void explain_length(std::size_t missing) {
        if (left() == 0) {
            return;
        }
        const bool is_long = rest()[0] == std::byte{0xFF};
        const auto whole = apdu_length(apdu_);
        const std::size_t head = is_long ? kLongHeadBytes : kHeadBytes;
        add(is_long ? 3 : 1, "length", whole ? std::to_string(*whole - head) : "",
            missing > 0 ? fmt::format("{} bytes are missing", missing) : "");
    }

    void explain_data(std::uint16_t code) {
        if (code >> 8 == 0x84) {
            if (code == 0x841E) {
                add(1, "result", std::string(text_of(Number::result, rest())));
                add(2, "currency",
                    text_of(Number::currency, rest().first(std::min<std::size_t>(2, left()))));
            }
        } else if (has_password(code)) {
            add(3, "password", "hidden");
            if (code == static_cast<std::uint16_t>(Command::registration)) {
                add(1, "config", left() > 0 ? text_of(Number::byte, rest().first(1)) : "");
                add(2, "currency", left() > 1 ? text_of(Number::currency, rest().first(2)) : "");
            }
        } else if (code == static_cast<std::uint16_t>(Command::completion)) {
            explain_completion();
        } else if (code == static_cast<std::uint16_t>(Command::abort_of_terminal)) {
            add(1, "result", left() > 0 ? text_of(Number::result, rest().first(1)) : "");
        } else if (code == static_cast<std::uint16_t>(Command::intermediate)) {
            explain_intermediate();
        } else if (code == static_cast<std::uint16_t>(Command::print_line)) {
            explain_print_line();
        }
        explain_bitmaps();
    }

    /// A status enquiry's has places: [version] status.
    void explain_completion() {
        const Enquired enquired = read_enquired(rest());
        if (!enquired.software.empty()) {
            constexpr std::size_t kLengthBytes = 3;
            const std::size_t digits =
                (to_unsigned(rest()[1]) & 0x0FU) * 10 + (to_unsigned(rest()[2]) & 0x0FU);
            add(kLengthBytes + digits, "software", enquired.software);
            add(1, "status", left() > 0 ? text_of(Number::status, rest().first(1)) : "");
        } else if (left() == 1) {
            add(1, "status", text_of(Number::status, rest()));
        }
    }

    void explain_intermediate() {
        const Intermediate told = read_intermediate(rest());
        add(1, "step", left() > 0 ? text_of(Number::step, rest().first(1)) : "");
        if (told.minutes) {
            add(1, "timeout_min", std::to_string(*told.minutes));
        }
    }

    void explain_print_line() {
        add(1, "attribute", left() > 0 ? text_of(Number::byte, rest().first(1)) : "");
        const ByteView text = rest();
        const auto end = std::find(text.begin(), text.end(), base::byte(bmp::kTlv));
        const auto length = static_cast<std::size_t>(end - text.begin());
        add(length, "line", to_utf8(Charset::automatic, text.first(length)));
    }

    void explain_bitmaps() {
        const std::size_t begin = at_;
        BitmapReader reader(rest());
        while (const auto bitmap = reader.next()) {
            INVARIANT(begin + bitmap->offset == at_);
            if (bitmap->row->format == Format::tlv) {
                add(bitmap->length - bitmap->value.size(), "tlv",
                    fmt::format("{} bytes", bitmap->value.size()));
                explain_tlv(bitmap->value, 0);
            } else {
                add(bitmap->length, std::string(bitmap->row->name), bitmap_text(*bitmap));
            }
        }
        if (!reader.problem().empty()) {
            add(left(), "bitmap", fmt::format("{:02X}", to_unsigned(rest()[0])),
                std::string(reader.problem()));
        }
    }

    void explain_tlv(ByteView bytes, int depth) {
        TlvReader reader(bytes);
        while (const auto item = reader.next()) {
            add(item->head, "tag", tag_text(item->tag));
            if (item->constructed && depth < kTlvDepthMax) {
                explain_tlv(item->value, depth + 1);
            } else {
                add(item->value.size(), tag_name(item->tag), tag_value(item->tag, item->value));
            }
        }
        if (!reader.problem().empty()) {
            add(bytes.size() - reader.at(), "tag", "", std::string(reader.problem()));
        }
    }

    ByteView apdu_;
    std::size_t at_ = 0;
    Fields fields_;
};

bool begins_apdu(ByteView bytes) {
    constexpr std::array kClasses{0x04U, 0x05U, 0x06U, 0x08U, 0x80U, 0x84U};
    return bytes.size() > 1 &&
           std::find(kClasses.begin(), kClasses.end(), to_unsigned(bytes[0])) != kClasses.end();
}

bool begins_frame(ByteView bytes) {
    return bytes.size() > 1 && bytes[0] == kDle && bytes[1] == kStx;
}

/// ACK and NAK of the serial line stand alone or before a frame.
bool is_control(ByteView bytes) {
    const bool control = bytes[0] == kAck || bytes[0] == kNak;
    const ByteView behind = bytes.subspan(1);
    return control &&
           (behind.empty() || begins_frame(behind) || (behind.size() == 1 && behind[0] == kDle));
}

void append(Fields& fields, Fields more, std::size_t at) {
    for (DecodedField& field : more) {
        field.offset += at;
        fields.push_back(std::move(field));
    }
}

std::size_t explain_bare(ByteView bytes, Fields& fields, std::size_t at) {
    const std::size_t whole = apdu_length(bytes).value_or(bytes.size());
    const std::size_t there = std::min(whole, bytes.size());
    append(fields, Explainer(bytes.first(there)).explain(whole - there), at);
    return there;
}

/// Where each byte of the message, and its end, stands in the frame.
std::vector<std::size_t> places_of(ByteView frame, std::size_t count) {
    std::vector<std::size_t> places;
    std::size_t at = 2;
    for (std::size_t i = 0; i < count; ++i) {
        places.push_back(at);
        at += frame[at] == kDle ? 2 : 1;
    }
    places.push_back(at);
    return places;
}

std::size_t explain_frame(ByteView bytes, Fields& fields, std::size_t at) {
    const FrameFound found = find_serial_frame(bytes);
    fields.push_back({at, 2, "frame_start", "", ""});
    const std::vector<std::size_t> places = places_of(bytes, found.apdu.size());
    const std::size_t whole = apdu_length(found.apdu).value_or(found.apdu.size());
    const std::size_t missing = whole - std::min(whole, found.apdu.size());
    for (DecodedField& field : Explainer(found.apdu).explain(missing)) {
        const std::size_t from = places[field.offset];
        field.length = places[field.offset + field.length] - from;
        field.offset = at + from;
        fields.push_back(std::move(field));
    }
    const std::size_t end = places.back();
    if (!found.has_crc) {
        if (found.length > end) {
            fields.push_back({at + end, found.length - end, "frame_end", "", "not whole"});
        } else {
            fields.back().problem = "the frame has no end";
        }
        return found.length;
    }
    fields.push_back({at + end, 2, "frame_end", "", ""});
    const bool right = found.state == FrameFound::State::whole;
    fields.push_back({at + end + 2, 2, "checksum", fmt::format("{:04X}", found.crc),
                      right ? "" : fmt::format("would be {:04X}", frame_crc_of(found.apdu))});
    return found.length;
}

}  // namespace

std::vector<DecodedField> decode(ByteView bytes, device::Sender) {
    Fields fields;
    std::size_t at = 0;
    while (at < bytes.size()) {
        const ByteView rest = bytes.subspan(at);
        if (is_control(rest)) {
            fields.push_back({at, 1, rest[0] == kAck ? "ACK" : "NAK", "", ""});
            ++at;
        } else if (begins_frame(rest)) {
            at += explain_frame(rest, fields, at);
        } else if (begins_apdu(rest)) {
            at += explain_bare(rest, fields, at);
        } else if (!fields.empty() && fields.back().name == "junk") {
            ++fields.back().length;
            ++at;
        } else {
            fields.push_back({at, 1, "junk", "", "begins no message"});
            ++at;
        }
    }
    return fields;
}

}  // namespace tillhost::drivers::zvt
