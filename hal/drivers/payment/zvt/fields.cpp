#include "hal/drivers/payment/zvt/fields.h"

#include <algorithm>
#include <iterator>

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::ByteView;
using base::to_unsigned;

constexpr BitmapRow kBitmaps[] = {
#define X(tag, format, bytes, name, secret) {tag, Format::format, bytes, name, secret},
#include "hal/drivers/payment/zvt/bitmaps.def"
#undef X
};

struct CurrencyRow {
    std::int64_t number;
    std::string_view name;
};
constexpr CurrencyRow kCurrencies[] = {
    {978, "EUR"}, {756, "CHF"}, {826, "GBP"}, {840, "USD"}, {985, "PLN"}, {203, "CZK"},
    {348, "HUF"}, {208, "DKK"}, {752, "SEK"}, {578, "NOK"}, {975, "BGN"}, {946, "RON"},
    {352, "ISK"}, {941, "RSD"}, {643, "RUB"}, {949, "TRY"}, {980, "UAH"},
};

/// LLVAR and LLLVAR: the low nibbles are the decimal digits of the length.
std::optional<std::size_t> variable_length(ByteView bytes, std::size_t digits) {
    constexpr unsigned kNibble = 0x0F;
    constexpr std::size_t kBase = 10;
    if (bytes.size() < digits) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const std::size_t digit = to_unsigned(bytes[i]) & kNibble;
        if (digit >= kBase) {
            return std::nullopt;
        }
        length = length * kBase + digit;
    }
    return length;
}

/// Bytes of the length and of the value behind a bitmap's tag.
struct Extent {
    std::size_t head = 0;
    std::size_t value = 0;
};
std::optional<Extent> extent_of(const BitmapRow& row, ByteView rest) {
    Extent extent;
    std::optional<std::size_t> value = row.bytes;
    if (row.format == Format::llvar || row.format == Format::lllvar) {
        extent.head = row.format == Format::llvar ? 2 : 3;
        value = variable_length(rest, extent.head);
    } else if (row.format == Format::tlv) {
        value = ber_length(rest, extent.head);
    }
    if (!value) {
        return std::nullopt;
    }
    extent.value = *value;
    return extent;
}

