#include "hal/drivers/fiscal/shtrih/protocol.h"

#include <fmt/format.h>

#include <chrono>

#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/message_parts.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::Result;

constexpr std::size_t kMoneyBytes = 5;
constexpr std::size_t kQuantityBytes = 6;
constexpr std::size_t kDateTimeBytes = 5;
constexpr std::size_t kTextBytesMin = 40;
constexpr std::size_t kStorageNumberBytes = 16;
constexpr std::uint16_t kExtended = 0xFF00;

bool is_extended(Command command) { return static_cast<std::uint16_t>(command) >= kExtended; }

ByteWriter begin(Command command) {
    const auto code = static_cast<std::uint16_t>(command);
    ByteWriter writer;
    if (is_extended(command)) {
        writer.u8(code >> 8);
    }
    writer.u8(code & 0xFFU);
    return writer;
}

ByteWriter begin(Command command, Password password) {
    ByteWriter writer = begin(command);
    writer.u32_le(password);
    return writer;
}

void put_money(ByteWriter& writer, std::int64_t minor) {
    writer.uint_le(static_cast<std::uint64_t>(minor), kMoneyBytes);
}

void put_optional_money(ByteWriter& writer, std::optional<std::int64_t> minor) {
    if (minor) {
        put_money(writer, *minor);
    } else {
        writer.fill(base::byte(0xFF), kMoneyBytes);
    }
}

void put_filled(ByteWriter& writer, ByteView text) {
    writer.raw(text);
    if (text.size() < kTextBytesMin) {
        writer.fill(base::byte(0), kTextBytesMin - text.size());
    }
}

std::int64_t get_number(ByteReader& reader, std::size_t width) {
    return static_cast<std::int64_t>(reader.uint_le(width));
}

std::chrono::year_month_day calendar_day(const DateTime& time) {
    return {std::chrono::year(time.year), std::chrono::month(static_cast<unsigned>(time.month)),
            std::chrono::day(static_cast<unsigned>(time.day))};
}

/// YY MM DD HH MI of the storage's commands.
DateTime get_date_time(ByteReader& reader) {
    DateTime time;
    time.year = 2000 + reader.u8();
    time.month = reader.u8();
    time.day = reader.u8();
    time.hour = reader.u8();
    time.minute = reader.u8();
    return time;
}

}  // namespace

Bytes plain_request(Command command, Password password) { return begin(command, password).take(); }

Bytes device_type_request() { return begin(Command::device_type).take(); }

Bytes model_parameters_request() { return begin(Command::model_parameters).u8(1).take(); }

Bytes error_text_request(std::uint8_t error) { return begin(Command::error_text).u8(error).take(); }

Bytes read_table_request(Password password, std::uint8_t table, std::uint16_t row,
                         std::uint8_t field) {
    return begin(Command::read_table, password).u8(table).u16_le(row).u8(field).take();
}

Bytes write_table_request(Password password, std::uint8_t table, std::uint16_t row,
                          std::uint8_t field, ByteView value) {
    return begin(Command::write_table, password).u8(table).u16_le(row).u8(field).raw(value).take();
}

Bytes register_request(Command command, Password password, std::uint8_t number) {
    return begin(command, password).u8(number).take();
}

Bytes print_line_request(Password password, ByteView text) {
    ByteWriter writer = begin(Command::print_line, password);
    writer.u8(kPrintFlags);
    put_filled(writer, text);
    return writer.take();
}

Bytes print_font_line_request(Password password, std::uint8_t font, ByteView text) {
    ByteWriter writer = begin(Command::print_font_line, password);
    writer.u8(kPrintFlags).u8(font);
    put_filled(writer, text);
    return writer.take();
}

Bytes cut_request(Password password, bool partial) {
    return begin(Command::cut_paper, password).u8(partial ? 1 : 0).take();
}

Bytes drawer_request(Password password, std::uint8_t drawer) {
    return begin(Command::open_drawer, password).u8(drawer).take();
}

Bytes feed_request(Password password, std::uint8_t lines) {
    return begin(Command::feed_paper, password).u8(kPrintFlags).u8(lines).take();
}

