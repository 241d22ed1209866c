// Commands that ask, set up and print: status, registers, tables, text, clock.
#include <algorithm>
#include <array>
#include <chrono>

#include "simulators/core/codepage.h"
#include "simulators/fiscal/shtrih/answers.h"
#include "simulators/fiscal/shtrih/commands.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::uint8_t kSystemAdministrator = 30;
constexpr std::size_t kNameBytes = 40;
constexpr std::size_t kAnswerBytesMax = 240;
constexpr std::int64_t kMsADay = kDayMs;

base::Bytes name_field(std::string_view name) {
    base::Bytes bytes = cp1251_from_utf8(name);
    bytes.resize(kNameBytes);
    return bytes;
}

Answer device_type(Machine& machine, Call& /*call*/) {
    base::ByteWriter data;
    data.u8(0).u8(0).u8(2).u8(0).u8(machine.options().model_code).u8(0);
    return data.raw(cp1251_from_utf8(machine.options().model_name)).take();
}

Answer extended_request(Machine& machine, Call& call) {
    constexpr std::uint8_t kModelParameters = 1;
    if (call.reader.u8() != kModelParameters) {
        return Refusal::not_supported;
    }
    return encode_model(machine);
}

Answer short_status(Machine& machine, Call& call) {
    return encode_short_status(machine, call.operator_index);
}

Answer full_status(Machine& machine, Call& call) {
    return encode_full_status(machine, call.operator_index);
}

Answer beep(Machine& /*machine*/, Call& /*call*/) { return nothing(); }
Answer open_drawer(Machine& /*machine*/, Call& /*call*/) { return nothing(); }

Answer font_metrics(Machine& machine, Call& call) {
    constexpr unsigned kCharWidth = 12, kCharHeight = 24, kFonts = 7;
    const std::uint8_t font = call.reader.u8();
    if (font == 0 || font > kFonts) {
        return Refusal::bad_parameters;
    }
    base::ByteWriter data;
    data.u16_le(machine.paper().columns() * kCharWidth);
    return data.u8(kCharWidth).u8(kCharHeight).u8(kFonts).take();
}

Answer cash_register(Machine& machine, Call& call) {
    const std::size_t number = call.reader.left() > 1 ? call.reader.u16_le() : call.reader.u8();
    if (number >= machine.memory().cash.size()) {
        return Refusal::bad_parameters;
    }
    const auto value = static_cast<std::uint64_t>(machine.memory().cash[number]);
    return base::ByteWriter().uint_le(value, 6).take();
}

Answer operation_register(Machine& machine, Call& call) {
    const std::uint8_t number = call.reader.u8();
    const Memory& memory = machine.memory();
    std::uint32_t value = memory.operations[number];
    if (number == 152 || number == 185) {
        value = memory.document_number;
    } else if (number == 186) {
        value = memory.document_number >> 16;
    }
    return base::ByteWriter().u16_le(value & 0xFFFFU).take();
}

FieldPlace get_place(base::ByteReader& reader) {
    const std::uint8_t table = reader.u8();
    const std::uint16_t row = reader.u16_le();
    return {.table = table, .row = row, .field = reader.u8()};
}

Answer write_table(Machine& machine, Call& call) {
    if (call.operator_index != kSystemAdministrator) {
        return Refusal::wrong_password;
    }
    const FieldPlace place = get_place(call.reader);
    const Refusal refusal = machine.tables().write(place, call.reader.take_rest());
    return refusal == Refusal::ok ? Answer(nothing()) : Answer(refusal);
}

Answer read_table(Machine& machine, Call& call) {
    return machine.tables().read(get_place(call.reader));
}

Answer table_structure(Machine& /*machine*/, Call& call) {
    const auto shape = table_shape(call.reader.u8());
    if (const auto* refusal = std::get_if<Refusal>(&shape)) {
        return *refusal;
    }
    const auto& table = std::get<TableShape>(shape);
    base::ByteWriter data;
    return data.raw(name_field(table.name)).u16_le(table.rows).u8(table.fields).take();
}

Answer field_structure(Machine& /*machine*/, Call& call) {
    const std::uint8_t table = call.reader.u8();
    const auto shape = field_shape(table, call.reader.u8());
    if (const auto* refusal = std::get_if<Refusal>(&shape)) {
        return *refusal;
    }
    const auto& field = std::get<FieldShape>(shape);
    base::ByteWriter data;
    data.raw(name_field(field.name)).u8(field.text ? 1 : 0).u8(field.bytes);
    if (!field.text) {
        data.uint_le(field.min, field.bytes).uint_le(field.max, field.bytes);
    }
    return data.take();
}

