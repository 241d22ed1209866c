#include "simulators/payment/zvt/messages.h"

#include <array>
#include <chrono>

namespace tillhost::simulators::zvt {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::uint8_t kEndOfReceipt = 0x81;
constexpr std::uint8_t kPinPaid = 0x70;  // BMP 19: girocard or scheme, with PIN

struct Stamp {
    std::uint64_t time = 0;  ///< HHMMSS as a number
    std::uint64_t date = 0;  ///< YYMMDD
};

Stamp stamp_of(std::int64_t date_time_ms) {
    using namespace std::chrono;
    const sys_time<milliseconds> at{milliseconds(date_time_ms)};
    const auto day = floor<days>(at);
    const year_month_day date(day);
    const hh_mm_ss clock(at - day);
    const auto number = [](auto count) { return static_cast<std::uint64_t>(count); };
    return {.time = number(clock.hours().count()) * 10000 + number(clock.minutes().count()) * 100 +
                    number(clock.seconds().count()),
            .date = number(static_cast<int>(date.year()) % 100) * 10000 +
                    number(static_cast<unsigned>(date.month())) * 100 +
                    number(static_cast<unsigned>(date.day()))};
}

void put_number(base::ByteWriter& writer, std::uint8_t tag, std::uint64_t value,
                std::size_t width) {
    put_bitmap(writer, tag, bcd(value, width));
}

void put_byte(base::ByteWriter& writer, std::uint8_t tag, unsigned value) {
    put_bitmap(writer, tag, std::array{base::byte(value)});
}

/// Two digits a byte, a hidden one is E, an odd number is filled with F.
Bytes pan_of(std::string_view masked) {
    Bytes pan;
    const auto nibble = [masked](std::size_t i) -> unsigned {
        if (i >= masked.size()) {
            return 0x0F;
        }
        return masked[i] >= '0' && masked[i] <= '9' ? static_cast<unsigned>(masked[i] - '0') : 0x0E;
    };
    for (std::size_t i = 0; i < masked.size(); i += 2) {
        pan.push_back(base::byte(nibble(i) << 4U | nibble(i + 1)));
    }
    return pan;
}

Bytes terminated(const std::string& text, Charset charset) {
    Bytes bytes = encode_text(text, charset);
    bytes.push_back(std::byte{0});
    return bytes;
}

void put_terminal(base::ByteWriter& writer, const std::string& terminal_id) {
    put_bitmap(writer, 0x29, bcd(std::stoull("0" + terminal_id), 4));
}

void put_status_tlv(base::ByteWriter& writer, const CardTransaction& transaction,
                    const StatusLook& look) {
    base::ByteWriter tlv;
    if (look.long_trace) {
        put_tlv(tlv, 0x1F2B, bcd(transaction.trace_number, 4));
    }
    if (look.sync_id) {
        put_tlv(tlv, 0x1F1F, bcd(transaction.receipt_number, 2));
    }
    if (!tlv.bytes().empty()) {
        put_bitmap(writer, 0x06, tlv.bytes());
    }
}

}  // namespace

Apdu answer_apdu() { return {.command = 0x8000}; }

Apdu refusal_apdu(Code code) {
    return {.command = static_cast<std::uint16_t>(0x8400U | static_cast<unsigned>(code))};
}

Apdu intermediate_apdu(std::uint8_t code, std::optional<std::uint8_t> minutes) {
    base::ByteWriter writer;
    writer.u8(code);
    if (minutes) {
        writer.raw(bcd(*minutes, 1));
    }
    return {.command = 0x04FF, .data = writer.take()};
}

Apdu completion_apdu(Bytes data) { return {.command = 0x060F, .data = std::move(data)}; }

Apdu abort_apdu(std::uint8_t code) { return {.command = 0x061E, .data = {base::byte(code)}}; }