Bytes cash_request(Command command, Password password, std::int64_t sum_minor) {
    ByteWriter writer = begin(command, password);
    put_money(writer, sum_minor);
    return writer.take();
}

Bytes find_request(Password password, std::uint32_t document_number) {
    return begin(Command::find_document, password).u32_le(document_number).take();
}

Bytes open_document_request(Password password, DocumentKind kind, bool correction) {
    constexpr unsigned kCorrection = 0x80;
    const unsigned code = static_cast<std::uint8_t>(kind) | (correction ? kCorrection : 0U);
    return begin(Command::open_document, password).u8(code).take();
}

Bytes position_request(Password password, const PositionFields& position) {
    INVARIANT(position.name.size() <= kNameBytesMax);
    ByteWriter writer = begin(Command::position, password);
    writer.u8(static_cast<std::uint8_t>(position.operation));
    writer.uint_le(static_cast<std::uint64_t>(position.quantity_micro), kQuantityBytes);
    put_money(writer, position.price_minor);
    put_optional_money(writer, position.sum_minor);
    put_optional_money(writer, position.vat_minor);
    writer.u8(position.vat_code).u8(position.department);
    writer.u8(position.payment_method).u8(position.item_type);
    return writer.raw(position.name).take();
}

Bytes close_document_request(Password password, const CloseFields& close) {
    ByteWriter writer = begin(Command::close_document, password);
    for (const std::int64_t payment : close.payments_minor) {
        put_money(writer, payment);
    }
    writer.u8(close.rounding_minor);
    for (const std::int64_t vat : close.vat_minor) {
        put_money(writer, vat);
    }
    return writer.u8(close.tax_system).raw(close.text).take();
}

Bytes correction_request(Password password, const CorrectionFields& correction) {
    ByteWriter writer = begin(Command::correction, password);
    writer.u8(correction.by_order ? 1 : 0).u8(static_cast<std::uint8_t>(correction.operation));
    put_money(writer, correction.total_minor);
    for (const std::int64_t payment : correction.payments_minor) {
        put_money(writer, payment);
    }
    for (const std::int64_t vat : correction.vat_minor) {
        put_money(writer, vat);
    }
    return writer.u8(correction.tax_system).take();
}

Bytes tag_bytes(std::uint16_t tag, ByteView value) {
    return ByteWriter().u16_le(tag).u16_le(value.size()).raw(value).take();
}

Bytes tag_request(Command command, Password password, std::uint16_t tag, ByteView value) {
    INVARIANT(value.size() <= kTagValueMax);
    return begin(command, password).raw(tag_bytes(tag, value)).take();
}

bool is_answer_to(Command asked, ByteView message) {
    const auto code = static_cast<std::uint16_t>(asked);
    if (!is_extended(asked)) {
        return message.size() >= 2 && base::to_unsigned(message[0]) == code;
    }
    if (message.size() < 2 || base::to_unsigned(message[0]) != code >> 8) {
        return false;
    }
    return message.size() == 2 || base::to_unsigned(message[1]) == (code & 0xFFU);
}

Result<Answer> split_answer(Command asked, ByteView message) {
    const bool short_form = is_extended(asked) && message.size() == 2;
    const std::size_t code_bytes = is_extended(asked) && !short_form ? 2 : 1;
    ByteReader reader(message);
    reader.take(code_bytes);
    Answer answer;
    answer.error = reader.u8();
    answer.body = reader.take_rest();
    return unless_cut(reader, answer, "an answer");
}

std::string to_text(const DateTime& time) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}", time.year, time.month, time.day, time.hour,
                       time.minute);
}

bool is_day(const DateTime& time) { return calendar_day(time).ok(); }

std::int64_t to_unix_seconds(const DateTime& time) {
    const std::chrono::sys_days day{calendar_day(time)};
    constexpr std::int64_t kDaySeconds = 86'400;
    return day.time_since_epoch().count() * kDaySeconds + time.hour * 3600 + time.minute * 60 +
           time.second;
}

Flags Flags::from(std::uint16_t word) {
    const auto bit = [&](unsigned number) { return (word >> number & 1U) != 0; };
    return {bit(1), bit(7), bit(10), bit(11)};
}

