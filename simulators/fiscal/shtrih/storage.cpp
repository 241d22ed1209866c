// The part of the machine that is the fiscal storage: what wears it out, what the data operator
// knows, and a document as it gives it out.
#include <algorithm>

#include "simulators/core/codepage.h"
#include "simulators/fiscal/shtrih/machine.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::int64_t kGapMsMax = 5 * 60'000;
constexpr std::uint8_t kNearlyFullPercent = 90, kFullPercent = 100;

std::uint64_t unsigned_of(std::int64_t value) { return static_cast<std::uint64_t>(value); }

base::Bytes unix_time(std::int64_t ms) {
    return base::ByteWriter().u32_le(unsigned_of(ms / 1000)).take();
}

/// Forms of payment, tags 1031, 1081, 1215, 1216, 1217, of the sixteen payments.
void put_payments(base::ByteWriter& writer, const FiscalDocument& document) {
    const auto sum = [&document](std::size_t first, std::size_t last) {
        std::int64_t all = 0;
        for (std::size_t i = first; i <= last && i < document.payments_minor.size(); ++i) {
            all += document.payments_minor[i];
        }
        return all;
    };
    put_tag_number(writer, 1031, unsigned_of(sum(0, 0) - document.change_minor));
    put_tag_number(writer, 1081, unsigned_of(sum(1, 12)));
    put_tag_number(writer, 1215, unsigned_of(sum(13, 13)));
    put_tag_number(writer, 1216, unsigned_of(sum(14, 14)));
    put_tag_number(writer, 1217, unsigned_of(sum(15, 15)));
}

void put_line(base::ByteWriter& writer, const FiscalLine& line) {
    constexpr std::uint8_t kQuantityDecimals = 6;
    base::ByteWriter inner;
    put_tag_text(inner, 1030, line.name);
    put_tag_number(inner, 1079, unsigned_of(line.price_minor));
    put_tag(inner, 1023, encode_fvln(unsigned_of(line.quantity_micro), kQuantityDecimals));
    put_tag_number(inner, 1043, unsigned_of(line.sum_minor));
    put_tag_number(inner, 1199, vat_row(line.vat_code));
    put_tag_number(inner, 1200, unsigned_of(line.vat_minor));
    put_tag_number(inner, 1214, line.payment_method);
    put_tag_number(inner, 1212, line.item_type);
    for (const FiscalTag& tag : line.tags) {
        put_tag(inner, tag.number, tag.value);
    }
    put_tag(writer, 1059, inner.bytes());
}

/// Sums of VAT: tags 1102 to 1107 for the first six rates.
void put_vat(base::ByteWriter& writer, const FiscalDocument& document) {
    for (std::size_t i = 0; i < document.vat_minor.size() && i < kVatSums; ++i) {
        if (document.vat_minor[i] != 0) {
            put_tag_number(writer, static_cast<std::uint16_t>(1102 + i),
                           unsigned_of(document.vat_minor[i]));
        }
    }
}

}  // namespace

void Machine::fail_fiscal_storage(std::uint8_t code, std::int64_t count) {
    fault_code_ = code == 0 ? static_cast<std::uint8_t>(Refusal::fn_silent) : code;
    fault_count_ = count;
}

Refusal Machine::fiscal_storage_fault() {
    if (fault_count_ > 0) {
        --fault_count_;
        return static_cast<Refusal>(fault_code_);
    }
    return storage_limits();
}

Refusal Machine::storage_limits() const {
    if (clock_ms() >= storage_ends_ms()) {
        return Refusal::fn_life_over;
    }
    if (memory_.wear.used_percent >= kFullPercent) {
        return Refusal::fn_archive_full;
    }
    if (unsent() != 0 && clock_ms() - unsent_since_ms() > kUnsentMsMax) {
        return Refusal::fn_unsent_too_long;
    }
    const FiscalDocument* last = document(memory_.last_fd);
    const std::int64_t skew = memory_.wear.clock_skew_ms;
    const bool back = last != nullptr && last->date_time_ms - clock_ms() > kGapMsMax;
    return back || skew > kGapMsMax || skew < -kGapMsMax ? Refusal::fn_time_gap : Refusal::ok;
}

std::int64_t Machine::unsent_since_ms() const {
    const FiscalDocument* first = document(memory_.ofd.confirmed + 1);
    return (first == nullptr ? clock_ms() : first->date_time_ms) - memory_.ofd.backlog_age_ms;
}

std::int64_t Machine::storage_ends_ms() const {
    if (memory_.wear.life_ends_ms != 0) {
        return memory_.wear.life_ends_ms;
    }
    const FiscalDocument* first = document(1);
    return (first == nullptr ? clock_ms() : first->date_time_ms) + kStorageLifeMs;
}