Answer error_text(Machine& /*machine*/, Call& call) {
    base::Bytes text = cp1251_from_utf8(text_of_error(call.reader.u8()));
    text.resize(std::min(text.size(), kAnswerBytesMax));
    return text;
}

Answer set_time(Machine& machine, Call& call) {
    const std::int64_t hour = call.reader.u8();
    const std::int64_t minute = call.reader.u8();
    const std::int64_t second = call.reader.u8();
    if (hour > 23 || minute > 59 || second > 59) {
        return Refusal::bad_parameters;
    }
    const std::int64_t now = machine.clock_ms();
    const std::int64_t wanted =
        now / kMsADay * kMsADay + ((hour * 60 + minute) * 60 + second) * 1000;
    machine.memory().clock_offset_ms += wanted - now;
    return nothing();
}

/// Days since 1970 of DD MM YY.
std::optional<std::int64_t> get_date(base::ByteReader& reader) {
    const unsigned day = reader.u8();
    const unsigned month = reader.u8();
    const int year = 2000 + reader.u8();
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                           std::chrono::day(day)};
    if (!date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date).time_since_epoch().count();
}

Answer set_date(Machine& machine, Call& call) {
    const auto date = get_date(call.reader);
    if (!date) {
        return Refusal::date_format;
    }
    machine.memory().date_to_confirm = date;
    return nothing();
}

Answer confirm_date(Machine& machine, Call& call) {
    const auto date = get_date(call.reader);
    Memory& memory = machine.memory();
    if (date != memory.date_to_confirm) {
        return Refusal::date_differs;
    }
    memory.clock_offset_ms += (*date - machine.clock_ms() / kMsADay) * kMsADay;
    memory.date_to_confirm.reset();
    return nothing();
}

Answer set_port(Machine& machine, Call& call) {
    constexpr std::uint8_t kSpeedMax = 9, kSocket = 128;
    const std::uint8_t port = call.reader.u8();
    const std::uint8_t speed = call.reader.u8();
    const std::uint8_t timeout = call.reader.u8();
    if (call.operator_index != kSystemAdministrator) {
        return Refusal::wrong_password;
    }
    if (port > kSocket || speed > kSpeedMax) {
        return Refusal::bad_parameters;
    }
    machine.memory().ports[port] = {speed, timeout};
    return nothing();
}

Answer get_port(Machine& machine, Call& call) {
    constexpr std::uint8_t kSpeed115200 = 6, kTimeout50Ms = 50;
    const auto& ports = machine.memory().ports;
    const auto port = ports.find(call.reader.u8());
    base::ByteWriter data;
    return port == ports.end() ? data.u8(kSpeed115200).u8(kTimeout50Ms).take()
                               : data.u8(port->second[0]).u8(port->second[1]).take();
}

Answer tables_to_defaults(Machine& machine, Call& call) {
    if (call.operator_index != kSystemAdministrator) {
        return Refusal::wrong_password;
    }
    machine.memory().tables.clear();
    return nothing();
}

/// The restart itself is done by who drives the machine.
Answer reboot(Machine& /*machine*/, Call& /*call*/) { return nothing(); }

// code, least bytes, password, operator in the answer, prints, signs
constexpr std::array kRows{
    CommandRow{0xFC, 0, false, false, false, false, device_type},
    CommandRow{0xF7, 1, false, false, false, false, extended_request},
    CommandRow{0x10, 4, true, false, false, false, short_status},
    CommandRow{0x11, 4, true, false, false, false, full_status},
    CommandRow{0x13, 4, true, true, false, false, beep},
    CommandRow{kSetPort, 7, true, false, false, false, set_port},
    CommandRow{0x15, 5, true, false, false, false, get_port},
    CommandRow{0x28, 5, true, true, false, false, open_drawer},
    CommandRow{0x26, 5, true, false, false, false, font_metrics},
    CommandRow{0x1A, 5, true, true, false, false, cash_register},
    CommandRow{0x1B, 5, true, true, false, false, operation_register},
    CommandRow{0x1E, 8, true, false, false, false, write_table},
    CommandRow{0x1F, 8, true, false, false, false, read_table},
    CommandRow{0x24, 4, true, false, false, false, tables_to_defaults},
    CommandRow{0x2D, 5, true, false, false, false, table_structure},
    CommandRow{0x2E, 6, true, false, false, false, field_structure},
    CommandRow{0x6B, 1, false, false, false, false, error_text},
    CommandRow{0x21, 7, true, false, false, false, set_time},
    CommandRow{0x22, 7, true, false, false, false, set_date},
    CommandRow{0x23, 7, true, false, false, false, confirm_date},
    CommandRow{kReboot, 4, false, false, false, false, reboot},
};

}  // namespace

std::span<const CommandRow> service_commands() { return kRows; }

}  // namespace tillhost::simulators::shtrih
