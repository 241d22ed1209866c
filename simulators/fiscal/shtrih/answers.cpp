#include "simulators/fiscal/shtrih/answers.h"

#include <charconv>
#include <chrono>

#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::uint8_t kBatteryRaw = 0x9F;
constexpr std::uint8_t kSupplyRaw = 0xE5;
constexpr std::uint8_t kHeadTemperature = 0x2A;
constexpr std::uint8_t kPrintingNow = 5;
constexpr std::uint8_t kWorkMode = 1;  // encryption
constexpr unsigned kInnBytes = 12, kRnmBytes = 20;

// Bits of the flags word.
constexpr unsigned kFlagRoll = 1U << 1, kFlagDecimals = 1U << 4, kFlagSensor = 1U << 7;
constexpr unsigned kFlagLeverDown = 1U << 9, kFlagCoverOpen = 1U << 10;

struct Civil {
    unsigned year, month, day, hour, minute, second;
};

Civil civil_of(std::int64_t ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const auto second =
        static_cast<unsigned>(std::chrono::floor<std::chrono::seconds>(time - day).count());
    return {.year = static_cast<unsigned>(static_cast<int>(date.year())) % 100,
            .month = static_cast<unsigned>(date.month()),
            .day = static_cast<unsigned>(date.day()),
            .hour = second / 3600,
            .minute = second / 60 % 60,
            .second = second % 60};
}

std::uint64_t digits(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void put_padded(base::ByteWriter& writer, std::string_view text, std::size_t bytes, char fill) {
    for (std::size_t i = 0; i < bytes; ++i) {
        writer.u8(static_cast<unsigned char>(i < text.size() ? text[i] : fill));
    }
}

unsigned flags_of(const Memory& memory) {
    const bool paper =
        memory.paper == PaperState::present || memory.paper == PaperState::put_in_again;
    return kFlagDecimals | kFlagLeverDown | (paper ? kFlagRoll | kFlagSensor : 0U) |
           (memory.cover_open ? kFlagCoverOpen : 0U);
}

}  // namespace

void put_date_time(base::ByteWriter& writer, std::int64_t ms) {
    const Civil time = civil_of(ms);
    writer.u8(time.year).u8(time.month).u8(time.day).u8(time.hour).u8(time.minute);
}

base::Bytes encode_close(const Closed& closed, bool extended) {
    base::ByteWriter writer;
    writer.uint_le(static_cast<std::uint64_t>(closed.change_minor), 5);
    writer.u32_le(closed.number).u32_le(closed.sign);
    if (extended) {
        put_date_time(writer, closed.date_time_ms);
    }
    return writer.take();
}

base::Bytes encode_found(const FiscalDocument& document, bool confirmed, std::string_view inn,
                         std::string_view rnm) {
    base::ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(document.type)).u8(confirmed ? 1 : 0);
    put_date_time(writer, document.date_time_ms);
    writer.u32_le(document.number).u32_le(document.sign);
    switch (document.type) {
        case FiscalDocumentType::receipt:
        case FiscalDocumentType::correction:
            writer.u8(static_cast<std::uint8_t>(document.operation));
            writer.uint_le(static_cast<std::uint64_t>(document.total_minor), 5);
            break;
        case FiscalDocumentType::shift_open:
        case FiscalDocumentType::shift_close: writer.u16_le(document.shift_number); break;
        case FiscalDocumentType::registration:
            put_padded(writer, inn, kInnBytes, ' ');
            put_padded(writer, rnm, kRnmBytes, ' ');
            writer.u8(kTaxSystems).u8(kWorkMode);
            break;
        case FiscalDocumentType::settlement:  // nothing of its own
        case FiscalDocumentType::cash_in:
        case FiscalDocumentType::cash_out: break;  // not in the fiscal storage
    }
    return writer.take();
}

