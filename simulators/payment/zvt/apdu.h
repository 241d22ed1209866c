#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::simulators::zvt {

/// One message of the application: class and instruction as 0x0601, and the data behind the length
/// (ZVT PA00P015, chapter on APDUs).
struct Apdu {
    std::uint16_t command = 0;
    base::Bytes data{};
    bool operator==(const Apdu&) const = default;
};

/// Data of one APDU: the extended length has sixteen bits.
inline constexpr std::size_t kApduDataBytesMax = 65'535;

/// 80 00: done as asked; 84 xx: refused, but 84 00 is a confirmation too.
bool is_response(const Apdu& apdu);
bool is_positive(const Apdu& apdu);

/// CLASS INSTR LEN DATA; from 255 bytes on FF and the length, low byte first. More data than
/// kApduDataBytesMax is cut.
base::Bytes encode_apdu(const Apdu& apdu);

/// How an APDU lies at the front of a stream.
struct ApduLength {
    std::size_t head = 0;  ///< bytes up to the data
    std::size_t data = 0;
};
/// Nothing while the length itself has not come. Total.
std::optional<ApduLength> apdu_length(base::ByteView front);
/// The APDU that is exactly these bytes. Total.
std::optional<Apdu> decode_apdu(base::ByteView bytes);

/// Binary coded decimals, two digits a byte, `width` bytes; higher digits are lost.
base::Bytes bcd(std::uint64_t value, std::size_t width);
/// Nothing if a nibble is no digit, or there are more than 18 digits.
std::optional<std::uint64_t> from_bcd(base::ByteView bytes);

/// A field: its tag (a BMP's number) and its value without tag and length.
struct Field {
    std::uint32_t tag = 0;
    base::Bytes value{};
    bool operator==(const Field&) const = default;
};
using Fields = std::vector<Field>;

/// The bitmaps of a message (PA00P015, list of bitmaps). `unknown` is the first BMP without a known
/// format: nothing behind it can be read, as its length is not known. `complete` is false where a
/// value is cut off.
struct Bitmaps {
    Fields fields{};
    std::optional<std::uint8_t> unknown{};
    bool complete = true;
};
Bitmaps decode_bitmaps(base::ByteView data);
/// A field of a fixed format gets its bytes as they are; the others the length that belongs to it.
/// A tag that is no known BMP writes nothing.
void put_bitmap(base::ByteWriter& writer, std::uint8_t tag, base::ByteView value);

/// TLV of BMP 06: tags as in BER (1F xx has two bytes), lengths 0 to 127, 81 n, 82 high low.
/// Nothing if a tag or a length is cut off. Total.
std::optional<Fields> decode_tlv(base::ByteView bytes);
void put_tlv(base::ByteWriter& writer, std::uint32_t tag, base::ByteView value);

const base::Bytes* find(const Fields& fields, std::uint32_t tag);

}  // namespace tillhost::simulators::zvt