std::optional<ByteView> find_at(ByteView bytes, std::uint32_t tag, int depth) {
    TlvReader reader(bytes);
    while (const auto item = reader.next()) {
        if (item->tag == tag) {
            return item->value;
        }
        if (item->constructed && depth < kTlvDepthMax) {
            if (const auto inner = find_at(item->value, tag, depth + 1)) {
                return inner;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

const BitmapRow* bitmap_row(std::uint8_t tag) {
    const auto* const found = std::find_if(std::begin(kBitmaps), std::end(kBitmaps),
                                           [&](const BitmapRow& row) { return row.tag == tag; });
    return found == std::end(kBitmaps) ? nullptr : found;
}

std::optional<Bitmap> BitmapReader::next() {
    if (at_ >= bytes_.size() || !problem_.empty()) {
        return std::nullopt;
    }
    const BitmapRow* row = bitmap_row(static_cast<std::uint8_t>(to_unsigned(bytes_[at_])));
    if (row == nullptr) {
        problem_ = "a bitmap that is not known";
        return std::nullopt;
    }
    const ByteView rest = bytes_.subspan(at_ + 1);
    const auto extent = extent_of(*row, rest);
    if (!extent || rest.size() - std::min(rest.size(), extent->head) < extent->value) {
        problem_ = extent ? "shorter than it says" : "its length is not a length";
        return std::nullopt;
    }
    Bitmap bitmap{row, at_, 1 + extent->head + extent->value,
                  rest.subspan(extent->head, extent->value)};
    at_ += bitmap.length;
    return bitmap;
}

std::optional<std::size_t> ber_length(ByteView bytes, std::size_t& head) {
    constexpr unsigned kLong = 0x80;
    if (bytes.empty()) {
        return std::nullopt;
    }
    const unsigned first = to_unsigned(bytes[0]);
    if (first < kLong) {
        head = 1;
        return first;
    }
    const std::size_t width = first - kLong;
    if (width < 1 || width > 2 || bytes.size() < 1 + width) {
        return std::nullopt;
    }
    head = 1 + width;
    base::ByteReader reader(bytes.subspan(1, width));
    return static_cast<std::size_t>(reader.uint_be(width));
}

std::optional<TlvItem> TlvReader::next() {
    constexpr unsigned kMore = 0x1F;
    constexpr unsigned kConstructed = 0x20;
    constexpr unsigned kContinues = 0x80;
    constexpr std::size_t kTagBytesMax = 4;
    if (at_ >= bytes_.size() || !problem_.empty()) {
        return std::nullopt;
    }
    const ByteView rest = bytes_.subspan(at_);
    const unsigned first = to_unsigned(rest[0]);
    TlvItem item;
    item.offset = at_;
    item.tag = first;
    item.constructed = (first & kConstructed) != 0;
    std::size_t tag_bytes = 1;
    bool more = (first & kMore) == kMore;
    while (more && tag_bytes < rest.size() && tag_bytes < kTagBytesMax) {
        const unsigned value = to_unsigned(rest[tag_bytes++]);
        item.tag = item.tag << 8 | value;
        more = (value & kContinues) != 0;
    }
    std::size_t length_bytes = 0;
    const auto length = ber_length(rest.subspan(tag_bytes), length_bytes);
    item.head = tag_bytes + length_bytes;
    if (more || !length || rest.size() - item.head < *length) {
        problem_ = !more && length ? "shorter than it says" : "no whole tag and length";
        return std::nullopt;
    }
    item.value = rest.subspan(item.head, *length);
    at_ += item.head + *length;
    return item;
}

std::optional<ByteView> find_tlv(ByteView bytes, std::uint32_t tag) {
    return find_at(bytes, tag, 0);
}

Bytes encode_tlv(std::uint32_t tag, ByteView value) {
    constexpr std::size_t kShortMax = 0x7F;
    constexpr std::size_t kByteMax = 0xFF;
    base::ByteWriter writer;
    if (tag > kByteMax) {
        writer.u8(tag >> 8);
    }
    writer.u8(tag & kByteMax);
    if (value.size() <= kShortMax) {
        writer.u8(value.size());
    } else if (value.size() <= kByteMax) {
        writer.u8(0x81).u8(value.size());
    } else {
        writer.u8(0x82).uint_be(value.size(), 2);
    }
    return writer.raw(value).take();
}

Bytes encode_container(ByteView items) { return encode_tlv(bmp::kTlv, items); }

std::optional<std::int64_t> from_bcd(ByteView bytes) {
    constexpr std::size_t kBytesMax = 9;
    constexpr std::int64_t kBase = 10;
    std::int64_t value = 0;
    if (bytes.size() > kBytesMax) {
        return std::nullopt;
    }
    for (const std::byte byte : bytes) {
        const std::int64_t high = to_unsigned(byte) >> 4;
        const std::int64_t low = to_unsigned(byte) & 0x0F;
        if (high >= kBase || low >= kBase) {
            return std::nullopt;
        }
        value = (value * kBase + high) * kBase + low;
    }
    return value;
}

Bytes to_bcd(std::int64_t value, std::size_t width) {
    constexpr std::int64_t kBase = 10;
    Bytes bytes(width);
    for (std::size_t i = width; i-- > 0;) {
        const auto low = static_cast<unsigned>(value % kBase);
        const auto high = static_cast<unsigned>(value / kBase % kBase);
        bytes[i] = base::byte(high << 4 | low);
        value /= kBase * kBase;
    }
    return bytes;
}

std::string digits_of(ByteView bytes) {
    std::string text;
    constexpr unsigned kMasked = 0x0E;
    constexpr unsigned kDigits = 10;
    for (const std::byte byte : bytes) {
        for (const unsigned nibble : {to_unsigned(byte) >> 4, to_unsigned(byte) & 0x0F}) {
            if (nibble < kDigits) {
                text += static_cast<char>('0' + nibble);
            } else if (nibble <= kMasked) {
                text += '*';
            }
        }
    }
    return text;
}

std::string_view currency_name(std::int64_t number) {
    for (const CurrencyRow& row : kCurrencies) {
        if (row.number == number) {
            return row.name;
        }
    }
    return {};
}

std::int64_t currency_number(std::string_view name) {
    for (const CurrencyRow& row : kCurrencies) {
        if (row.name == name) {
            return row.number;
        }
    }
    return 0;
}

}  // namespace tillhost::drivers::zvt
