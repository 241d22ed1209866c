#include <algorithm>
#include <array>

#include "hal/drivers/payment/zvt/protocol.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::ByteView;
using base::to_unsigned;

Bytes owned(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

std::optional<std::uint8_t> first_byte(const std::optional<ByteView>& bytes) {
    if (!bytes || bytes->empty()) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(to_unsigned(bytes->front()));
}

/// Printable characters of a padded field.
std::string trimmed(ByteView bytes) {
    constexpr unsigned kFirst = 0x20;
    constexpr unsigned kLast = 0x7E;
    std::string text;
    for (const std::byte byte : bytes) {
        const unsigned value = to_unsigned(byte);
        if (value >= kFirst && value <= kLast) {
            text += static_cast<char>(value);
        }
    }
    text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
    return text.substr(0, text.find_last_not_of(' ') + 1);
}

/// "NAME" with a zero behind it.
Bytes until_zero(ByteView bytes) {
    return Bytes(bytes.begin(), std::find(bytes.begin(), bytes.end(), std::byte{}));
}

/// Bitmap 60: receipts from and to, then count and amount of seven kinds of card.
std::vector<CardTotals> read_totals(ByteView bytes) {
    constexpr std::array kNames{"girocard", "JCB",         "Mastercard", "American Express",
                                "Visa",     "Diners Club", "other"};
    constexpr std::size_t kReceiptsBytes = 4;
    constexpr std::size_t kAmountBytes = 6;
    std::vector<CardTotals> totals;
    base::ByteReader reader(bytes);
    reader.take(kReceiptsBytes);
    for (const char* name : kNames) {
        const std::int64_t count = reader.u8();
        const auto amount = from_bcd(reader.take(kAmountBytes));
        if (reader.failed() || !amount) {
            break;
        }
        if (count > 0 || *amount > 0) {
            totals.push_back({name, count, *amount});
        }
    }
    return totals;
}

void take_container(StatusInfo& info, ByteView items) {
    if (const auto id = find_tlv(items, tag::kTransactionId)) {
        info.id = owned(*id);
    }
    if (const auto tip = find_tlv(items, tag::kTip)) {
        info.tip = from_bcd(*tip).value_or(0);
    }
    const auto trace = find_tlv(items, tag::kLongTrace);
    if (trace && info.trace.value_or(0) == 0) {
        info.trace = from_bcd(*trace);
    }
    info.cardholder_check = first_byte(find_tlv(items, tag::kCardholderCheck));
    info.charset = first_byte(find_tlv(items, tag::kCharset));
}

void take_bitmap(StatusInfo& info, const Bitmap& bitmap) {
    switch (bitmap.row->tag) {
        case bmp::kResult: info.result = first_byte(bitmap.value); break;
        case bmp::kAmount: info.amount = from_bcd(bitmap.value); break;
        case bmp::kCurrency: info.currency = from_bcd(bitmap.value); break;
        case bmp::kReceipt: info.receipt = from_bcd(bitmap.value); break;
        case bmp::kTurnover: info.turnover = from_bcd(bitmap.value); break;
        case bmp::kOriginalTrace: info.original_trace = from_bcd(bitmap.value); break;
        case bmp::kDate: info.date = from_bcd(bitmap.value); break;
        case bmp::kTime: info.time = from_bcd(bitmap.value); break;
        case bmp::kTerminal: info.terminal_id = digits_of(bitmap.value); break;
        case bmp::kMerchant: info.merchant_id = trimmed(bitmap.value); break;
        case bmp::kCardNumber: info.card_number = digits_of(bitmap.value); break;
        case bmp::kAuthorisation: info.authorisation = trimmed(bitmap.value); break;
        case bmp::kCardName: info.card_name = until_zero(bitmap.value); break;
        case bmp::kText: info.text = until_zero(bitmap.value); break;
        case bmp::kTotals: info.totals = read_totals(bitmap.value); break;
        case bmp::kTlv: take_container(info, bitmap.value); break;
        case bmp::kTrace: {
            const auto trace = from_bcd(bitmap.value);
            if (!info.trace || trace.value_or(0) != 0) {
                info.trace = trace;
            }
            break;
        }
        default: break;
    }
}

/// The container among a message's bitmaps.
std::optional<ByteView> container_of(ByteView bitmaps) {
    BitmapReader reader(bitmaps);
    while (const auto bitmap = reader.next()) {
        if (bitmap->row->tag == bmp::kTlv) {
            return bitmap->value;
        }
    }
    return std::nullopt;
}

/// Lines of a display text, one blank between.
Bytes display_text(ByteView items) {
    Bytes text;
    const auto texts = find_tlv(items, tag::kDisplayTexts);
    TlvReader reader(texts.value_or(ByteView()));
    while (const auto item = reader.next()) {
        if (item->tag == tag::kLine) {
            if (!text.empty()) {
                text.push_back(std::byte{' '});
            }
            text.insert(text.end(), item->value.begin(), item->value.end());
        }
    }
    return text;
}

void add_line(Printed& printed, std::uint8_t attribute, ByteView text) {
    printed.lines.push_back({attribute, owned(text)});
}

}  // namespace

