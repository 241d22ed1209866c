// The part of the machine that composes paper and prints it, line by line.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hal/base/money.h"
#include "simulators/fiscal/shtrih/machine.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr FieldPlace kDoNotPrint{.table = 17, .row = 1, .field = 7};
constexpr FieldPlace kQrOnReceipts{.table = 1, .row = 1, .field = 41};
constexpr FieldPlace kCutAfterReceipt{.table = 1, .row = 1, .field = 7};
constexpr std::uint16_t kHeaderRowFirst = 4, kHeaderRowLast = 14;
constexpr std::uint16_t kFooterRowFirst = 1, kFooterRowLast = 3;

std::string tax_system_text(std::uint8_t bit) {
    constexpr std::array<std::string_view, 6> kNames{"ОСН",  "УСН доход", "УСН доход - расход",
                                                     "ЕНВД", "ЕСХН",      "Патент"};
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (bit == 1U << i) {
            return std::string(kNames[i]);
        }
    }
    return "";
}

/// What the tax office's program reads off a receipt.
std::string qr_text(const FiscalDocument& document, std::string_view fn_number) {
    const std::string date = date_text(document.date_time_ms);  // "31.05.24 17:42"
    return fmt::format("t=20{}{}{}T{}{}&s={}&fn={}&i={}&fp={}&n={}", date.substr(6, 2),
                       date.substr(3, 2), date.substr(0, 2), date.substr(9, 2), date.substr(12, 2),
                       base::minor_to_text(document.total_minor, 2), fn_number, document.number,
                       document.sign, static_cast<int>(document.operation));
}

void add(std::vector<std::string>& lines, const std::vector<std::string>& more) {
    lines.insert(lines.end(), more.begin(), more.end());
}

}  // namespace

std::vector<std::string> Machine::header() const {
    std::vector<std::string> lines;
    for (std::uint16_t row = kHeaderRowFirst; row <= kHeaderRowLast; ++row) {
        const std::string text = tables_.text({.table = 4, .row = row, .field = 1});
        if (!text.empty()) {
            lines.push_back(paper_.centred(text));
        }
    }
    return lines;
}

std::vector<std::string> Machine::footer() const {
    std::vector<std::string> lines;
    for (std::uint16_t row = kFooterRowFirst; row <= kFooterRowLast; ++row) {
        const std::string text = tables_.text({.table = 4, .row = row, .field = 1});
        if (!text.empty()) {
            lines.push_back(paper_.centred(text));
        }
    }
    return lines;
}

void Machine::add_head(std::vector<std::string>& lines, std::string_view title) const {
    add(lines, header());
    for (const std::uint8_t field : {std::uint8_t{7}, std::uint8_t{9}}) {
        const std::string text = tables_.text({.table = 18, .row = 1, .field = field});
        for (const std::string& line : paper_.wrapped(text)) {
            lines.push_back(paper_.centred(line));
        }
    }
    lines.push_back(paper_.centred(title));
}

void Machine::add_foot(std::vector<std::string>& lines, const FiscalDocument& document) const {
    const auto field = [this](std::uint8_t number) {
        return tables_.text({.table = 18, .row = 1, .field = number});
    };
    if (!document.operator_name.empty()) {
        add(lines, paper_.wrapped("КАССИР: " + document.operator_name));
    }
    if (const std::string inn = tag_text(document.tags, 1203); !inn.empty()) {
        lines.push_back(paper_.pair("ИНН КАССИРА", inn));
    }
    lines.push_back(paper_.pair(date_text(document.date_time_ms),
                                fmt::format("СМЕНА {}", document.shift_number)));
    if (document.receipt_number != 0) {
        lines.push_back(paper_.pair("ЧЕК", fmt::format("{:04}", document.receipt_number)));
    }
    lines.push_back(paper_.pair("ЗН ККТ", field(1)));
    lines.push_back(paper_.pair("ИНН", field(2)));
    lines.push_back(paper_.pair("РН ККТ", field(3)));
    lines.push_back(paper_.pair("ФН", field(4)));
    lines.push_back(paper_.pair(fmt::format("ФД № {}", document.number),
                                fmt::format("ФП {:010}", document.sign)));
    if (tables_.number(kQrOnReceipts) == 1 && document.number != 0 &&
        !document.payments_minor.empty()) {
        add(lines, paper_.box("QR", qr_text(document, memory_.fn_number)));
    }
    if (document.type == FiscalDocumentType::receipt) {
        add(lines, footer());
    }
}

void Machine::cut(std::vector<std::string>& lines) const {
    lines.push_back("");
    if (tables_.number(kCutAfterReceipt) != 0) {
        lines.push_back(paper_.centred("- - - - - 8< - - - - -"));
    }
}

