#include "hal/drivers/payment/zvt/redactor.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "hal/drivers/payment/zvt/apdu.h"
#include "hal/drivers/payment/zvt/decode.h"
#include "hal/drivers/payment/zvt/fields.h"
#include "hal/drivers/payment/zvt/serial_frames.h"

namespace tillhost::drivers::zvt {
namespace {

using base::ByteView;
using device::DecodedField;
using transport::kHidden;
using transport::Way;
using Bytes = std::span<std::byte>;

/// Fields that have no tag, or are the heads of those that have: shown whole.
constexpr std::array<std::string_view, 13> kShown{
    "command", "length", "config",   "currency",  "step",        "timeout_min", "status",
    "tlv",     "tag",    "software", "attribute", "frame_start", "frame_end"};

/// Tagged values that are shown; every other tag's value is hidden.
constexpr std::array<std::string_view, 22> kShownValues{
    "receipt",          "charset",       "columns",        "language",
    "apdu_max",         "extra_result",  "commands",       "charsets",
    "languages",        "which_receipt", "receipt_type",   "online",
    "cardholder_check", "technology",    "transaction_id", "cash_back",
    "long_trace",       "tip",           "receipt_info",   "partial_approval",
    "message_id",       "tags"};

template <class List>
bool holds(const List& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

constexpr std::uint8_t kNoTag = 0xFF;

/// The bitmap that this field is, if it begins with that bitmap's tag.
const BitmapRow* row_of(ByteView bytes, const DecodedField& field) {
    const BitmapRow* row =
        bitmap_row(bytes.empty() ? kNoTag : static_cast<std::uint8_t>(base::to_unsigned(bytes[0])));
    return row != nullptr && row->name == field.name ? row : nullptr;
}

/// Doubled 10s stay, for the message must keep its length; they are no more than that byte.
void hide(Bytes bytes, bool stuffed) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const bool pair =
            stuffed && i + 1 < bytes.size() && bytes[i] == kDle && bytes[i + 1] == kDle;
        if (pair) {
            ++i;
        } else if (!stuffed || bytes[i] != kDle) {
            bytes[i] = kHidden;
        }
    }
}

/// Bytes of tag and length in front of a bitmap's value.
std::size_t head_of(const BitmapRow& row) {
    switch (row.format) {
        case Format::llvar: return 3;
        case Format::lllvar: return 4;
        case Format::binary:
        case Format::bcd:
        case Format::ascii:
        case Format::tlv: return 1;
    }
    return 1;
}

void hide_field(Bytes bytes, const DecodedField& field, bool stuffed) {
    const bool damaged = !field.problem.empty() && field.name != "length";
    if (const BitmapRow* row = row_of(bytes, field); row != nullptr && !damaged) {
        // Free text may name people; a card's number stays only where the terminal masked it.
        const bool secret = row->secret || row->tag == bmp::kText;
        if (secret) {
            hide(bytes.subspan(std::min(head_of(*row), bytes.size())), stuffed);
        }
        return;
    }
    if (damaged) {
        hide(bytes.subspan(field.name == "bitmap" ? 1 : 0), stuffed);
    } else if (field.name == "result" || holds(kShown, field.name) ||
               holds(kShownValues, field.name) || field.name == "terminal_id") {
        return;
    } else {
        hide(bytes, stuffed);
    }
}

class ZvtRedactor final : public transport::Redactor {
public:
    std::size_t settle(Way, Bytes bytes, bool complete) override {
        std::size_t at = 0;
        while (at < bytes.size()) {
            const std::size_t taken = settle_one(bytes.subspan(at), complete);
            if (taken == 0) {
                return at;
            }
            at += taken;
        }
        return at;
    }

private:
    /// What begins here; 0 if more is needed to tell.
    std::size_t settle_one(Bytes rest, bool complete) {
        const FrameFound found = find_serial_frame(rest);
        const bool partial = found.state == FrameFound::State::partial;
        if (found.state != FrameFound::State::none && found.length > 1) {
            serial_ = true;
        }
        if (partial) {
            if (complete) {
                hide_all(rest, 2);
            }
            return complete ? rest.size() : 0;
        }
        if (found.state != FrameFound::State::none) {
            return settle_frame(rest.first(found.length), found);
        }
        if (serial_) {
            rest[0] = rest[0] == kAck || rest[0] == kNak ? rest[0] : kHidden;
            return 1;
        }
        return settle_bare(rest, complete);
    }

    std::size_t settle_bare(Bytes rest, bool complete) {
        constexpr std::array kClasses{0x04U, 0x05U, 0x06U, 0x08U, 0x80U, 0x84U};
        if (std::find(kClasses.begin(), kClasses.end(), base::to_unsigned(rest[0])) ==
            kClasses.end()) {
            rest[0] = kHidden;
            return 1;
        }
        const auto whole = apdu_length(rest);
        if (!whole || *whole > rest.size()) {
            if (complete) {
                hide_all(rest, std::min<std::size_t>(kHeadBytes, rest.size()));
            }
            return complete ? rest.size() : 0;
        }
        const Bytes apdu = rest.first(*whole);
        for (const DecodedField& field : decode(apdu, device::Sender::unknown)) {
            hide_field(apdu.subspan(field.offset, field.length), field, false);
        }
        return *whole;
    }

    static void hide_all(Bytes bytes, std::size_t head) {
        hide(bytes.subspan(std::min(head, bytes.size())), false);
    }

    std::size_t settle_frame(Bytes frame, const FrameFound& found) {
        constexpr std::size_t kCrcBytes = 2;
        const std::uint16_t before = frame_crc_of(found.apdu);
        if (found.state == FrameFound::State::whole) {
            for (const DecodedField& field : decode(frame, device::Sender::unknown)) {
                if (field.name != "checksum") {
                    hide_field(frame.subspan(field.offset, field.length), field, true);
                }
            }
        } else {
            const std::size_t end = found.has_crc ? frame.size() - 2 - kCrcBytes : frame.size();
            hide(frame.subspan(2, end - 2), true);
        }
        if (found.has_crc) {
            const std::uint16_t after = frame_crc_of(find_serial_frame(frame).apdu);
            const auto crc = static_cast<std::uint16_t>(found.crc ^ before ^ after);
            frame[frame.size() - 2] = base::byte(crc & 0xFFU);
            frame[frame.size() - 1] = base::byte(crc >> 8);
        }
        return frame.size();
    }

    bool serial_ = false;
};

}  // namespace

std::unique_ptr<transport::Redactor> make_redactor() { return std::make_unique<ZvtRedactor>(); }

}  // namespace tillhost::drivers::zvt