std::uint8_t Machine::storage_warnings() const {
    constexpr std::int64_t kUrgentMs = 3 * kDayMs, kSoonMs = 30 * kDayMs, kSilentMs = 5 * kDayMs;
    const std::int64_t left = storage_ends_ms() - clock_ms();
    const bool silent = unsent() != 0 && clock_ms() - unsent_since_ms() > kSilentMs;
    return static_cast<std::uint8_t>((left < kUrgentMs ? 1U : 0U) | (left < kSoonMs ? 2U : 0U) |
                                     (memory_.wear.used_percent >= kNearlyFullPercent ? 4U : 0U) |
                                     (silent ? 8U : 0U));
}

OrRefusal<Closed> Machine::settlement_report(std::uint8_t operator_index) {
    if (memory_.begun != BegunDocument::settlement) {
        return Refusal::fn_wrong_state;
    }
    if (const Refusal fault = fiscal_storage_fault(); fault != Refusal::ok) {
        return fault;
    }
    const std::uint32_t waiting = unsent();
    const FiscalDocument& document = sign(FiscalDocumentType::settlement, operator_index);
    std::vector<std::string> lines;
    add_head(lines, "ОТЧЕТ О СОСТОЯНИИ РАСЧЕТОВ");
    lines.push_back(paper_.pair("НЕПЕРЕДАННЫХ ФД", std::to_string(waiting)));
    add_foot(lines, document);
    cut(lines);
    print_document(lines, PaperKind::report);
    end_document();
    return closed_of(document);
}

base::Bytes Machine::document_tags(const FiscalDocument& document) const {
    base::ByteWriter writer;
    put_tag(writer, 1041, cp866_from_utf8(memory_.fn_number));
    put_tag_text(writer, 1037, options_.rnm);
    put_tag_text(writer, 1018, options_.inn);
    put_tag(writer, 1012, unix_time(document.date_time_ms));
    put_tag(writer, 1040, base::ByteWriter().u32_le(document.number).take());
    put_tag(writer, 1077, base::ByteWriter().u8(0).u8(0).uint_be(document.sign, 4).take());
    if (document.shift_number != 0) {
        put_tag(writer, 1038, base::ByteWriter().u32_le(document.shift_number).take());
    }
    const bool receipt = document.type == FiscalDocumentType::receipt ||
                         document.type == FiscalDocumentType::correction;
    if (receipt) {
        put_tag(writer, 1042, base::ByteWriter().u32_le(document.receipt_number).take());
        put_tag_number(writer, 1054, static_cast<std::uint8_t>(document.operation));
        put_tag_number(writer, 1020, unsigned_of(document.total_minor));
        put_tag_number(writer, 1055, document.tax_system);
        for (const FiscalLine& line : document.lines) {
            put_line(writer, line);
        }
        put_payments(writer, document);
        put_vat(writer, document);
    }
    if (find_tag(document.tags, 1021) == nullptr && !document.operator_name.empty()) {
        put_tag_text(writer, 1021, document.operator_name);
    }
    for (const FiscalTag& tag : document.tags) {
        put_tag(writer, tag.number, tag.value);
    }
    return writer.take();
}

void Machine::take_ticket(base::Bytes ticket) {
    if (unsent() != 0) {
        memory_.ofd.tickets[++memory_.ofd.confirmed] = std::move(ticket);
        memory_.ofd.backlog_age_ms = 0;
    }
}

void Machine::register_elsewhere(std::int64_t total_minor) {
    if (receipt_open()) {
        cancel_receipt(memory_.receipt.operator_index);
    }
    if (!memory_.shift_open) {
        open_shift(1);
    }
    // Another master's receipt: one position, paid in cash.
    static_cast<void>(begin_elsewhere(ReceiptKind::sale, 1, total_minor));
    Settlement settlement;
    settlement.payments[0] = total_minor;
    close_receipt(settlement, 1);
    if (receipt_open()) {
        cancel_receipt(1);  // refused, as in a shift that is too old: it leaves nothing behind
    }
}

Refusal Machine::begin_elsewhere(ReceiptKind kind, std::uint8_t operator_index,
                                 std::int64_t total_minor) {
    if (const Refusal refusal = open_receipt(kind, operator_index); refusal != Refusal::ok) {
        return refusal;
    }
    return add_position(kind,
                        {.name = "ЧУЖОЙ ТОВАР",
                         .quantity_micro = 1'000'000,
                         .price_minor = total_minor,
                         .sum_minor = total_minor,
                         .vat_code = 8,
                         .department = 1,
                         .payment_method = 4,
                         .item_type = 1},
                        operator_index);
}

}  // namespace tillhost::simulators::shtrih
