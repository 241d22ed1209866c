#include "hal/drivers/fiscal/shtrih/service_messages.h"

#include <fmt/format.h>

#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/message_parts.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::Result;

constexpr std::size_t kNameBytes = 40;
constexpr std::size_t kTaxIdBytes = 12;
constexpr std::size_t kRegistrationBytes = 20;
constexpr std::size_t kVersionBytes = 16;
constexpr std::size_t kNumberBytesMax = 8;
constexpr int kCentury = 2000;

ByteWriter begin(Command command, Password password) {
    return ByteWriter().raw(plain_request(command, password));
}

/// ASCII of a fixed length, without the blanks and zeros behind.
std::string trimmed(ByteView bytes) {
    std::string text = codec::from_code_page(codec::CodePage::cp866, bytes);
    const std::size_t last = text.find_last_not_of(std::string_view(" \0", 2));
    return last == std::string::npos ? "" : text.substr(0, last + 1);
}

}  // namespace

Bytes ean13_request(Password password, std::uint64_t first_12_digits) {
    constexpr std::size_t kDigitsBytes = 5;
    return begin(Command::print_ean13, password).uint_le(first_12_digits, kDigitsBytes).take();
}

Bytes bars_request(Password password, const BarsFields& bars) {
    INVARIANT(bars.data.size() <= kBarsBytesMax);
    ByteWriter writer = begin(Command::print_bars, password);
    writer.u8(bars.height).u8(bars.bar_width).u8(bars.text_place).u8(bars.text_font);
    return writer.u8(bars.type).raw(bars.data).take();
}

Bytes load_data_request(Password password, std::uint8_t block, ByteView data) {
    INVARIANT(data.size() <= kBlockBytes);
    ByteWriter writer = begin(Command::load_data, password);
    writer.u8(0).u8(block).raw(data);
    return writer.fill(base::byte(0), kBlockBytes - data.size()).take();
}

Bytes square_code_request(Password password, const SquareCodeFields& code) {
    ByteWriter writer = begin(Command::print_square_code, password);
    writer.u8(code.type).u16_le(code.data_bytes).u8(0);
    for (const std::uint8_t parameter : code.parameters) {
        writer.u8(parameter);
    }
    return writer.u8(code.alignment).take();
}

Bytes graphic_line_request(Password password, std::uint16_t repeats, ByteView dots) {
    ByteWriter writer = begin(Command::print_graphic_line, password);
    return writer.u16_le(repeats).u8(kPrintFlags).raw(dots).take();
}

Bytes font_metrics_request(Password password, std::uint8_t font) {
    return begin(Command::font_metrics, password).u8(font).take();
}

Result<FontMetrics> read_font_metrics(ByteView body) {
    ByteReader reader(body);
    FontMetrics metrics;
    metrics.line_dots = reader.u16_le();
    metrics.char_dots = reader.u8();
    reader.u8();  // height
    metrics.fonts = reader.u8();
    return unless_cut(reader, metrics, "the metrics of a font");
}

Bytes table_structure_request(Password password, std::uint8_t table) {
    return begin(Command::table_structure, password).u8(table).take();
}

Result<TableStructure> read_table_structure(ByteView body) {
    ByteReader reader(body);
    TableStructure structure;
    structure.name = read_table_text(reader.take(kNameBytes));
    structure.rows = reader.u16_le();
    structure.fields = reader.u8();
    return unless_cut(reader, structure, "the structure of a table");
}

Bytes field_structure_request(Password password, std::uint8_t table, std::uint8_t field) {
    return begin(Command::field_structure, password).u8(table).u8(field).take();
}