void Machine::add_tags(std::vector<std::string>& lines, const std::vector<FiscalTag>& tags) const {
    for (const FiscalTag& tag : tags) {
        const bool elsewhere = tag.number == 1203;  // stands beside the cashier's name
        const auto text = elsewhere ? std::nullopt : tag_for_paper(tag);
        if (text) {
            add(lines, paper_.wrapped(*text));
        }
    }
}

std::vector<std::string> Machine::line_paper(const FiscalLine& line) const {
    std::vector<std::string> lines = paper_.position(line);
    add_tags(lines, line.tags);
    return lines;
}

void Machine::add_vat_lines(std::vector<std::string>& lines, const FiscalDocument& document) const {
    for (std::size_t i = 0; i < document.vat_minor.size(); ++i) {
        if (document.vat_minor[i] == 0) {
            continue;
        }
        const auto row = static_cast<std::uint16_t>(i + 1);
        const std::uint64_t rate = tables_.number({.table = 6, .row = row, .field = 1});
        const std::string name = tables_.text({.table = 6, .row = row, .field = 2});
        lines.push_back(paper_.pair(
            fmt::format("{}: {}{}", vat_letter_of_row(row), rate == 0 ? "СУММА " : "", name),
            money_text(document.vat_minor[i])));
    }
}

void Machine::add_payments(std::vector<std::string>& lines, const FiscalDocument& document) const {
    lines.push_back(paper_.pair("ИТОГ", money_text(document.total_minor)));
    for (std::uint16_t row = 1; row <= document.payments_minor.size(); ++row) {
        const std::int64_t sum = document.payments_minor[row - 1U];
        if (sum != 0) {
            lines.push_back(
                paper_.pair(tables_.text({.table = 5, .row = row, .field = 1}), money_text(sum)));
        }
    }
    if (document.change_minor != 0) {
        lines.push_back(paper_.pair("СДАЧА", money_text(document.change_minor)));
    }
    add_vat_lines(lines, document);
    lines.push_back("СНО: " + tax_system_text(document.tax_system));
}

std::vector<std::string> Machine::receipt_paper(const Settlement& settlement,
                                                const FiscalDocument& document) const {
    std::vector<std::string> lines;
    add_head(lines, memory_.receipt.correction ? "КАССОВЫЙ ЧЕК КОРРЕКЦИИ" : "КАССОВЫЙ ЧЕК");
    lines.push_back(std::string(title_of(memory_.receipt.kind)));
    add(lines, memory_.receipt.body);
    lines.push_back(paper_.rule());
    if (settlement.discount_percent != 0) {
        lines.push_back(
            paper_.pair("СКИДКА", fmt::format("{}.{:02}%", settlement.discount_percent / 100,
                                              settlement.discount_percent % 100)));
    }
    if (settlement.rounding_minor != 0) {
        lines.push_back(paper_.pair("ОКРУГЛЕНИЕ", money_text(settlement.rounding_minor)));
    }
    add_payments(lines, document);
    add_tags(lines, document.tags);
    add(lines, paper_.wrapped(settlement.text));
    add_foot(lines, document);
    cut(lines);
    return lines;
}

std::vector<std::string> Machine::correction_paper(const FiscalDocument& document) const {
    std::vector<std::string> lines;
    add_head(lines, "КАССОВЫЙ ЧЕК КОРРЕКЦИИ");
    lines.push_back("КОРРЕКЦИЯ: " + std::string(title_of(document.operation)));
    lines.push_back(document.correction_basis == 0 ? "САМОСТОЯТЕЛЬНО" : "ПО ПРЕДПИСАНИЮ");
    add_payments(lines, document);
    add_tags(lines, document.tags);
    add_foot(lines, document);
    cut(lines);
    return lines;
}

