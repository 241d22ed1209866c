// Commands of shift, cash, receipt and correction.
#include <algorithm>
#include <array>
#include <numeric>

#include "hal/base/money.h"
#include "simulators/core/codepage.h"
#include "simulators/fiscal/shtrih/answers.h"
#include "simulators/fiscal/shtrih/commands.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr FieldPlace kExtendedAnswers{.table = 17, .row = 1, .field = 36};
constexpr std::uint8_t kAdministrator = 29;
constexpr std::uint64_t kNotGiven = 0xFF'FFFF'FFFF;  // five bytes FFh
constexpr std::int64_t kVatNotGiven = -1;
constexpr std::uint8_t kMethodMax = 7, kSubjectMax = 33;
constexpr std::uint8_t kCorrectionBit = 0x80;
constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kQuantityMicroMax = 100'000 * kMicro;

/// Text of code page 1251, up to the first zero byte.
std::string text_field(base::ByteView bytes) {
    return utf8_from_cp1251({bytes.begin(), std::find(bytes.begin(), bytes.end(), std::byte{0})});
}

bool extended(Machine& machine) { return machine.tables().number(kExtendedAnswers) == 1; }

// --- shift

Answer open_shift(Machine& machine, Call& call) {
    const auto opened = machine.open_shift(call.operator_index);
    const auto* refusal = std::get_if<Refusal>(&opened);
    return as_answer(refusal == nullptr ? Refusal::ok : *refusal);
}

/// Shift, document and sign of a shift's document; nothing else if it was refused.
Answer shift_answer(Machine& machine, const OrRefusal<Closed>& done, bool with_date) {
    if (const auto* refusal = std::get_if<Refusal>(&done)) {
        return *refusal;
    }
    const Closed& closed = std::get<Closed>(done);
    base::ByteWriter data;
    data.u16_le(machine.memory().shift_number).u32_le(closed.number).u32_le(closed.sign);
    if (with_date) {
        put_date_time(data, closed.date_time_ms);
    }
    return data.take();
}

Answer storage_open_shift(Machine& machine, Call& call) {
    return shift_answer(machine, machine.open_shift(call.operator_index), false);
}

Answer storage_close_shift(Machine& machine, Call& call) {
    return shift_answer(machine, machine.close_shift(call.operator_index), extended(machine));
}

Answer z_report(Machine& machine, Call& call) {
    if (call.operator_index < kAdministrator) {
        return Refusal::wrong_password;
    }
    const auto closed = machine.close_shift(call.operator_index);
    const auto* refusal = std::get_if<Refusal>(&closed);
    return as_answer(refusal == nullptr ? Refusal::ok : *refusal);
}

Answer x_report(Machine& machine, Call& call) {
    if (call.operator_index < kAdministrator) {
        return Refusal::wrong_password;
    }
    return as_answer(machine.x_report(call.operator_index));
}

Answer begin_opening(Machine& machine, Call& /*call*/) {
    machine.memory().tags.clear();
    machine.memory().begun = BegunDocument::shift_open;
    return base::Bytes{};
}

Answer begin_closing(Machine& machine, Call& /*call*/) {
    machine.memory().tags.clear();
    machine.memory().begun = BegunDocument::shift_close;
    return base::Bytes{};
}

Answer shift_parameters(Machine& machine, Call& /*call*/) {
    const Memory& memory = machine.memory();
    base::ByteWriter data;
    data.u8(memory.shift_open ? 1 : 0).u16_le(memory.shift_number);
    return data.u16_le(memory.receipt_number).take();
}

// --- cash

template <bool in>
Answer move_cash(Machine& machine, Call& call) {
    const auto amount = static_cast<std::int64_t>(call.reader.uint_le(5));
    const auto moved = machine.move_cash(in, amount, call.operator_index);
    if (const auto* refusal = std::get_if<Refusal>(&moved)) {
        return *refusal;
    }
    return base::ByteWriter().u16_le(std::get<std::uint16_t>(moved)).take();
}

// --- receipt

