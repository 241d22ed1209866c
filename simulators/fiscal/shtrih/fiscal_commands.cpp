// Commands of shift, receipt, cash and fiscal storage.
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
constexpr std::int64_t kMicro = 1'000'000;
constexpr std::int64_t kQuantityMicroMax = 100'000 * kMicro;

constexpr unsigned kClosed = mode_bit(kModeShiftClosed);
constexpr unsigned kOpen = mode_bit(kModeShiftOpen);
constexpr unsigned kOpenOrExpired = kOpen | mode_bit(kModeShiftExpired);
constexpr unsigned kCashModes = kOpenOrExpired | kClosed | mode_bit(9);
constexpr unsigned kDocument = mode_bit(kModeDocument);

Answer as_answer(Refusal refusal) {
    return refusal == Refusal::ok ? Answer(base::Bytes{}) : Answer(refusal);
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
    machine.memory().begun = BegunDocument::shift_open;
    return base::Bytes{};
}

Answer begin_closing(Machine& machine, Call& /*call*/) {
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
    const std::uint8_t kind = call.reader.u8();
    if (kind > 3) {
        return Refusal::bad_parameters;
    }
    return as_answer(machine.open_receipt(static_cast<ReceiptKind>(kind), call.operator_index));
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
    line.payment_method = 4;
    line.item_type = 1;
    const base::ByteView name = call.reader.take_rest();
    line.name = utf8_from_cp1251({name.begin(), std::find(name.begin(), name.end(), std::byte{0})});
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
    reader.uint_le(5);  // VAT: the device computes it
    line.vat_code = reader.u8();
    line.department = reader.u8();
    line.payment_method = reader.u8();
    line.item_type = reader.u8();
    const base::ByteView name = reader.take_rest();
    line.name = utf8_from_cp1251({name.begin(), std::find(name.begin(), name.end(), std::byte{0})});
    if (!kind || vat_row(line.vat_code) == 0 || name.size() > 128) {
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
    if (!machine.receipt_open()) {
        return Refusal::receipt_closed;
    }
    const auto sum = static_cast<std::uint64_t>(machine.subtotal());
    return base::ByteWriter().uint_le(sum, 5).take();
}

Answer old_close(Machine& machine, Call& call) {
    Settlement settlement;
    for (std::size_t i = 0; i < 4; ++i) {
        settlement.payments[i] = static_cast<std::int64_t>(call.reader.uint_le(5));
    }
    settlement.discount_percent = static_cast<std::int16_t>(call.reader.u16_le());
    if (settlement.discount_percent > 9999 || settlement.discount_percent < -9999) {
        return Refusal::bad_parameters;
    }
    const auto closed = machine.close_receipt(settlement, call.operator_index);
    if (const auto* refusal = std::get_if<Refusal>(&closed)) {
        return *refusal;
    }
    const auto change = static_cast<std::uint64_t>(std::get<Closed>(closed).change_minor);
    return base::ByteWriter().uint_le(change, 5).take();
}

bool is_one_bit(std::uint8_t bits) { return bits != 0 && (bits & (bits - 1U)) == 0; }

Answer close(Machine& machine, Call& call) {
    constexpr std::uint8_t kTaxSystems = 0x3F;
    base::ByteReader& reader = call.reader;
    Settlement settlement;
    for (std::int64_t& payment : settlement.payments) {
        payment = static_cast<std::int64_t>(reader.uint_le(5));
    }
    settlement.rounding_minor = reader.u8();
    reader.take(30);  // six VAT sums: the device computes them
    settlement.tax_system = reader.u8();
    const base::ByteView text = reader.take_rest();
    settlement.text =
        utf8_from_cp1251({text.begin(), std::find(text.begin(), text.end(), std::byte{0})});
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
    machine.memory().begun = BegunDocument::correction;
    return base::Bytes{};
}

Answer correction(Machine& machine, Call& call) {
    base::ByteReader& reader = call.reader;
    const std::uint8_t basis = reader.u8();
    const std::uint8_t operation = reader.u8();
    const auto total = static_cast<std::int64_t>(reader.uint_le(5));
    std::int64_t paid = 0;
    for (int i = 0; i < 5; ++i) {
        paid += static_cast<std::int64_t>(reader.uint_le(5));
    }
    reader.take(30);  // VAT sums
    if (machine.memory().begun != BegunDocument::correction) {
        return Refusal::fn_wrong_state;
    }
    if (basis > 1 || operation == 0 || operation > 4 || paid != total || !is_one_bit(reader.u8())) {
        return Refusal::bad_parameters;
    }
    const auto done = machine.register_correction(static_cast<FiscalOperation>(operation), total,
                                                  call.operator_index);
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

// --- fiscal storage

Answer storage_status(Machine& machine, Call& /*call*/) { return encode_storage_status(machine); }

Answer storage_number(Machine& machine, Call& /*call*/) {
    return base::bytes_of(machine.memory().fn_number);
}

Answer storage_expiry(Machine& machine, Call& /*call*/) {
    constexpr std::int64_t kLifeMs = 456LL * 86'400'000;  // 15 months
    const FiscalDocument* first = machine.document(1);
    base::ByteWriter data;
    put_date_time(data, (first == nullptr ? machine.clock_ms() : first->date_time_ms) + kLifeMs);
    base::Bytes date = data.take();
    date.resize(3);
    return date;
}

Answer storage_version(Machine& /*machine*/, Call& /*call*/) {
    return base::ByteWriter().raw(base::bytes_of("fn debug 1.17   ")).u8(0).take();
}

Answer cancel_in_storage(Machine& machine, Call& call) {
    if (machine.receipt_open()) {
        return as_answer(machine.cancel_receipt(call.operator_index));
    }
    machine.memory().begun = BegunDocument::none;
    return base::Bytes{};
}

Answer find_document(Machine& machine, Call& call) {
    const FiscalDocument* document = machine.document(call.reader.u32_le());
    if (document == nullptr) {
        return Refusal::fn_no_data;
    }
    return encode_found(*document, document->number <= machine.memory().confirmed_fd,
                        machine.options().inn, machine.options().rnm);
}

Answer put_tag(Machine& machine, Call& call) {
    Memory& memory = machine.memory();
    if (memory.begun == BegunDocument::none) {
        return Refusal::fn_wrong_state;
    }
    const std::uint16_t tag = call.reader.u16_le();
    const std::uint16_t length = call.reader.u16_le();
    const base::ByteView value = call.reader.take(length);
    if (call.reader.failed() || call.reader.left() != 0) {
        return Refusal::fn_bad_parameter;
    }
    const std::string text = utf8_from_cp866(value);
    if (tag == 1021) {
        memory.cashier = text;
    } else if (tag == 1203) {
        memory.cashier_inn = text;
    } else if (tag == 1008) {
        memory.customer = text;
    }
    return base::Bytes{};
}

Answer put_position_tag(Machine& machine, Call& call) {
    call.reader.u16_le();
    const std::uint16_t length = call.reader.u16_le();
    call.reader.take(length);
    if (call.reader.failed() || call.reader.left() != 0) {
        return Refusal::fn_bad_parameter;
    }
    return machine.receipt_open() ? Answer(base::Bytes{}) : Answer(Refusal::fn_wrong_state);
}

std::uint16_t unsent_count(const Memory& memory) {
    return static_cast<std::uint16_t>(
        std::min<std::uint32_t>(memory.last_fd - memory.confirmed_fd, 0xFFFF));
}

Answer exchange_status(Machine& machine, Call& /*call*/) {
    const Memory& memory = machine.memory();
    const FiscalDocument* first = machine.document(memory.confirmed_fd + 1);
    return encode_exchange(unsent_count(memory), memory.confirmed_fd + 1,
                           first == nullptr ? 0 : first->date_time_ms);
}

Answer unsent(Machine& machine, Call& /*call*/) {
    return base::ByteWriter().u16_le(unsent_count(machine.memory())).take();
}

// code, least bytes, password, operator in the answer, prints, signs, modes
constexpr std::array kRows{
    CommandRow{0xE0, 4, true, true, true, true, kClosed, open_shift},
    CommandRow{0x40, 4, true, true, true, false, kOpenOrExpired, x_report},
    CommandRow{0x41, 4, true, true, true, true, kOpenOrExpired, z_report},
    CommandRow{0x50, 9, true, true, true, false, kCashModes, move_cash<true>},
    CommandRow{0x51, 9, true, true, true, false, kCashModes, move_cash<false>},
    CommandRow{0x8D, 5, true, true, true, false, kOpen | kClosed, open_receipt},
    CommandRow{0x80, 19, true, true, true, false, kOpen | kClosed | kDocument,
               old_position<ReceiptKind::sale>},
    CommandRow{0x81, 19, true, true, true, false, kOpen | kClosed | kDocument,
               old_position<ReceiptKind::purchase>},
    CommandRow{0x82, 19, true, true, true, false, kOpen | kClosed | kDocument,
               old_position<ReceiptKind::sale_return>},
    CommandRow{0x83, 19, true, true, true, false, kOpen | kClosed | kDocument,
               old_position<ReceiptKind::purchase_return>},
    CommandRow{0x85, 30, true, true, true, true, kAnyMode, old_close},
    CommandRow{0x88, 4, true, true, false, false, kAnyMode, cancel},
    CommandRow{0x89, 4, true, true, false, false, kAnyMode, subtotal},
    CommandRow{0x8C, 4, true, true, true, false, kOpenOrExpired, copy},
    CommandRow{0xFF01, 4, true, false, false, false, kAnyMode, storage_status},
    CommandRow{0xFF02, 4, true, false, false, false, kAnyMode, storage_number},
    CommandRow{0xFF03, 4, true, false, false, false, kAnyMode, storage_expiry},
    CommandRow{0xFF04, 4, true, false, false, false, kAnyMode, storage_version},
    CommandRow{0xFF08, 4, true, false, false, false, kAnyMode, cancel_in_storage},
    CommandRow{0xFF0A, 8, true, false, false, false, kAnyMode, find_document},
    CommandRow{0xFF0B, 4, true, false, true, true, kClosed, storage_open_shift},
    CommandRow{0xFF0C, 8, true, false, false, false, kAnyMode, put_tag},
    CommandRow{0xFF35, 4, true, false, true, false, kOpen | kClosed, begin_correction},
    CommandRow{0xFF39, 4, true, false, false, false, kAnyMode, exchange_status},
    CommandRow{0xFF3F, 4, true, false, false, false, kAnyMode, unsent},
    CommandRow{0xFF40, 4, true, false, false, false, kAnyMode, shift_parameters},
    CommandRow{0xFF41, 4, true, false, false, false, kClosed, begin_opening},
    CommandRow{0xFF42, 4, true, false, false, false, kOpenOrExpired, begin_closing},
    CommandRow{0xFF43, 4, true, false, true, true, kOpenOrExpired, storage_close_shift},
    CommandRow{0xFF45, 116, true, false, true, true, kAnyMode, close},
    CommandRow{0xFF46, 30, true, false, true, false, kOpen | kDocument, position},
    CommandRow{0xFF4A, 67, true, false, true, true, kOpen | kClosed, correction},
    CommandRow{0xFF4B, 15, true, false, true, false, kDocument, change_total},
    CommandRow{0xFF4D, 8, true, false, false, false, kAnyMode, put_position_tag},
};

}  // namespace

std::span<const CommandRow> fiscal_commands() { return kRows; }

}  // namespace tillhost::simulators::shtrih
