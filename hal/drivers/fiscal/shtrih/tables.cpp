// The registrar's tables, what stands on every document, and its clock.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/outcome.h"
#include "hal/drivers/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {

using base::bad_field;
using base::Bytes;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

constexpr std::uint8_t kCommonTable = 1;
constexpr std::uint8_t kCutField = 7;
constexpr std::uint8_t kLinesTable = 4;
constexpr std::uint8_t kPaymentsTable = 5;
constexpr std::uint8_t kTextField = 1;
constexpr std::uint16_t kFooterRow = 1;
constexpr std::uint16_t kHeaderRow = 4;
constexpr std::uint16_t kPaymentRow = 1;
constexpr std::size_t kFooterRows = 3;
constexpr std::size_t kHeaderRows = 11;
constexpr std::size_t kPaymentRows = 16;
constexpr std::size_t kLineCharacters = 64;  // of contract::Layout
constexpr std::size_t kNameCharacters = 24;
constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::uint64_t kTellableMax = (std::uint64_t{1} << 53) - 1;  // of contract::TableField

struct Write {
    std::uint8_t table;
    std::uint16_t row;
    std::uint8_t field;
    Bytes value;
};

/// Table 1 field 7.
std::uint8_t cut_code(contract::CutMode mode) {
    switch (mode) {
        case contract::CutMode::unspecified:
        case contract::CutMode::none: return 0;
        case contract::CutMode::full: return 1;
        case contract::CutMode::partial: return 2;
    }
    return 0;
}

std::optional<contract::CutMode> cut_mode(std::uint64_t code) {
    switch (code) {
        case 0: return contract::CutMode::none;
        case 1: return contract::CutMode::full;
        case 2: return contract::CutMode::partial;
        default: return std::nullopt;
    }
}

/// A text as a field of that size takes it, filled up with zeros.
Result<Bytes> text_value(std::string_view text, std::size_t size, const std::string& field) {
    Bytes value = TRY(codec::to_code_page(codec::CodePage::cp1251, text, field));
    if (value.size() > size) {
        return bad_field(field, fmt::format("at most {} characters", size));
    }
    value.resize(size, base::byte(0));
    return value;
}

Result<Bytes> field_value(const std::string& text, const FieldStructure& structure) {
    if (structure.text) {
        return text_value(text, structure.bytes, "value");
    }
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data(), end, number);
    const bool fits =
        problem == std::errc() && stop == end && number >= structure.min && number <= structure.max;
    if (!fits) {
        return bad_field("value",
                         fmt::format("a number from {} to {}", structure.min, structure.max));
    }
    return base::ByteWriter().uint_le(number, structure.bytes).take();
}

/// The rows of a list; those that it does not name become empty.
Done add_rows(const std::vector<std::string>& texts, std::string_view name, std::uint16_t first,
              std::size_t rows, std::size_t size, std::vector<Write>& writes) {
    for (std::size_t i = 0; i < rows && !texts.empty(); ++i) {
        const std::string field = fmt::format("{}[{}]", name, i);
        Bytes value = TRY(text_value(i < texts.size() ? texts[i] : "", size, field));
        writes.push_back(
            {kLinesTable, static_cast<std::uint16_t>(first + i), kTextField, std::move(value)});
    }
    return {};
}

/// YYYY-MM-DDTHH:MM:SS
std::optional<DateTime> parse_time(const std::string& text) {
    DateTime time;
    char more = 0;
    const int read = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%c", &time.year, &time.month,
                                 &time.day, &time.hour, &time.minute, &time.second, &more);
    constexpr int kFields = 6;
    constexpr std::size_t kLength = 19;
    const bool fits = read == kFields && text.size() == kLength && time.year >= 2000 &&
                      time.year < 2100 && is_day(time) && time.hour < 24 && time.minute < 60 &&
                      time.second < 60;
    return fits ? std::optional(time) : std::nullopt;
}

void trim_empty(std::vector<std::string>& lines) {
    while (!lines.empty() && lines.back().empty()) {
        lines.pop_back();
    }
}

}  // namespace

DateTime local_time(const os::Clock& clock) {
    const std::time_t now = clock.unix_ms() / kMsPerSecond;
    std::tm parts{};
    localtime_r(&now, &parts);
    return {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour,        parts.tm_min,     parts.tm_sec};
}

Result<contract::TableField> Registrar::table_field(const contract::TableQuery& query,
                                                    os::Deadline deadline) {
    TRY(require_open());
    const auto table = static_cast<std::uint8_t>(query.table);
    const auto field = static_cast<std::uint8_t>(query.field);
    const FieldStructure structure = TRY(session_->field_structure(table, field, deadline));
    const Bytes value =
        TRY(session_->table_bytes(table, static_cast<std::uint16_t>(query.row), field, deadline));
    contract::TableField found;
    found.name = structure.name;
    found.numeric = !structure.text;
    found.value =
        structure.text ? read_table_text(value) : fmt::format("{}", TRY(read_table_number(value)));
    if (found.numeric) {
        found.min = static_cast<std::int64_t>(std::min(structure.min, kTellableMax));
        found.max = static_cast<std::int64_t>(std::min(structure.max, kTellableMax));
    }
    return found;
}

Done Registrar::write_field(std::uint8_t table, std::uint16_t row, std::uint8_t field,
                            base::ByteView value, os::Deadline deadline) {
    return session_->change(
        Command::write_table,
        write_table_request(session_->admin_password(), table, row, field, value), deadline);
}

