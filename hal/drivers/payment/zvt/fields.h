#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"

namespace tillhost::drivers::zvt {

// The fields inside of a message: bitmaps (one byte of tag, a format by table) and, in bitmap 06,
// BER-TLV. PA00P015 chapters 3 and 9.

/// A bitmap by what the driver reads or writes; the whole list is bitmaps.def.
namespace bmp {
inline constexpr std::uint8_t kServiceByte = 0x03;
inline constexpr std::uint8_t kAmount = 0x04;
inline constexpr std::uint8_t kTlv = 0x06;
inline constexpr std::uint8_t kTrace = 0x0B;
inline constexpr std::uint8_t kTime = 0x0C;
inline constexpr std::uint8_t kDate = 0x0D;
inline constexpr std::uint8_t kStatusByte = 0x19;  ///< in 06 01 the payment type
inline constexpr std::uint8_t kCardNumber = 0x22;
inline constexpr std::uint8_t kTrack2 = 0x23;
inline constexpr std::uint8_t kTrack3 = 0x24;
inline constexpr std::uint8_t kResult = 0x27;
inline constexpr std::uint8_t kTerminal = 0x29;
inline constexpr std::uint8_t kMerchant = 0x2A;
inline constexpr std::uint8_t kTrack1 = 0x2D;
inline constexpr std::uint8_t kOriginalTrace = 0x37;
inline constexpr std::uint8_t kAuthorisation = 0x3B;
inline constexpr std::uint8_t kText = 0x3C;
inline constexpr std::uint8_t kCurrency = 0x49;
inline constexpr std::uint8_t kTotals = 0x60;
inline constexpr std::uint8_t kReceipt = 0x87;
inline constexpr std::uint8_t kTurnover = 0x88;
inline constexpr std::uint8_t kCardName = 0x8B;
}  // namespace bmp

/// Tags of the container.
namespace tag {
inline constexpr std::uint32_t kLine = 0x07;
inline constexpr std::uint32_t kAttribute = 0x09;
inline constexpr std::uint32_t kCommand = 0x0A;
inline constexpr std::uint32_t kColumns = 0x12;
inline constexpr std::uint32_t kCharset = 0x14;
inline constexpr std::uint32_t kWhichReceipt = 0x1F01;
inline constexpr std::uint32_t kReceiptType = 0x1F07;
inline constexpr std::uint32_t kCardholderCheck = 0x1F10;
inline constexpr std::uint32_t kVendorText = 0x1F17;
inline constexpr std::uint32_t kTransactionId = 0x1F1F;
inline constexpr std::uint32_t kLongTrace = 0x1F2B;
inline constexpr std::uint32_t kTip = 0x1F36;
inline constexpr std::uint32_t kReceiptInfo = 0x1F37;
inline constexpr std::uint32_t kTerminalId = 0x1F44;
inline constexpr std::uint32_t kPartialApproval = 0x1F70;
inline constexpr std::uint32_t kDisplayTexts = 0x24;
inline constexpr std::uint32_t kPrintTexts = 0x25;
inline constexpr std::uint32_t kCommands = 0x26;
inline constexpr std::uint32_t kCharsets = 0x27;
inline constexpr std::uint32_t kPaymentType = 0x2F;
}  // namespace tag

enum class Format : std::uint8_t { binary, bcd, ascii, llvar, lllvar, tlv };

struct BitmapRow {
    std::uint8_t tag;
    Format format;
    std::size_t bytes;  ///< of fixed formats
    std::string_view name;
    bool secret;  ///< of a card or a person: hidden in recordings
};
/// Nothing for a bitmap that this driver does not know; what follows one cannot be read.
const BitmapRow* bitmap_row(std::uint8_t tag);

struct Bitmap {
    const BitmapRow* row = nullptr;
    std::size_t offset = 0;  ///< of the tag, from the first byte given
    std::size_t length = 0;  ///< tag, length and value
    base::ByteView value;
};

/// Reads bitmaps from front to back, total. Stops at what it does not know.
class BitmapReader final {
public:
    explicit BitmapReader(base::ByteView bytes) : bytes_(bytes) {}
    /// Nothing at the end and at the first thing that cannot be read.
    std::optional<Bitmap> next();
    /// What is wrong where it stopped; empty at the end.
    std::string_view problem() const { return problem_; }
    std::size_t at() const { return at_; }

private:
    base::ByteView bytes_;
    std::size_t at_ = 0;
    std::string_view problem_;
};

struct TlvItem {
    std::uint32_t tag = 0;
    bool constructed = false;
    std::size_t offset = 0;  ///< of the tag, from the first byte given
    std::size_t head = 0;    ///< bytes of tag and length
    base::ByteView value;
};

/// Reads the items of one level; total.
class TlvReader final {
public:
    explicit TlvReader(base::ByteView bytes) : bytes_(bytes) {}
    std::optional<TlvItem> next();
    std::string_view problem() const { return problem_; }
    std::size_t at() const { return at_; }

private:
    base::ByteView bytes_;
    std::size_t at_ = 0;
    std::string_view problem_;
};
/// Levels that are looked into; real messages have three.
inline constexpr int kTlvDepthMax = 6;

/// The first item with that tag at any level.
std::optional<base::ByteView> find_tlv(base::ByteView bytes, std::uint32_t tag);

/// Tag, length (one byte, 81 or 82) and value.
base::Bytes encode_tlv(std::uint32_t tag, base::ByteView value);
/// Bitmap 06 with these items.
base::Bytes encode_container(base::ByteView items);
/// A length of BER; nothing if it is not whole or longer than 2 bytes. `head` becomes its size.
std::optional<std::size_t> ber_length(base::ByteView bytes, std::size_t& head);

/// The number of 2 digits a byte; nothing if one is none. At most 9 bytes.
std::optional<std::int64_t> from_bcd(base::ByteView bytes);
/// The low digits of a number, `width` bytes.
base::Bytes to_bcd(std::int64_t value, std::size_t width);
/// All digits as text; other nibbles become '*' (E) or nothing (F).
std::string digits_of(base::ByteView bytes);

/// ISO 4217: 978 is EUR. Only currencies in which terminals are in use; empty or 0 for others.
std::string_view currency_name(std::int64_t number);
std::int64_t currency_number(std::string_view name);

}  // namespace tillhost::drivers::zvt