Answer open_receipt(Machine& machine, Call& call) {
    const std::uint8_t type = call.reader.u8();
    const bool correction = (type & kCorrectionBit) != 0;
    const std::uint8_t kind = type & static_cast<std::uint8_t>(~kCorrectionBit);
    const bool old_format = machine.ffd() < kFfd12;
    if (kind > 3 || (correction && old_format && machine.strict())) {
        return Refusal::bad_parameters;
    }
    return as_answer(
        machine.open_receipt(static_cast<ReceiptKind>(kind), call.operator_index, correction));
}

/// price × quantity; nothing if it does not fit.
std::optional<std::int64_t> product(std::int64_t price, std::int64_t micro) {
    if (price > kTotalMinorMax || micro > kQuantityMicroMax) {
        return std::nullopt;
    }
    const std::int64_t sum = base::scale_minor(price, micro, kMicro, base::Rounding::half_up);
    return sum > kTotalMinorMax ? std::nullopt : std::optional(sum);
}

template <ReceiptKind kind>
Answer old_position(Machine& machine, Call& call) {
    if (machine.receipt_open() && machine.memory().receipt.kind != kind) {
        return Refusal::wrong_mode;
    }
    FiscalLine line;
    const auto milli = static_cast<std::int64_t>(call.reader.uint_le(5));
    line.quantity_micro = milli * 1000;
    line.price_minor = static_cast<std::int64_t>(call.reader.uint_le(5));
    line.department = call.reader.u8();
    line.vat_code = vat_code_of_group(call.reader.u8());
    call.reader.take(3);  // the other tax groups: FN devices know one
    line.vat_minor = kVatNotGiven;
    line.payment_method = 4;
    line.item_type = 1;
    line.name = text_field(call.reader.take_rest());
    if (milli == 0) {
        return Refusal::bad_quantity;
    }
    const auto sum = product(line.price_minor, line.quantity_micro);
    if (!sum) {
        return Refusal::multiply_overflow;
    }
    line.sum_minor = *sum;
    return as_answer(machine.add_position(kind, std::move(line), call.operator_index));
}

/// The receipt kind behind the type of FF46h: 1 sale, 2 sale return, 3 purchase, 4 its return.
std::optional<ReceiptKind> kind_of_type(std::uint8_t type) {
    constexpr std::array kKinds{ReceiptKind::sale, ReceiptKind::sale_return, ReceiptKind::purchase,
                                ReceiptKind::purchase_return};
    if (type == 0 || type > kKinds.size()) {
        return std::nullopt;
    }
    return kKinds[type - 1U];
}

Answer position(Machine& machine, Call& call) {
    base::ByteReader& reader = call.reader;
    const auto kind = kind_of_type(reader.u8());
    FiscalLine line;
    line.quantity_micro = static_cast<std::int64_t>(reader.uint_le(6));
    line.price_minor = static_cast<std::int64_t>(reader.uint_le(5));
    const std::uint64_t given = reader.uint_le(5);
    const std::uint64_t vat = reader.uint_le(5);
    line.vat_minor = vat == kNotGiven ? kVatNotGiven : static_cast<std::int64_t>(vat);
    line.vat_code = reader.u8();
    line.department = reader.u8();
    line.payment_method = reader.u8();
    line.item_type = reader.u8();
    const base::ByteView name = reader.take_rest();
    line.name = text_field(name);
    if (!kind || vat_row(line.vat_code) == 0 || name.size() > 128 ||
        line.payment_method > kMethodMax || line.item_type > kSubjectMax) {
        return Refusal::bad_parameters;
    }
    if (line.quantity_micro == 0) {
        return Refusal::bad_quantity;
    }
    const auto sum = product(line.price_minor, line.quantity_micro);
    if (!sum) {
        return Refusal::multiply_overflow;
    }
    line.sum_minor = given == kNotGiven ? *sum : static_cast<std::int64_t>(given);
    if (line.sum_minor > *sum + 1 || line.sum_minor < *sum - 1) {
        return Refusal::bad_parameters;
    }
    return as_answer(machine.add_position(*kind, std::move(line), call.operator_index));
}