base::Bytes encode_storage_status(const Machine& machine) {
    constexpr std::uint8_t kPhaseWorking = 3;
    const Memory& memory = machine.memory();
    const FiscalDocument* last = machine.document(memory.last_fd);
    base::ByteWriter writer;
    const bool correction = machine.receipt_open() && memory.receipt.correction;
    writer.u8(kPhaseWorking);
    writer.u8(static_cast<std::uint8_t>(correction ? BegunDocument::correction : memory.begun));
    writer.u8(memory.receipt.lines.empty() ? 0 : 1).u8(memory.shift_open ? 1 : 0);
    writer.u8(machine.storage_warnings());
    put_date_time(writer, last == nullptr ? machine.clock_ms() : last->date_time_ms);
    put_padded(writer, memory.fn_number, 16, '0');
    writer.u32_le(memory.last_fd);
    return writer.take();
}

base::Bytes encode_exchange(std::uint16_t unsent, std::uint32_t first, std::int64_t first_ms) {
    constexpr std::uint8_t kMessageWaits = 2;
    base::ByteWriter writer;
    writer.u8(unsent == 0 ? 0 : kMessageWaits).u8(0).u16_le(unsent);
    if (unsent == 0) {
        writer.fill(base::byte(0), 9);
    } else {
        writer.u32_le(first);
        put_date_time(writer, first_ms);
    }
    return writer.take();
}

base::Bytes encode_settlement(const Closed& closed, std::uint32_t waiting, std::int64_t since_ms,
                              bool extended) {
    base::ByteWriter writer;
    writer.u32_le(closed.number).u32_le(closed.sign).u32_le(waiting);
    const Civil day = civil_of(since_ms);
    if (waiting == 0) {
        writer.fill(base::byte(0), 3);
    } else {
        writer.u8(day.year).u8(day.month).u8(day.day);
    }
    if (extended) {
        put_date_time(writer, closed.date_time_ms);
    }
    return writer.take();
}

base::Bytes encode_registration(const Machine& machine, const FiscalDocument& document) {
    const ShtrihOptions& options = machine.options();
    base::ByteWriter writer;
    put_date_time(writer, document.date_time_ms);
    put_padded(writer, options.inn, kInnBytes, ' ');
    put_padded(writer, options.rnm, kRnmBytes, ' ');
    writer.u8(kTaxSystems).u8(kWorkMode);
    if (machine.ffd() >= kFfd11) {
        writer.u8(0);  // no extended signs
        put_padded(writer, options.ofd_inn, kInnBytes, ' ');
        writer.u32_le(0);  // no reason of a change
    }
    return writer.u32_le(document.number).u32_le(document.sign).take();
}

std::optional<base::Bytes> encode_registration_tag(const Machine& machine, std::uint16_t number) {
    const ShtrihOptions& options = machine.options();
    base::ByteWriter writer;
    switch (number) {
        case 1009: put_tag_text(writer, number, options.address); break;
        case 1013: put_tag_text(writer, number, machine.memory().serial); break;
        case 1017: put_tag_text(writer, number, options.ofd_inn); break;
        case 1018: put_tag_text(writer, number, options.inn); break;
        case 1037: put_tag_text(writer, number, options.rnm); break;
        case 1041: put_tag_text(writer, number, machine.memory().fn_number); break;
        case 1046: put_tag_text(writer, number, options.ofd_name); break;
        case 1048: put_tag_text(writer, number, options.user); break;
        case 1062: put_tag_number(writer, number, kTaxSystems); break;
        case 1209: put_tag_number(writer, number, machine.ffd()); break;
        default: return std::nullopt;
    }
    return writer.take();
}

base::Bytes encode_ticket(const FiscalDocument& document) {
    constexpr std::size_t kSignBytes = 18;
    base::ByteWriter writer;
    put_date_time(writer, document.date_time_ms);
    writer.u32_le(document.sign).fill(base::byte(0), kSignBytes - 4);
    return writer.u32_le(document.number).take();
}