std::vector<std::string> Machine::shift_report(std::string_view title) const {
    std::vector<std::string> lines;
    lines.push_back(paper_.centred(title));
    lines.push_back(
        paper_.pair(date_text(clock_ms()), fmt::format("СМЕНА {}", memory_.shift_number)));
    for (std::uint8_t kind = 0; kind < 4; ++kind) {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < 16; ++i) {
            sum += memory_.cash[121 + i * 4 + kind];
        }
        sum += memory_.cash[189U + kind] - memory_.cash[185U + kind];
        const std::string count = fmt::format("{} ({})", title_of(static_cast<ReceiptKind>(kind)),
                                              memory_.operations[144U + kind]);
        lines.push_back(paper_.pair(count, money_text(sum)));
        for (std::uint8_t i = 0; i < kPayments; ++i) {
            const std::int64_t paid = memory_.paid_in_shift[i * 4U + kind];
            if (paid != 0) {
                const auto row = static_cast<std::uint16_t>(i + 1);
                lines.push_back(paper_.pair(
                    " " + tables_.text({.table = 5, .row = row, .field = 1}), money_text(paid)));
            }
        }
    }
    lines.push_back(paper_.pair(fmt::format("ВНЕСЕНИЕ ({})", memory_.operations[153]),
                                money_text(memory_.cash[242])));
    lines.push_back(paper_.pair(fmt::format("ВЫПЛАТА ({})", memory_.operations[154]),
                                money_text(memory_.cash[243])));
    lines.push_back(
        paper_.pair(fmt::format("АННУЛИРОВАНО ЧЕКОВ ({})", memory_.operations[166]), ""));
    lines.push_back(paper_.pair("НАЛИЧНЫЕ В КАССЕ", money_text(memory_.cash[241])));
    lines.push_back(paper_.pair("НЕОБНУЛ. СУММА", money_text(memory_.cash[244])));
    return lines;
}

/// 1: not this document, 2: no document, 3: no report.
bool Machine::printing_allowed(PaperKind kind) const {
    const std::uint64_t off = tables_.number(kDoNotPrint);
    return off == 0 || (off == 3 && kind == PaperKind::document);
}

bool Machine::print_document(const std::vector<std::string>& lines, PaperKind kind) {
    const bool allowed = printing_allowed(kind);
    if (tables_.number(kDoNotPrint) == 1) {  // one document, then as before
        memory_.tables[17U << 24 | 1U << 8 | 7U] = base::Bytes(1);
    }
    if (allowed) {
        print(lines);
    }
    return allowed;
}

void Machine::print(const std::vector<std::string>& lines) {
    if (memory_.printing.size() + lines.size() <= kPrintLinesMax) {
        add(memory_.printing, lines);
        start_printing();
    }
}

/// Without paper, and before "continue printing", what is to be printed waits.
void Machine::start_printing() {
    const bool can = powered_ && memory_.paper == PaperState::present;
    if (can && !next_line_at_ && !memory_.printing.empty()) {
        next_line_at_ = now_ + options_.line_time;
    }
}

void Machine::print_text(const std::vector<std::string>& lines) {
    if (receipt_open()) {
        add(memory_.receipt.body, lines);
    } else {
        print(lines);
    }
}

Refusal Machine::copy_last_receipt() {
    if (memory_.last_receipt.empty()) {
        return Refusal::nothing_to_repeat;
    }
    std::vector<std::string> lines{paper_.centred("КОПИЯ ЧЕКА")};
    add(lines, memory_.last_receipt);
    print(lines);
    return Refusal::ok;
}

Refusal Machine::continue_printing() {
    if (memory_.paper != PaperState::put_in_again) {
        return Refusal::wrong_submode;
    }
    memory_.paper = PaperState::present;
    memory_.printed = 0;  // the whole document again
    start_printing();
    return Refusal::ok;
}

void Machine::print_one_line() {
    if (paper_left_ && *paper_left_ <= 0) {
        paper_left_.reset();
        memory_.paper = PaperState::ran_out;
        memory_.last_print_result = 1;
        return next_line_at_.reset();
    }
    if (paper_left_) {
        --*paper_left_;
    }
    tape_.push_back(memory_.printing[memory_.printed++]);
    if (memory_.printed < memory_.printing.size()) {
        *next_line_at_ += options_.line_time;
        return;
    }
    memory_.printing.clear();
    memory_.printed = 0;
    memory_.last_print_result = 0;
    next_line_at_.reset();
}

void Machine::advance() {
    while (powered_ && next_line_at_ && *next_line_at_ <= now_) {
        print_one_line();
    }
}

void Machine::power(bool on) {
    powered_ = on;
    reading.clear();
    incoming.clear();
    incoming_size = 0;
    loaded.clear();
    next_line_at_.reset();
    start_printing();  // what was on the printer goes on
}

void Machine::set_paper(bool present) {
    paper_left_.reset();
    const bool midway = !memory_.printing.empty();
    if (!present) {
        memory_.paper = midway ? PaperState::ran_out : PaperState::absent;
        memory_.last_print_result = midway ? 1 : memory_.last_print_result;
        next_line_at_.reset();
    } else if (memory_.paper == PaperState::ran_out) {
        memory_.paper = PaperState::put_in_again;
    } else if (memory_.paper == PaperState::absent) {
        memory_.paper = PaperState::present;
        start_printing();
    }
}

}  // namespace tillhost::simulators::shtrih