Answer change_total(Machine& machine, Call& call) {
    if (machine.memory().receipt.operator_index != call.operator_index) {
        return Refusal::other_operator;
    }
    const auto discount = static_cast<std::int64_t>(call.reader.uint_le(5));
    const auto surcharge = static_cast<std::int64_t>(call.reader.uint_le(5));
    return as_answer(machine.change_total(discount, surcharge));
}

Answer subtotal(Machine& machine, Call& /*call*/) {
    const auto sum = static_cast<std::uint64_t>(machine.subtotal());
    return base::ByteWriter().uint_le(sum, 5).take();
}

/// 85h with four payments and 8Eh with all sixteen.
template <std::size_t payments>
Answer old_close(Machine& machine, Call& call) {
    Settlement settlement;
    for (std::size_t i = 0; i < payments; ++i) {
        settlement.payments[i] = static_cast<std::int64_t>(call.reader.uint_le(5));
    }
    settlement.discount_percent = static_cast<std::int16_t>(call.reader.u16_le());
    if (settlement.discount_percent > 9999 || settlement.discount_percent < -9999) {
        return Refusal::bad_parameters;
    }
    call.reader.take(4);  // taxes: each position has its own
    settlement.text = text_field(call.reader.take_rest());
    const auto closed = machine.close_receipt(settlement, call.operator_index);
    if (const auto* refusal = std::get_if<Refusal>(&closed)) {
        return *refusal;
    }
    const auto change = static_cast<std::uint64_t>(std::get<Closed>(closed).change_minor);
    return base::ByteWriter().uint_le(change, 5).take();
}

Answer old_close_4(Machine& machine, Call& call) { return old_close<4>(machine, call); }
Answer old_close_16(Machine& machine, Call& call) { return old_close<kPayments>(machine, call); }

bool is_one_bit(std::uint8_t bits) { return bits != 0 && (bits & (bits - 1U)) == 0; }

Answer close(Machine& machine, Call& call) {
    base::ByteReader& reader = call.reader;
    Settlement settlement;
    for (std::int64_t& payment : settlement.payments) {
        payment = static_cast<std::int64_t>(reader.uint_le(5));
    }
    settlement.rounding_minor = reader.u8();
    for (std::int64_t& vat : settlement.vat) {
        vat = static_cast<std::int64_t>(reader.uint_le(5));
    }
    settlement.tax_system = reader.u8();
    settlement.text = text_field(reader.take_rest());
    if (settlement.rounding_minor > 99 || !is_one_bit(settlement.tax_system) ||
        settlement.tax_system > kTaxSystems) {
        return Refusal::bad_parameters;
    }
    const auto closed = machine.close_receipt(settlement, call.operator_index);
    if (const auto* refusal = std::get_if<Refusal>(&closed)) {
        return *refusal;
    }
    return encode_close(std::get<Closed>(closed), extended(machine));
}

Answer cancel(Machine& machine, Call& call) {
    return as_answer(machine.cancel_receipt(call.operator_index));
}

Answer copy(Machine& machine, Call& /*call*/) { return as_answer(machine.copy_last_receipt()); }

// --- correction

Answer begin_correction(Machine& machine, Call& /*call*/) {
    machine.memory().tags.clear();
    if (machine.strict() && machine.ffd() >= kFfd12) {
        return Refusal::not_supported;  // FFD 1.2 has 8Dh with 80h for it
    }
    machine.memory().begun = BegunDocument::correction;
    return base::Bytes{};
}

Answer correction_answer(Machine& machine, const OrRefusal<Closed>& done) {
    if (const auto* refusal = std::get_if<Refusal>(&done)) {
        return *refusal;
    }
    const Closed& closed = std::get<Closed>(done);
    base::ByteWriter data;
    data.u16_le(machine.memory().receipt_number).u32_le(closed.number).u32_le(closed.sign);
    if (extended(machine)) {
        put_date_time(data, closed.date_time_ms);
    }
    return data.take();
}

std::int64_t money(base::ByteReader& reader) {
    return static_cast<std::int64_t>(reader.uint_le(5));
}