Done Registrar::write_table(const contract::WriteTable& command, os::Deadline deadline) {
    TRY(require_open());
    const auto table = static_cast<std::uint8_t>(command.table);
    const auto field = static_cast<std::uint8_t>(command.field);
    const FieldStructure structure = TRY(session_->field_structure(table, field, deadline));
    const Bytes value = TRY(field_value(command.value, structure));
    return write_field(table, static_cast<std::uint16_t>(command.row), field, value, deadline);
}

/// Texts of the rows, as far as the table goes, cut to what the contract takes.
Result<std::vector<std::string>> Registrar::table_rows(const Rows& rows, os::Deadline deadline) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < rows.count; ++i) {
        const auto row = static_cast<std::uint16_t>(rows.first + i);
        const auto bytes = session_->table_bytes(rows.table, row, kTextField, deadline);
        if (!bytes && is_refusal(bytes.error())) {
            break;
        }
        if (!bytes) {
            return bytes.error();
        }
        const base::ByteView text = *bytes;
        texts.push_back(read_table_text(text.first(std::min(text.size(), rows.characters))));
    }
    trim_empty(texts);
    return texts;
}

Result<contract::Layout> Registrar::layout(os::Deadline deadline) {
    TRY(require_open());
    contract::Layout found;
    found.header =
        TRY(table_rows({kLinesTable, kHeaderRow, kHeaderRows, kLineCharacters}, deadline));
    found.footer =
        TRY(table_rows({kLinesTable, kFooterRow, kFooterRows, kLineCharacters}, deadline));
    found.payment_names =
        TRY(table_rows({kPaymentsTable, kPaymentRow, kPaymentRows, kNameCharacters}, deadline));
    const auto cut = session_->table_number(kCommonTable, 1, kCutField, deadline);
    if (cut) {
        found.auto_cut = cut_mode(*cut);
    } else if (!is_refusal(cut.error())) {
        return cut.error();
    }
    found.line_width = static_cast<std::int64_t>(abilities_.columns);
    return found;
}

/// All is checked before the first field is written. A line that breaks in between leaves a part;
/// the same command again completes it.
Done Registrar::set_layout(const contract::SetLayout& command, os::Deadline deadline) {
    TRY(require_open());
    std::vector<Write> writes;
    if (!command.header.empty() || !command.footer.empty()) {
        const FieldStructure line =
            TRY(session_->field_structure(kLinesTable, kTextField, deadline));
        TRY(add_rows(command.header, "header", kHeaderRow, kHeaderRows, line.bytes, writes));
        TRY(add_rows(command.footer, "footer", kFooterRow, kFooterRows, line.bytes, writes));
    }
    if (command.auto_cut) {
        writes.push_back(
            {kCommonTable, 1, kCutField, Bytes{base::byte(cut_code(*command.auto_cut))}});
    }
    if (!command.payment_names.empty()) {
        const FieldStructure name =
            TRY(session_->field_structure(kPaymentsTable, kTextField, deadline));
        for (std::size_t i = 0; i < command.payment_names.size(); ++i) {
            const std::string& text = command.payment_names[i];
            Bytes value = TRY(text_value(text, name.bytes, fmt::format("payment_names[{}]", i)));
            if (!text.empty()) {
                writes.push_back({kPaymentsTable, static_cast<std::uint16_t>(kPaymentRow + i),
                                  kTextField, std::move(value)});
            }
        }
    }
    for (const Write& write : writes) {
        TRY(write_field(write.table, write.row, write.field, write.value, deadline));
    }
    return {};
}

/// 22h changes the date and locks the device until 23h repeats it; then 21h. A device that is
/// locked already gets its own date confirmed first.
Done Registrar::set_clock(const contract::SetClock& command, os::Deadline deadline) {
    TRY(require_open());
    const auto wanted = command.time.empty() ? local_time(clock_) : parse_time(command.time);
    if (!wanted) {
        return bad_field("time", "YYYY-MM-DDTHH:MM:SS of 2000 to 2099, a day of the calendar");
    }
    FullStatus full = TRY(session_->full_status(deadline));
    const Password password = session_->admin_password();
    if (full.mode() == Mode::confirm_date) {
        TRY(session_->change(Command::confirm_date,
                             date_request(Command::confirm_date, password, full.time), deadline));
        full = TRY(session_->full_status(deadline));
    }
    if (full.mode() == Mode::shift_open || full.mode() == Mode::shift_expired) {
        return make_error(ErrorCode::shift_already_open, "the clock is set between shifts");
    }
    if (full.mode() != Mode::shift_closed && full.mode() != Mode::reset_allowed) {
        return make_error(ErrorCode::wrong_mode,
                          fmt::format("the registrar is in mode {}", full.mode_byte & 0x0F));
    }
    for (const Command date : {Command::set_date, Command::confirm_date}) {
        TRY(session_->change(date, date_request(date, password, *wanted), deadline));
    }
    return session_->change(Command::set_time, set_time_request(password, *wanted), deadline);
}

Result<contract::Registers> Registrar::registers(const contract::RegistersQuery& query,
                                                 os::Deadline deadline) {
    TRY(require_open());
    contract::Registers found;
    for (const std::int64_t number : query.cash) {
        const auto value =
            TRY(session_->cash_register(static_cast<std::uint16_t>(number), deadline));
        found.cash.push_back({number, value});
    }
    for (const std::int64_t number : query.operation) {
        const auto value =
            TRY(session_->operation_register(static_cast<std::uint16_t>(number), deadline));
        found.operation.push_back({number, value});
    }
    return found;
}

}  // namespace tillhost::drivers::shtrih