Apdu status_apdu(const CardTransaction& transaction, const std::string& terminal_id,
                 const StatusLook& look, const Bytes& totals) {
    constexpr std::size_t kAmountBytes = 6;
    const Stamp stamp = stamp_of(transaction.date_time_ms);
    const bool day_end = transaction.kind == CardTransactionKind::day_end;
    base::ByteWriter writer;
    put_byte(writer, 0x27, 0);
    put_number(writer, 0x04, static_cast<std::uint64_t>(transaction.amount_minor), kAmountBytes);
    put_number(writer, 0x0B, look.long_trace ? 0 : transaction.trace_number, 3);
    put_number(writer, 0x0C, stamp.time, 3);
    put_number(writer, 0x0D, stamp.date % 10000, 2);
    if (!day_end) {
        put_byte(writer, 0x19, kPinPaid);
        put_bitmap(writer, 0x22, pan_of(transaction.pan));
    }
    put_terminal(writer, terminal_id);
    if (look.currency) {
        put_number(writer, 0x49, transaction.currency, 2);
    }
    if (!day_end) {
        put_number(writer, 0x87, transaction.receipt_number, 2);
        put_number(writer, 0x88, transaction.turnover_number, 3);
        put_byte(writer, 0x8A, transaction.card_type);
        put_bitmap(writer, 0x8B, terminated(transaction.card_name, look.charset));
        put_bitmap(writer, 0x3C, encode_text("APPROVED", look.charset));
    }
    if (transaction.kind == CardTransactionKind::reversal) {
        put_number(writer, 0x37, transaction.original_trace, 3);
    }
    if (!totals.empty()) {
        put_bitmap(writer, 0x60, totals);
    }
    if (look.tlv) {
        put_status_tlv(writer, transaction, look);
    }
    return {.command = 0x040F, .data = writer.take()};
}

Apdu failed_status_apdu(std::uint8_t code, const std::string& terminal_id,
                        std::optional<std::int64_t> amount, std::optional<std::uint16_t> currency) {
    base::ByteWriter writer;
    put_byte(writer, 0x27, code);
    put_terminal(writer, terminal_id);
    if (amount) {
        put_number(writer, 0x04, static_cast<std::uint64_t>(*amount), 6);
    }
    if (currency) {
        put_number(writer, 0x49, *currency, 2);
    }
    return {.command = 0x040F, .data = writer.take()};
}

Apdu clock_apdu(std::int64_t date_time_ms) {
    const Stamp stamp = stamp_of(date_time_ms);
    base::ByteWriter writer;
    put_number(writer, 0xAA, stamp.date, 3);
    put_number(writer, 0x0C, stamp.time, 3);
    return {.command = 0x0401, .data = writer.take()};
}

std::optional<std::int64_t> clock_from(ByteView date, ByteView time) {
    using namespace std::chrono;
    const auto day = from_bcd(date);
    const auto clock = from_bcd(time);
    if (date.size() != 3 || time.size() != 3 || !day || !clock) {
        return std::nullopt;
    }
    constexpr int kCentury = 2000;
    const year_month_day at{year{kCentury + static_cast<int>(*day / 10000)},
                            month{static_cast<unsigned>(*day / 100 % 100)},
                            std::chrono::day{static_cast<unsigned>(*day % 100)}};
    const std::uint64_t hour = *clock / 10000, minute = *clock / 100 % 100, second = *clock % 100;
    if (!at.ok() || hour > 23 || minute > 59 || second > 59) {
        return std::nullopt;
    }
    const milliseconds since =
        sys_days(at).time_since_epoch() + hours(hour) + minutes(minute) + seconds(second);
    return since.count();
}

std::vector<Apdu> print_lines(const Receipt& receipt, const PrintLook& look) {
    base::ByteWriter tail;
    if (look.trailing_tlv) {
        base::ByteWriter tlv;
        put_tlv(tlv, 0x1F07, std::array{static_cast<std::byte>(receipt.type)});
        put_bitmap(tail, 0x06, tlv.bytes());
    }
    std::vector<Apdu> all;
    for (const PrintLine& line : receipt.lines) {
        base::ByteWriter writer;
        writer.u8(line.attribute).raw(encode_text(line.text, look.charset)).raw(tail.bytes());
        all.push_back({.command = 0x06D1, .data = writer.take()});
    }
    all.push_back({.command = 0x06D1, .data = {base::byte(kEndOfReceipt)}});
    return all;
}

Apdu print_block(const Receipt& receipt, const PrintLook& look) {
    base::ByteWriter lines;
    for (const PrintLine& line : receipt.lines) {
        put_tlv(lines, 0x09, std::array{base::byte(line.attribute)});
        put_tlv(lines, 0x07, encode_text(line.text, look.charset));
    }
    put_tlv(lines, 0x09, std::array{base::byte(kEndOfReceipt)});
    base::ByteWriter tlv;
    put_tlv(tlv, 0x1F07, std::array{static_cast<std::byte>(receipt.type)});
    put_tlv(tlv, 0x25, lines.bytes());
    base::ByteWriter writer;
    put_bitmap(writer, 0x06, tlv.bytes());
    return {.command = 0x06D3, .data = writer.take()};
}

}  // namespace tillhost::simulators::zvt