bool operator==(const CardTotals& a, const CardTotals& b) {
    return a.name == b.name && a.count == b.count && a.amount == b.amount;
}

StatusInfo read_status_info(ByteView data) {
    StatusInfo info;
    BitmapReader reader(data);
    while (const auto bitmap = reader.next()) {
        take_bitmap(info, *bitmap);
    }
    info.whole = reader.problem().empty();
    return info;
}

void hide_card(Bytes& apdu) {
    constexpr std::byte kMasked{0xEE};
    constexpr std::size_t kShownBytesMax = 2;
    const std::size_t whole = apdu_length(apdu).value_or(0);
    const bool is_long = whole > kLongHeadBytes + 0xFE;
    const std::size_t head = is_long ? kLongHeadBytes : kHeadBytes;
    if (whole != apdu.size() || whole < head) {
        return;
    }
    BitmapReader reader(ByteView(apdu).subspan(head));
    while (const auto bitmap = reader.next()) {
        const auto from = apdu.begin() + (bitmap->value.data() - apdu.data());
        auto count = static_cast<std::ptrdiff_t>(bitmap->value.size());
        const std::uint8_t tag = bitmap->row->tag;
        if (tag == bmp::kCardNumber) {
            // The last four digits stay.
            count = std::max<std::ptrdiff_t>(count - kShownBytesMax, 0);
        } else if (tag != bmp::kTrack1 && tag != bmp::kTrack2 && tag != bmp::kTrack3) {
            count = 0;
        }
        std::fill(from, from + count, kMasked);
    }
}

Registered read_registered(ByteView data) {
    Registered registered;
    BitmapReader reader(data);
    while (const auto bitmap = reader.next()) {
        const std::uint8_t tag = bitmap->row->tag;
        if (tag == bmp::kStatusByte) {
            registered.status = first_byte(bitmap->value).value_or(0);
        } else if (tag == bmp::kTerminal) {
            registered.terminal_id = digits_of(bitmap->value);
        } else if (tag == bmp::kCurrency) {
            registered.currency = from_bcd(bitmap->value);
        } else if (tag == bmp::kTlv) {
            const auto charset = first_byte(find_tlv(bitmap->value, tag::kCharset));
            registered.utf8 = charset && charset_of_tag(*charset) == Charset::utf8;
        }
    }
    return registered;
}

