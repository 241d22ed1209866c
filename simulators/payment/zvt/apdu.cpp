#include "simulators/payment/zvt/apdu.h"

#include <algorithm>
#include <array>

namespace tillhost::simulators::zvt {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::size_t kShortBytesMax = 254;
constexpr std::uint8_t kExtended = 0xFF;

/// How the value of a BMP is bounded: so many bytes, or by a length of 2 or 3 decimal digits, or
/// by that of TLV.
struct Format {
    enum class Kind : std::uint8_t { unknown, fixed, decimal, ber };
    Kind kind = Kind::unknown;
    std::size_t width = 0;  ///< bytes of the value, or digits of the length
};

struct FormatRow {
    std::uint8_t first;
    std::uint8_t last;
    Format format;
};

constexpr Format fixed(std::size_t width) { return {Format::Kind::fixed, width}; }
constexpr Format kLl{Format::Kind::decimal, 2};
constexpr Format kLll{Format::Kind::decimal, 3};

constexpr std::array kFormats{
    FormatRow{0x01, 0x03, fixed(1)},  FormatRow{0x04, 0x04, fixed(6)},
    FormatRow{0x05, 0x05, fixed(1)},  FormatRow{0x06, 0x06, {Format::Kind::ber, 0}},
    FormatRow{0x0B, 0x0C, fixed(3)},  FormatRow{0x0D, 0x0E, fixed(2)},
    FormatRow{0x17, 0x17, fixed(2)},  FormatRow{0x19, 0x19, fixed(1)},
    FormatRow{0x22, 0x23, kLl},       FormatRow{0x24, 0x24, kLll},
    FormatRow{0x27, 0x27, fixed(1)},  FormatRow{0x29, 0x29, fixed(4)},
    FormatRow{0x2A, 0x2A, fixed(15)}, FormatRow{0x2D, 0x2D, kLl},
    FormatRow{0x2E, 0x2E, kLll},      FormatRow{0x37, 0x37, fixed(3)},
    FormatRow{0x3A, 0x3A, fixed(2)},  FormatRow{0x3B, 0x3B, fixed(8)},
    FormatRow{0x3C, 0x3C, kLll},      FormatRow{0x3D, 0x3D, fixed(3)},
    FormatRow{0x49, 0x49, fixed(2)},  FormatRow{0x4C, 0x4C, kLl},
    FormatRow{0x60, 0x60, kLll},      FormatRow{0x70, 0x71, fixed(4)},
    FormatRow{0x72, 0x75, fixed(1)},  FormatRow{0x87, 0x87, fixed(2)},
    FormatRow{0x88, 0x88, fixed(3)},  FormatRow{0x8A, 0x8A, fixed(1)},
    FormatRow{0x8B, 0x8B, kLl},       FormatRow{0x8C, 0x8C, fixed(1)},
    FormatRow{0x92, 0x92, kLll},      FormatRow{0x9A, 0x9A, kLll},
    FormatRow{0xA0, 0xA0, fixed(1)},  FormatRow{0xA7, 0xA7, kLl},
    FormatRow{0xAA, 0xAA, fixed(3)},  FormatRow{0xAF, 0xAF, kLll},
    FormatRow{0xBA, 0xBA, fixed(5)},  FormatRow{0xD0, 0xD0, fixed(1)},
    FormatRow{0xD1, 0xD1, kLl},       FormatRow{0xD2, 0xD3, fixed(1)},
    FormatRow{0xE0, 0xE0, fixed(1)},  FormatRow{0xE1, 0xE8, kLl},
    FormatRow{0xE9, 0xEA, fixed(1)},  FormatRow{0xEB, 0xEB, fixed(8)},
    FormatRow{0xF0, 0xF0, fixed(1)},  FormatRow{0xF1, 0xF8, kLl},
    FormatRow{0xF9, 0xFD, fixed(1)},
};

Format format_of(std::uint8_t tag) {
    for (const FormatRow& row : kFormats) {
        if (tag >= row.first && tag <= row.last) {
            return row.format;
        }
    }
    return {};
}

/// Fx Fy [Fz]: the high nibbles say nothing.
std::size_t take_decimal_length(base::ByteReader& reader, std::size_t digits) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const std::size_t digit = reader.u8() & 0x0FU;
        if (digit > 9) {
            static_cast<void>(reader.take(reader.left() + 1));  // no decimal: the reader fails
        }
        length = length * 10 + digit;
    }
    return length;
}

void put_decimal_length(base::ByteWriter& writer, std::size_t length, std::size_t digits) {
    std::size_t divisor = digits == 3 ? 100 : 10;
    for (std::size_t i = 0; i < digits; ++i, divisor /= 10) {
        writer.u8(0xF0U | (length / divisor % 10));
    }
}

std::size_t take_ber_length(base::ByteReader& reader) {
    constexpr unsigned kOneByte = 0x81, kTwoBytes = 0x82;
    const unsigned first = reader.u8();
    if (first < 0x80) {
        return first;
    }
    if (first == kOneByte) {
        return reader.u8();
    }
    if (first == kTwoBytes) {
        return reader.uint_be(2);
    }
    reader.take(reader.left() + 1);  // no such length: the reader has failed
    return 0;
}

void put_ber_length(base::ByteWriter& writer, std::size_t length) {
    if (length >= 0x100) {
        writer.u8(0x82).uint_be(length, 2);
    } else if (length >= 0x80) {
        writer.u8(0x81).u8(length);
    } else {
        writer.u8(length);
    }
}