Result<FieldStructure> read_field_structure(ByteView body) {
    ByteReader reader(body);
    FieldStructure structure;
    structure.name = read_table_text(reader.take(kNameBytes));
    structure.text = reader.u8() != 0;
    structure.bytes = reader.u8();
    if (!structure.text) {
        if (structure.bytes == 0 || structure.bytes > kNumberBytesMax) {
            return base::make_error(base::ErrorCode::frame_damaged,
                                    fmt::format("a number of {} bytes", structure.bytes));
        }
        structure.min = reader.uint_le(structure.bytes);
        structure.max = reader.uint_le(structure.bytes);
    }
    return unless_cut(reader, structure, "the structure of a field");
}

Bytes set_time_request(Password password, const DateTime& time) {
    ByteWriter writer = begin(Command::set_time, password);
    writer.u8(static_cast<unsigned>(time.hour)).u8(static_cast<unsigned>(time.minute));
    return writer.u8(static_cast<unsigned>(time.second)).take();
}

Bytes date_request(Command command, Password password, const DateTime& time) {
    ByteWriter writer = begin(command, password);
    writer.u8(static_cast<unsigned>(time.day)).u8(static_cast<unsigned>(time.month));
    return writer.u8(static_cast<unsigned>(time.year - kCentury)).take();
}

Bytes long_register_request(Command command, Password password, std::uint16_t number) {
    return begin(command, password).u16_le(number).take();
}

Result<DateTime> read_storage_expiry(ByteView body) {
    ByteReader reader(body);
    DateTime day;
    day.year = kCentury + reader.u8();
    day.month = reader.u8();
    day.day = reader.u8();
    if (!reader.failed() && !is_day(day)) {
        return base::make_error(
            base::ErrorCode::unexpected_answer,
            fmt::format("FF03h: the last day of the storage is told as {:04}-{:02}-{:02}, which is "
                        "no day of the calendar",
                        day.year, day.month, day.day));
    }
    return unless_cut(reader, day, "the last day of the storage");
}

Result<std::string> read_storage_version(ByteView body) {
    ByteReader reader(body);
    const ByteView version = reader.take(kVersionBytes);
    return unless_cut(reader, trimmed(version), "the version of the storage");
}

Result<Registration> read_registration(ByteView body) {
    ByteReader reader(body);
    reader.take(5);  // date and time
    Registration registration;
    registration.tax_id = trimmed(reader.take(kTaxIdBytes));
    registration.number = trimmed(reader.take(kRegistrationBytes));
    registration.tax_systems = reader.u8();
    return unless_cut(reader, registration, "the registration");
}

Result<std::uint16_t> read_unconfirmed_count(ByteView body) {
    ByteReader reader(body);
    const std::uint16_t count = reader.u16_le();
    return unless_cut(reader, count, "the count of unconfirmed documents");
}

Bytes check_marking_request(Password password, std::uint8_t plan, ByteView code, ByteView tags) {
    ByteWriter writer = begin(Command::check_marking, password);
    writer.u8(plan).u8(0).u8(code.size()).u8(tags.size());
    return writer.raw(code).raw(tags).take();
}

Result<MarkingAnswer> read_marking_answer(ByteView body) {
    ByteReader reader(body);
    MarkingAnswer answer;
    answer.local_result = reader.u8();
    answer.reason = reader.u8();
    reader.u8();  // type of the code
    ByteReader extra(reader.take(reader.left() > 0 ? reader.u8() : 0U));
    extra.u8();  // the storage's own answer code
    const std::uint8_t result = extra.u8();
    if (!extra.failed()) {
        answer.result = result;
    }
    return unless_cut(reader, answer, "the check of a marking code");
}

Bytes accept_marking_request(Password password, bool accept) {
    return begin(Command::accept_marking, password).u8(accept ? 1 : 0).take();
}

std::optional<std::uint8_t> read_marking_decision(ByteView body) {
    if (body.empty()) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(base::to_unsigned(body[0]));
}

Bytes bind_marking_request(Password password, ByteView code) {
    return begin(Command::bind_marking, password).u8(code.size()).raw(code).take();
}

}  // namespace tillhost::drivers::shtrih