Enquired read_enquired(ByteView data) {
    // With a version the data begin with the three bytes of an LLLVAR length.
    constexpr unsigned kLengthFrom = 0xF0;
    constexpr std::size_t kLengthBytes = 3;
    Enquired enquired;
    base::ByteReader reader(data);
    if (data.size() > kLengthBytes && to_unsigned(data[0]) >= kLengthFrom &&
        to_unsigned(data[1]) >= kLengthFrom && to_unsigned(data[2]) >= kLengthFrom) {
        std::size_t length = 0;
        for (std::size_t i = 0; i < kLengthBytes; ++i) {
            length = length * 10 + (reader.u8() & 0x0FU);
        }
        enquired.software = trimmed(reader.take(length));
    }
    if (!reader.failed() && reader.left() > 0) {
        enquired.status = reader.u8();
    }
    const auto items = container_of(reader.take_rest());
    if (items) {
        const auto id = find_tlv(*items, tag::kTerminalId);
        enquired.terminal_id = digits_of(id.value_or(ByteView()));
    }
    return enquired;
}

std::optional<std::uint8_t> read_completion(ByteView data) { return read_status_info(data).result; }

Aborted read_aborted(ByteView data) {
    Aborted aborted;
    base::ByteReader reader(data);
    if (reader.left() > 0) {
        aborted.code = reader.u8();
    }
    if (const auto items = container_of(reader.take_rest())) {
        aborted.text = owned(find_tlv(*items, tag::kVendorText).value_or(ByteView()));
    }
    return aborted;
}

Intermediate read_intermediate(ByteView data) {
    Intermediate intermediate;
    base::ByteReader reader(data);
    if (reader.left() > 0) {
        intermediate.code = reader.u8();
    }
    // Some terminals leave the timeout out although a container follows, and 06 may be a timeout:
    // it is a container where it takes exactly the bytes that are there.
    const ByteView rest = reader.take_rest();
    std::size_t head = 0;
    const auto length = ber_length(rest.subspan(std::min<std::size_t>(1, rest.size())), head);
    const bool container =
        length && rest[0] == base::byte(bmp::kTlv) && *length == rest.size() - 1 - head;
    if (!container && !rest.empty()) {
        intermediate.minutes = from_bcd(rest.first(1));
    }
    if (const auto items = container_of(container || rest.empty() ? rest : rest.subspan(1))) {
        intermediate.text = display_text(*items);
        intermediate.charset = first_byte(find_tlv(*items, tag::kCharset));
    }
    return intermediate;
}

Printed read_print_line(ByteView data) {
    Printed printed;
    const std::uint8_t attribute = first_byte(data).value_or(0);
    const ByteView rest = data.subspan(std::min<std::size_t>(1, data.size()));
    // A container may stand behind the text, which itself never holds a 06.
    const auto text_end = std::find(rest.begin(), rest.end(), base::byte(bmp::kTlv));
    const auto length = static_cast<std::size_t>(text_end - rest.begin());
    const bool feeds = attribute == kLineFeeds;
    const ByteView text = rest.first(feeds ? std::min<std::size_t>(1, rest.size()) : length);
    if (const auto items = container_of(rest.subspan(length))) {
        printed.receipt_type = first_byte(find_tlv(*items, tag::kReceiptType));
    }
    printed.ends = attribute >= kLineEnd && !feeds;
    if (!printed.ends || !text.empty()) {
        add_line(printed, attribute, text);
    }
    return printed;
}

Printed read_print_block(ByteView data) {
    constexpr std::uint8_t kSignature = 0x02;
    Printed printed;
    const auto items = container_of(data);
    if (!items) {
        return printed;
    }
    printed.receipt_type = first_byte(find_tlv(*items, tag::kReceiptType));
    printed.charset = first_byte(find_tlv(*items, tag::kCharset));
    printed.signature =
        (first_byte(find_tlv(*items, tag::kReceiptInfo)).value_or(0) & kSignature) != 0;
    std::uint8_t attribute = 0;
    TlvReader reader(find_tlv(*items, tag::kPrintTexts).value_or(ByteView()));
    while (const auto item = reader.next()) {
        if (item->tag == tag::kAttribute) {
            attribute = first_byte(item->value).value_or(0);
            printed.ends = attribute >= kLineEnd && attribute != kLineFeeds;
        } else if (item->tag == tag::kLine) {
            add_line(printed, attribute, item->value);
        }
    }
    return printed;
}

}  // namespace tillhost::drivers::zvt