Result<ShortStatus> read_short_status(ByteView body) {
    constexpr std::size_t kReservedBytes = 3;
    ByteReader reader(body);
    ShortStatus status;
    status.operator_index = reader.u8();
    status.flags = reader.u16_le();
    status.mode_byte = reader.u8();
    status.submode_byte = reader.u8();
    const unsigned low = reader.u8();
    reader.take(4);  // battery, power supply, and two bytes of former fiscal memories
    status.operations = static_cast<std::uint16_t>(reader.u8() << 8 | low);
    reader.take(kReservedBytes);
    if (!reader.failed() && reader.left() > 0) {
        status.last_print_result = reader.u8();
    }
    return unless_cut(reader, status, "the short status");
}

Result<FullStatus> read_full_status(ByteView body) {
    constexpr std::uint32_t kNoSerial = 0xFFFF'FFFF;
    ByteReader reader(body);
    FullStatus status;
    reader.u8();  // operator
    const std::string version = codec::from_code_page(codec::CodePage::cp1251, reader.take(2));
    const unsigned build = reader.u16_le();
    status.firmware = fmt::format("{}, build {}", version, build);
    reader.take(4);  // firmware's date, number in the hall
    status.document_number = reader.u16_le();
    status.flags = reader.u16_le();
    status.mode_byte = reader.u8();
    status.submode_byte = reader.u8();
    reader.take(8);  // port; version, build and date of the former fiscal memory
    status.time.day = reader.u8();
    status.time.month = reader.u8();
    status.time.year = 2000 + reader.u8();
    status.time.hour = reader.u8();
    status.time.minute = reader.u8();
    status.time.second = reader.u8();
    reader.u8();  // flags of the former fiscal memory
    const std::uint64_t serial = reader.u32_le();
    status.last_closed_shift = reader.u16_le();
    reader.take(2);  // free records of the former fiscal memory
    status.registrations_done = reader.u8();
    status.registrations_left = reader.u8();
    reader.take(6);  // INN
    const std::uint64_t high = reader.left() >= 2 ? reader.u16_le() : 0;
    if (serial != kNoSerial) {
        status.serial = high << 32 | serial;
    }
    return unless_cut(reader, status, "the full status");
}

Result<std::string> read_device_type(ByteView body) {
    ByteReader reader(body);
    reader.take(6);  // type, subtype, protocol's version and subversion, model, language
    const ByteView name = reader.take_rest();
    return unless_cut(reader, read_table_text(name), "the device type");
}

Result<ModelParameters> read_model_parameters(ByteView body) {
    ByteReader reader(body);
    ModelParameters parameters;
    reader.take(8);  // flags
    parameters.columns = reader.u8();
    if (reader.failed()) {
        return unless_cut(reader, parameters, "the model parameters");
    }
    // What follows came bit by bit with newer firmware; a part that is missing stays zero.
    reader.take(18);  // font 2, first graphic line, digits of numbers, passwords, tables, length
    parameters.graphic_bytes = reader.u8();
    reader.take(6);  // long graphic line and its count; tables of storage, operator, network
    parameters.format_table = reader.u8();
    parameters.format_field = reader.u8();
    return parameters;
}

std::string read_table_text(ByteView body) {
    std::size_t length = 0;
    while (length < body.size() && body[length] != std::byte{0}) {
        ++length;
    }
    return codec::from_code_page(codec::CodePage::cp1251, body.first(length));
}

Result<std::uint64_t> read_table_number(ByteView body) {
    constexpr std::size_t kNumberBytesMax = 8;
    if (body.empty() || body.size() > kNumberBytesMax) {
        return base::make_error(base::ErrorCode::frame_damaged,
                                fmt::format("a number of {} bytes in a table", body.size()));
    }
    return base::ByteReader(body).uint_le(body.size());
}

