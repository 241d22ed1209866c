#include "hal/drivers/payment/zvt/decode_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "hal/base/money.h"
#include "hal/drivers/payment/zvt/charset.h"
#include "hal/drivers/payment/zvt/errors.h"
#include "hal/drivers/payment/zvt/steps.h"

namespace tillhost::drivers::zvt {
namespace {

using base::ByteView;
using base::to_unsigned;

struct CommandRow {
    std::uint16_t code;
    std::string_view name;
    bool password;
};
constexpr CommandRow kCommands[] = {
    {0x0401, "set till's clock", false},
    {0x040D, "input request", false},
    {0x040E, "menu request", false},
    {0x040F, "result", false},
    {0x04FF, "intermediate status", false},
    {0x0501, "status enquiry", true},
    {0x0600, "registration", true},
    {0x0601, "payment", false},
    {0x0602, "log-off", false},
    {0x0603, "balance", false},
    {0x060D, "graphic request", false},
    {0x060F, "completion", false},
    {0x0610, "send totals", true},
    {0x0612, "reprint receipts", true},
    {0x0618, "reset", false},
    {0x061A, "print configuration", true},
    {0x061B, "set terminal id", true},
    {0x061E, "abort by the terminal", false},
    {0x0620, "repeat receipt", true},
    {0x0622, "reservation", false},
    {0x0623, "book reservation", true},
    {0x0624, "book total", true},
    {0x0625, "reverse reservation", true},
    {0x0630, "reversal", true},
    {0x0631, "refund", true},
    {0x0650, "end of day", true},
    {0x0651, "send offline payments", true},
    {0x0670, "diagnosis", false},
    {0x0679, "self test", true},
    {0x0691, "set clock", true},
    {0x0693, "initialisation", true},
    {0x06B0, "abort by the till", false},
    {0x06C0, "read card", false},
    {0x06D1, "print line", false},
    {0x06D3, "print block", false},
    {0x06E0, "display text", false},
    {0x0840, "change baud rate", false},
    {0x0850, "activate reader", false},
};

enum class Shown { number, digits, text, hex, amount, secret };
struct TagRow {
    std::uint32_t tag;
    std::string_view name;
    Shown shown;
};
constexpr TagRow kTags[] = {
    {tag::kLine, "line", Shown::text},
    {0x08, "receipt", Shown::digits},
    {tag::kAttribute, "attribute", Shown::hex},
    {tag::kCommand, "command", Shown::hex},
    {tag::kColumns, "columns", Shown::digits},
    {0x13, "extra_result", Shown::text},
    {tag::kCharset, "charset", Shown::hex},
    {0x15, "language", Shown::text},
    {0x1A, "apdu_max", Shown::number},
    {0x1B, "diagnosis_type", Shown::number},
    {0x23, "reservations", Shown::hex},
    {tag::kDisplayTexts, "display_texts", Shown::hex},
    {tag::kPrintTexts, "print_texts", Shown::hex},
    {tag::kCommands, "commands", Shown::hex},
    {tag::kCharsets, "charsets", Shown::hex},
    {0x28, "languages", Shown::hex},
    {tag::kPaymentType, "payment_type", Shown::hex},
    {tag::kWhichReceipt, "which_receipt", Shown::number},
    {0x1F04, "receipt_control", Shown::hex},
    {0x1F05, "card_control", Shown::hex},
    {tag::kReceiptType, "receipt_type", Shown::number},
    {tag::kCardholderCheck, "cardholder_check", Shown::number},
    {0x1F11, "online", Shown::number},
    {0x1F12, "technology", Shown::number},
    {0x1F16, "vendor_code", Shown::hex},
    {tag::kVendorText, "vendor_text", Shown::text},
    {tag::kTransactionId, "transaction_id", Shown::hex},
    {0x1F25, "cash_back", Shown::amount},
    {tag::kLongTrace, "long_trace", Shown::digits},
    {tag::kTip, "tip", Shown::amount},
    {tag::kReceiptInfo, "receipt_info", Shown::hex},
    {tag::kTerminalId, "terminal_id", Shown::digits},
    {tag::kPartialApproval, "partial_approval", Shown::number},
    {0x1F71, "tags", Shown::hex},
    {0x1F73, "message_id", Shown::digits},
};

const TagRow* row_of(std::uint32_t tag) {
    const auto* const found = std::find_if(std::begin(kTags), std::end(kTags),
                                           [&](const TagRow& row) { return row.tag == tag; });
    return found == std::end(kTags) ? nullptr : found;
}

const CommandRow* command_row(std::uint16_t code) {
    const auto* const found = std::find_if(std::begin(kCommands), std::end(kCommands),
                                           [&](const CommandRow& row) { return row.code == code; });
    return found == std::end(kCommands) ? nullptr : found;
}

std::string amount_text(ByteView bytes) {
    const auto amount = from_bcd(bytes);
    return amount ? base::minor_to_text(*amount, 2) : digits_of(bytes);
}

}  // namespace

std::string command_text(std::uint16_t code) {
    const CommandRow* row = command_row(code);
    const unsigned first = code >> 8;
    const unsigned second = code & 0xFFU;
    if (row != nullptr) {
        return fmt::format("{:02X} {:02X} {}", first, second, row->name);
    }
    if (first == 0x80 || code == 0x8400) {
        return fmt::format("{:02X} {:02X} accepted", first, second);
    }
    if (first == 0x84) {
        return fmt::format("84 {:02X} refused: {}", second,
                           text_of_code(static_cast<std::uint8_t>(second)));
    }
    return fmt::format("{:02X} {:02X}", first, second);
}

bool has_password(std::uint16_t code) {
    const CommandRow* row = command_row(code);
    return row != nullptr && row->password;
}

std::string text_of(Number kind, ByteView bytes) {
    if (bytes.empty()) {
        return {};
    }
    const auto value = static_cast<std::uint8_t>(to_unsigned(bytes[0]));
    switch (kind) {
        case Number::byte: return fmt::format("{:02X}", value);
        case Number::result: return fmt::format("{:02X} {}", value, text_of_code(value));
        case Number::status: return fmt::format("{:02X} {}", value, text_of_status(value));
        case Number::step: return fmt::format("{:02X} {}", value, step_text(value));
        case Number::currency: {
            const std::int64_t number = from_bcd(bytes).value_or(0);
            const std::string_view name = currency_name(number);
            return name.empty() ? std::to_string(number) : std::string(name);
        }
    }
    return {};
}

std::string bitmap_text(const Bitmap& bitmap) {
    if (bitmap.row->tag == bmp::kCardNumber) {
        const std::string digits = digits_of(bitmap.value);
        return digits.find('*') == std::string::npos ? "hidden" : digits;
    }
    if (bitmap.row->secret) {
        return "hidden";
    }
    switch (bitmap.row->tag) {
        case bmp::kResult: return text_of(Number::result, bitmap.value);
        case bmp::kCurrency: return text_of(Number::currency, bitmap.value);
        case bmp::kAmount: return amount_text(bitmap.value);
        case bmp::kTotals: return base::to_hex(bitmap.value);
        default: break;
    }
    switch (bitmap.row->format) {
        case Format::bcd: return digits_of(bitmap.value);
        case Format::ascii:
        case Format::llvar:
        case Format::lllvar: return to_utf8(Charset::automatic, bitmap.value);
        case Format::binary:
        case Format::tlv: return base::to_hex(bitmap.value);
    }
    return {};
}

std::string tag_name(std::uint32_t tag) {
    const TagRow* row = row_of(tag);
    return row == nullptr ? "value" : std::string(row->name);
}

std::string tag_text(std::uint32_t tag) {
    const TagRow* row = row_of(tag);
    return fmt::format("{:02X}{}{}", tag, row == nullptr ? "" : " ",
                       row == nullptr ? "" : row->name);
}

std::string tag_value(std::uint32_t tag, ByteView value) {
    const TagRow* row = row_of(tag);
    switch (row == nullptr ? Shown::secret : row->shown) {
        case Shown::number: {
            constexpr std::size_t kNumberBytesMax = 8;
            base::ByteReader reader(value);
            const bool fits = !value.empty() && value.size() <= kNumberBytesMax;
            return fits ? std::to_string(reader.uint_be(value.size())) : base::to_hex(value);
        }
        case Shown::digits: return digits_of(value);
        case Shown::text: return to_utf8(Charset::automatic, value);
        case Shown::hex: return base::to_hex(value);
        case Shown::amount: return amount_text(value);
        case Shown::secret: return "hidden";
    }
    return {};
}

bool is_secret_tag(std::uint32_t tag) { return row_of(tag) == nullptr; }

}  // namespace tillhost::drivers::zvt