base::Bytes encode_mark_check(const MarkAnswer& answer) {
    constexpr std::uint8_t kTypeShort = 1;
    base::ByteWriter writer;
    writer.u8(answer.local).u8(answer.reason).u8(kTypeShort);
    if (!answer.asked) {
        return writer.u8(0).take();
    }
    base::ByteWriter more;
    more.u8(0).u8(answer.result);
    put_tag_number(more, 2106, answer.result);
    return writer.u8(more.bytes().size()).raw(more.bytes()).take();
}

base::Bytes encode_short_status(const Machine& machine, std::uint8_t operator_index) {
    const Memory& memory = machine.memory();
    const std::size_t operations = memory.receipt.lines.size();
    base::ByteWriter writer;
    writer.u8(operator_index).u16_le(flags_of(memory));
    writer.u8(machine.mode_byte()).u8(machine.submode()).u8(operations & 0xFFU);
    writer.u8(kBatteryRaw).u8(kSupplyRaw).u8(0).u8(0).u8(operations >> 8);
    writer.u8(kHeadTemperature).u8(memory.previous_mode).u8(0);
    if (machine.options().short_status_17) {
        writer.u8(machine.submode() == 5 ? kPrintingNow : memory.last_print_result);
    }
    return writer.take();
}

base::Bytes encode_full_status(const Machine& machine, std::uint8_t operator_index) {
    const Memory& memory = machine.memory();
    const ShtrihOptions& options = machine.options();
    const Civil now = civil_of(machine.clock_ms());
    const std::uint64_t serial = digits(memory.serial);
    base::ByteWriter writer;
    writer.u8(operator_index).u8('C').u8('1').u16_le(options.firmware_build);
    writer.u8(1).u8(6).u8(24);  // firmware of 01.06.24
    writer.u8(1).u16_le(memory.document_number & 0xFFFFU).u16_le(flags_of(memory));
    writer.u8(machine.mode_byte()).u8(machine.submode()).u8(options.link.tcp ? 128 : 0);
    writer.fill(base::byte(0), 7);
    writer.u8(now.day).u8(now.month).u8(now.year).u8(now.hour).u8(now.minute).u8(now.second);
    writer.u8(0).u32_le(serial & 0xFFFFFFFFU);
    const unsigned closed = memory.shift_number - (memory.shift_open ? 1U : 0U);
    writer.u16_le(closed).u16_le(0).u8(1).u8(29);
    writer.uint_le(digits(options.inn), 6);
    if (options.full_status_50) {
        writer.u16_le(serial >> 32 & 0xFFFFU);
    }
    return writer.take();
}

base::Bytes encode_model(const Machine& machine) {
    // The flags are those of a published answer; bit 28 says that variant 2 of the link is spoken.
    constexpr std::uint64_t kFlags = 0x0000'083F'E7C0'0008;
    constexpr std::uint64_t kFlagVariant2 = 1ULL << 28;
    constexpr std::uint64_t kFlagShortStatus17 = 1ULL << 34;
    const ShtrihOptions& options = machine.options();
    const std::uint64_t spoken = options.link.variant2 ? kFlags | kFlagVariant2 : kFlags;
    const std::uint64_t flags =
        options.short_status_17 ? spoken | kFlagShortStatus17 : spoken & ~kFlagShortStatus17;
    base::ByteWriter writer;
    writer.uint_le(flags, 8);
    writer.u8(0).u8(0).u8(1);                   // widths by 26h; first graphic line
    writer.u8(kInnBytes).u8(10).u8(16).u8(16);  // digits: INN, RNM, long RNM, long serial
    writer.u32_le(0).u32_le(30);                // tax and system administrator passwords
    writer.u8(0).u8(6).u16_le(255);             // no Bluetooth table; longest message
    writer.u8(machine.paper().columns() & 0xFFU).u8(0).u16_le(0);  // line bytes; no 512 graphics
    writer.u8(18).u8(19).u8(0).u8(17).u8(17);  // tables: FN, OFD, none; FFD with its field
    return writer.take();
}

}  // namespace tillhost::simulators::shtrih