/// FF36h says a total and what was done; it counts as paid in cash.
Answer short_correction(Machine& machine, Call& call) {
    CorrectionSums sums;
    sums.total_minor = money(call.reader);
    sums.payments[0] = sums.total_minor;
    const std::uint8_t operation = call.reader.u8();
    if (machine.memory().begun != BegunDocument::correction) {
        return Refusal::fn_wrong_state;
    }
    if (operation == 0 || operation > 4) {
        return Refusal::bad_parameters;
    }
    sums.operation = static_cast<FiscalOperation>(operation);
    return correction_answer(machine, machine.register_correction(sums, call.operator_index));
}

Answer correction(Machine& machine, Call& call) {
    constexpr std::array<std::size_t, 5> kForms{0, 1, 13, 14, 15};
    base::ByteReader& reader = call.reader;
    CorrectionSums sums;
    sums.basis = reader.u8();
    const std::uint8_t operation = reader.u8();
    sums.total_minor = money(reader);
    for (const std::size_t form : kForms) {
        sums.payments[form] = money(reader);
    }
    for (std::int64_t& vat : sums.vat) {
        vat = money(reader);
    }
    sums.tax_system = reader.u8();
    const std::int64_t paid =
        std::accumulate(sums.payments.begin(), sums.payments.end(), std::int64_t{0});
    if (machine.memory().begun != BegunDocument::correction) {
        return Refusal::fn_wrong_state;
    }
    if (sums.basis > 1 || operation == 0 || operation > 4 || paid != sums.total_minor ||
        !is_one_bit(sums.tax_system)) {
        return Refusal::bad_parameters;
    }
    sums.operation = static_cast<FiscalOperation>(operation);
    return correction_answer(machine, machine.register_correction(sums, call.operator_index));
}

// code, least bytes, password, operator in the answer, prints, signs
constexpr std::array kRows{
    CommandRow{0xE0, 4, true, true, true, true, open_shift},
    CommandRow{0x40, 4, true, true, true, false, x_report},
    CommandRow{0x41, 4, true, true, true, true, z_report},
    CommandRow{0x50, 9, true, true, true, false, move_cash<true>},
    CommandRow{0x51, 9, true, true, true, false, move_cash<false>},
    CommandRow{0x8D, 5, true, true, true, false, open_receipt},
    CommandRow{0x80, 19, true, true, true, false, old_position<ReceiptKind::sale>},
    CommandRow{0x81, 19, true, true, true, false, old_position<ReceiptKind::purchase>},
    CommandRow{0x82, 19, true, true, true, false, old_position<ReceiptKind::sale_return>},
    CommandRow{0x83, 19, true, true, true, false, old_position<ReceiptKind::purchase_return>},
    CommandRow{0x85, 26, true, true, true, true, old_close_4},
    CommandRow{0x8E, 86, true, true, true, true, old_close_16},
    CommandRow{0x88, 4, true, true, false, false, cancel},
    CommandRow{0x89, 4, true, true, false, false, subtotal},
    CommandRow{0x8C, 4, true, true, true, false, copy},
    CommandRow{0xFF0B, 4, true, false, true, true, storage_open_shift},
    CommandRow{0xFF35, 4, true, false, true, false, begin_correction},
    CommandRow{0xFF36, 10, true, false, true, true, short_correction},
    CommandRow{0xFF40, 4, true, false, false, false, shift_parameters},
    CommandRow{0xFF41, 4, true, false, false, false, begin_opening},
    CommandRow{0xFF42, 4, true, false, false, false, begin_closing},
    CommandRow{0xFF43, 4, true, false, true, true, storage_close_shift},
    CommandRow{0xFF45, 116, true, false, true, true, close},
    CommandRow{0xFF46, 30, true, false, true, false, position},
    CommandRow{0xFF4A, 67, true, false, true, true, correction},
    CommandRow{0xFF4B, 15, true, false, true, false, change_total},
};

}  // namespace

std::span<const CommandRow> fiscal_commands() { return kRows; }

}  // namespace tillhost::simulators::shtrih