Result<StorageStatus> read_storage_status(ByteView body) {
    ByteReader reader(body);
    StorageStatus status;
    status.phase = reader.u8();
    status.current_document = reader.u8();
    reader.u8();  // whether the document has data
    status.shift_open = reader.u8() != 0;
    status.warnings = reader.u8();
    reader.take(5);  // date and time
    const ByteView number = reader.take(kStorageNumberBytes);
    status.number = codec::from_code_page(codec::CodePage::cp866, number);
    status.last_document = reader.u32_le();
    return unless_cut(reader, status, "the storage status");
}

Result<ShiftState> read_shift_state(ByteView body) {
    ByteReader reader(body);
    ShiftState state;
    state.open = reader.u8() != 0;
    state.number = reader.u16_le();
    state.receipt = reader.u16_le();
    return unless_cut(reader, state, "the shift state");
}

Result<FoundDocument> read_found_document(ByteView body) {
    ByteReader reader(body);
    FoundDocument document;
    document.type = reader.u8();
    reader.u8();  // whether the data operator has confirmed it
    document.time = get_date_time(reader);
    document.number = reader.u32_le();
    document.sign = reader.u32_le();
    if (document.type == FoundDocument::kReceipt || document.type == FoundDocument::kCorrection) {
        document.operation = reader.u8();
        document.sum_minor = get_number(reader, kMoneyBytes);
    } else if (document.type == FoundDocument::kShiftOpening ||
               document.type == FoundDocument::kShiftClosing) {
        document.shift = reader.u16_le();
    }
    return unless_cut(reader, document, "the document");
}

Result<ClosedDocument> read_closed_document(ByteView body) {
    ByteReader reader(body);
    ClosedDocument closed;
    closed.change_minor = get_number(reader, kMoneyBytes);
    closed.number = reader.u32_le();
    closed.sign = reader.u32_le();
    if (reader.left() >= kDateTimeBytes) {
        closed.time = get_date_time(reader);
    }
    return unless_cut(reader, closed, "the answer to closing");
}

Result<ClosedDocument> read_closed_correction(ByteView body) {
    ByteReader reader(body);
    ClosedDocument closed;
    closed.receipt = reader.u16_le();
    closed.number = reader.u32_le();
    closed.sign = reader.u32_le();
    if (reader.left() >= kDateTimeBytes) {
        closed.time = get_date_time(reader);
    }
    return unless_cut(reader, closed, "the answer to a correction");
}

Result<std::uint16_t> read_cash_moved(ByteView body) {
    ByteReader reader(body);
    reader.u8();  // operator
    const std::uint16_t number = reader.u16_le();
    return unless_cut(reader, number, "the answer to a cash movement");
}

Result<std::int64_t> read_subtotal(ByteView body) {
    ByteReader reader(body);
    reader.u8();  // operator
    const std::int64_t sum = get_number(reader, kMoneyBytes);
    return unless_cut(reader, sum, "the subtotal");
}

Result<std::int64_t> read_cash_register(ByteView body) {
    constexpr std::size_t kRegisterBytes = 6;
    ByteReader reader(body);
    reader.u8();  // operator
    const std::int64_t value = get_number(reader, kRegisterBytes);
    return unless_cut(reader, value, "a cash register");
}

Result<std::uint16_t> read_operation_register(ByteView body) {
    ByteReader reader(body);
    reader.u8();  // operator
    const std::uint16_t value = reader.u16_le();
    return unless_cut(reader, value, "an operation register");
}

Result<ExchangeStatus> read_exchange_status(ByteView body) {
    constexpr unsigned kConnected = 0x01;
    constexpr unsigned kMessageWaits = 0x02;
    constexpr unsigned kWaitsForTicket = 0x04;
    constexpr unsigned kWaitsForAnswer = 0x20;
    ByteReader reader(body);
    const unsigned bits = reader.u8();
    reader.u8();  // state of reading
    ExchangeStatus status;
    status.connected = (bits & kConnected) != 0;
    status.message_waits = (bits & kMessageWaits) != 0;
    status.waits_for_answer = (bits & (kWaitsForTicket | kWaitsForAnswer)) != 0;
    status.unsent = reader.u16_le();
    status.first_number = reader.u32_le();
    status.first_time = get_date_time(reader);
    return unless_cut(reader, status, "the exchange status");
}

}  // namespace tillhost::drivers::shtrih