std::uint32_t take_tag(base::ByteReader& reader) {
    constexpr unsigned kMore = 0x1F;
    std::uint32_t tag = reader.u8();
    if ((tag & kMore) != kMore) {
        return tag;
    }
    std::uint32_t next = reader.u8();
    tag = tag << 8 | next;
    if ((next & 0x80U) != 0) {  // three bytes are the longest tag
        next = reader.u8();
        tag = tag << 8 | next;
    }
    return tag;
}

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

bool is_response(const Apdu& apdu) {
    const unsigned kind = apdu.command >> 8U;
    return kind == 0x80 || kind == 0x84;
}

bool is_positive(const Apdu& apdu) { return apdu.command == 0x8000 || apdu.command == 0x8400; }

Bytes encode_apdu(const Apdu& apdu) {
    const std::size_t size = std::min(apdu.data.size(), kApduDataBytesMax);
    base::ByteWriter writer;
    writer.uint_be(apdu.command, 2);
    if (size > kShortBytesMax) {
        writer.u8(kExtended).u16_le(size);
    } else {
        writer.u8(size);
    }
    return writer.raw(ByteView(apdu.data).first(size)).take();
}

std::optional<ApduLength> apdu_length(ByteView front) {
    constexpr std::size_t kHead = 3, kExtendedHead = 5;
    base::ByteReader reader(front);
    reader.take(2);
    const std::uint8_t length = reader.u8();
    const std::size_t data = length == kExtended ? reader.u16_le() : length;
    if (reader.failed()) {
        return std::nullopt;
    }
    return ApduLength{.head = length == kExtended ? kExtendedHead : kHead, .data = data};
}

std::optional<Apdu> decode_apdu(ByteView bytes) {
    const auto length = apdu_length(bytes);
    if (!length || length->head + length->data != bytes.size()) {
        return std::nullopt;
    }
    const unsigned command = base::to_unsigned(bytes[0]) << 8U | base::to_unsigned(bytes[1]);
    return Apdu{.command = static_cast<std::uint16_t>(command),
                .data = copy(bytes.subspan(length->head))};
}

Bytes bcd(std::uint64_t value, std::size_t width) {
    Bytes bytes(width);
    for (std::size_t i = width; i > 0; --i) {
        bytes[i - 1] = base::byte(static_cast<unsigned>(value / 10 % 10 << 4U | value % 10));
        value /= 100;
    }
    return bytes;
}

std::optional<std::uint64_t> from_bcd(ByteView bytes) {
    constexpr std::size_t kBytesMax = 9;
    if (bytes.size() > kBytesMax) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (const std::byte each : bytes) {
        const unsigned high = base::to_unsigned(each) >> 4U;
        const unsigned low = base::to_unsigned(each) & 0x0FU;
        if (high > 9 || low > 9) {
            return std::nullopt;
        }
        value = value * 100 + high * 10 + low;
    }
    return value;
}

Bitmaps decode_bitmaps(ByteView data) {
    Bitmaps bitmaps;
    base::ByteReader reader(data);
    while (reader.left() != 0) {
        const std::uint8_t tag = reader.u8();
        const Format format = format_of(tag);
        std::size_t length = format.width;
        switch (format.kind) {
            case Format::Kind::unknown: bitmaps.unknown = tag; return bitmaps;
            case Format::Kind::fixed: break;
            case Format::Kind::decimal: length = take_decimal_length(reader, format.width); break;
            case Format::Kind::ber: length = take_ber_length(reader); break;
        }
        const ByteView value = reader.take(length);
        if (reader.failed()) {
            bitmaps.complete = false;
            return bitmaps;
        }
        bitmaps.fields.push_back({.tag = tag, .value = copy(value)});
    }
    return bitmaps;
}

void put_bitmap(base::ByteWriter& writer, std::uint8_t tag, ByteView value) {
    const Format format = format_of(tag);
    switch (format.kind) {
        case Format::Kind::unknown: return;
        case Format::Kind::fixed: writer.u8(tag); break;
        case Format::Kind::decimal:
            writer.u8(tag);
            put_decimal_length(writer, value.size(), format.width);
            break;
        case Format::Kind::ber:
            writer.u8(tag);
            put_ber_length(writer, value.size());
            break;
    }
    writer.raw(value);
}

std::optional<Fields> decode_tlv(ByteView bytes) {
    Fields fields;
    base::ByteReader reader(bytes);
    while (reader.left() != 0) {
        const std::uint32_t tag = take_tag(reader);
        const ByteView value = reader.take(take_ber_length(reader));
        if (reader.failed()) {
            return std::nullopt;
        }
        fields.push_back({.tag = tag, .value = copy(value)});
    }
    return fields;
}

void put_tlv(base::ByteWriter& writer, std::uint32_t tag, ByteView value) {
    const std::size_t width = tag > 0xFFFF ? 3 : tag > 0xFF ? 2 : 1;
    writer.uint_be(tag, width);
    put_ber_length(writer, value.size());
    writer.raw(value);
}

const Bytes* find(const Fields& fields, std::uint32_t tag) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [tag](const Field& field) { return field.tag == tag; });
    return found == fields.end() ? nullptr : &found->value;
}

}  // namespace tillhost::simulators::zvt
