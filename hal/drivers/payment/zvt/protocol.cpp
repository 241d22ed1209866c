#include "hal/drivers/payment/zvt/protocol.h"

#include <algorithm>
#include <array>

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::to_unsigned;

constexpr std::size_t kPasswordBytes = 3;
constexpr std::size_t kAmountBytes = 6;
constexpr std::size_t kCurrencyBytes = 2;
constexpr std::size_t kReceiptBytes = 2;
/// Width that receipts are asked in.
constexpr std::int64_t kColumns = 24;
constexpr std::uint8_t kUtf8 = 0xFE;

void put_amount(ByteWriter& writer, const Payment& payment) {
    writer.u8(bmp::kAmount).raw(to_bcd(payment.amount, kAmountBytes));
    if (payment.currency != 0) {
        writer.u8(bmp::kCurrency).raw(to_bcd(payment.currency, kCurrencyBytes));
    }
    if (payment.type) {
        writer.u8(bmp::kStatusByte).u8(*payment.type);
    }
    Bytes items;
    if (payment.last_id) {
        items = encode_tlv(tag::kTransactionId, *payment.last_id);
    }
    if (payment.allow_partial) {
        const Bytes may = encode_tlv(tag::kPartialApproval, Bytes{base::byte(1)});
        items.insert(items.end(), may.begin(), may.end());
    }
    if (!items.empty()) {
        writer.raw(encode_container(items));
    }
}

Bytes with_password(Command command, Password password) {
    return encode_apdu(command, to_bcd(password, kPasswordBytes));
}

}  // namespace

Bytes write_registration(const Registration& registration) {
    ByteWriter writer;
    writer.raw(to_bcd(registration.password, kPasswordBytes)).u8(registration.config);
    if (registration.currency != 0) {
        writer.raw(to_bcd(registration.currency, kCurrencyBytes));
    }
    if (registration.service) {
        writer.u8(bmp::kServiceByte).u8(*registration.service);
    }
    if (registration.container) {
        writer.raw(encode_container(*registration.container));
    }
    return encode_apdu(Command::registration, writer.bytes());
}

Bytes registration_container(bool offer_utf8, bool print_blocks) {
    ByteWriter items;
    items.raw(encode_tlv(tag::kColumns, to_bcd(kColumns, 1)));
    if (offer_utf8) {
        items.raw(encode_tlv(tag::kCharsets, encode_tlv(tag::kCharset, Bytes{base::byte(kUtf8)})));
    }
    if (print_blocks) {
        ByteWriter block;
        block.uint_be(static_cast<std::uint64_t>(Command::print_block), 2);
        items.raw(encode_tlv(tag::kCommands, encode_tlv(tag::kCommand, block.bytes())));
    }
    return items.take();
}

Bytes write_status_enquiry(Password password, bool with_version) {
    constexpr std::uint8_t kNoVersion = 0x02;
    ByteWriter writer;
    writer.raw(to_bcd(password, kPasswordBytes));
    if (!with_version) {
        writer.u8(bmp::kServiceByte).u8(kNoVersion);
    }
    return encode_apdu(Command::status_enquiry, writer.bytes());
}

Bytes write_payment(const Payment& payment) {
    ByteWriter writer;
    put_amount(writer, payment);
    return encode_apdu(Command::authorisation, writer.bytes());
}

Bytes write_reversal(Password password, std::int64_t receipt, const Payment& payment) {
    ByteWriter writer;
    writer.raw(to_bcd(password, kPasswordBytes));
    writer.u8(bmp::kReceipt).raw(to_bcd(receipt, kReceiptBytes));
    put_amount(writer, payment);
    return encode_apdu(Command::reversal, writer.bytes());
}

Bytes write_refund(Password password, const Payment& payment) {
    ByteWriter writer;
    writer.raw(to_bcd(password, kPasswordBytes));
    put_amount(writer, payment);
    return encode_apdu(Command::refund, writer.bytes());
}

Bytes write_end_of_day(Password password, const std::optional<Bytes>& last_id) {
    ByteWriter writer;
    writer.raw(to_bcd(password, kPasswordBytes));
    if (last_id) {
        writer.raw(encode_container(encode_tlv(tag::kTransactionId, *last_id)));
    }
    return encode_apdu(Command::end_of_day, writer.bytes());
}

Bytes write_initialisation(Password password) {
    return with_password(Command::initialisation, password);
}

Bytes write_diagnosis() { return encode_apdu(Command::diagnosis, {}); }

Bytes write_repeat_receipt(Password password, bool result_only, Repeat which) {
    constexpr std::uint8_t kResultAndNoPrint = 0x03;
    ByteWriter writer;
    writer.raw(to_bcd(password, kPasswordBytes));
    if (result_only) {
        writer.u8(bmp::kServiceByte).u8(kResultAndNoPrint);
    }
    if (which != Repeat::last) {
        const Bytes number{base::byte(static_cast<unsigned>(which))};
        writer.raw(encode_container(encode_tlv(tag::kWhichReceipt, number)));
    }
    return encode_apdu(Command::repeat_receipt, writer.bytes());
}

Bytes write_abort() { return encode_apdu(Command::abort_of_till, {}); }
Bytes write_accepted() { return encode_apdu(Command::accepted, {}); }
Bytes write_not_possible() {
    constexpr std::uint16_t kNotPossible = 0x8483;
    return encode_apdu(kNotPossible, {});
}

Bytes write_fingerprint(const StatusInfo& info) {
    ByteWriter writer;
    const auto put = [&](std::uint8_t tag, const std::optional<std::int64_t>& value) {
        if (value) {
            writer.u8(tag).raw(to_bcd(*value, bitmap_row(tag)->bytes));
        }
    };
    if (info.result) {
        writer.u8(bmp::kResult).u8(*info.result);
    }
    put(bmp::kAmount, info.amount);
    constexpr std::int64_t kShortTraceMax = 999'999;
    const bool long_trace = info.trace.value_or(0) > kShortTraceMax;
    put(bmp::kTrace, long_trace ? std::optional<std::int64_t>(0) : info.trace);
    put(bmp::kTime, info.time);
    put(bmp::kDate, info.date);
    put(bmp::kOriginalTrace, info.original_trace);
    put(bmp::kCurrency, info.currency);
    put(bmp::kReceipt, info.receipt);
    put(bmp::kTurnover, info.turnover);
    ByteWriter items;
    if (info.id) {
        items.raw(encode_tlv(tag::kTransactionId, *info.id));
    }
    if (long_trace) {
        constexpr std::size_t kLongTraceBytes = 6;
        items.raw(encode_tlv(tag::kLongTrace, to_bcd(*info.trace, kLongTraceBytes)));
    }
    if (!items.bytes().empty()) {
        writer.raw(encode_container(items.bytes()));
    }
    return encode_apdu(Command::result, writer.bytes());
}

}  // namespace tillhost::drivers::zvt
