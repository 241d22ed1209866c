// Receipts, repeats of them, and totals.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hal/base/money.h"
#include "hal/base/text.h"
#include "simulators/payment/zvt/machine.h"

namespace tillhost::simulators::zvt {
namespace {

constexpr std::uint8_t kCentred = 0x40;
constexpr std::uint8_t kPleaseWait = 0x0E;                                    // of 04 FF
constexpr unsigned kLastTransaction = 2, kLastCustomer = 3, kLastDayEnd = 4;  // tag 1F01

bool stands(const CardTransaction& each) {
    return each.state == CardTransactionState::stored ||
           each.state == CardTransactionState::reversed;
}

std::string_view title_of(CardTransactionKind kind) {
    switch (kind) {
        case CardTransactionKind::payment: return "** Kartenzahlung **";
        case CardTransactionKind::refund: return "** Gutschrift **";
        case CardTransactionKind::reversal: return "** Storno **";
        case CardTransactionKind::day_end: return "** KASSENSCHNITT **";
    }
    return "";
}

std::string euro(std::int64_t minor) {
    std::string text = base::minor_to_text(minor, 2);
    std::replace(text.begin(), text.end(), '.', ',');
    return text;
}

/// "name        value", as wide as the paper.
std::string both_ends(std::string_view name, std::string_view value, std::size_t columns) {
    const std::size_t used = base::utf8_length(name) + base::utf8_length(value);
    const std::size_t blanks = used < columns ? columns - used : 1;
    return std::string(name) + std::string(blanks, ' ') + std::string(value);
}

std::string on_paper(const PrintLine& line, std::size_t columns) {
    const std::size_t width = base::utf8_length(line.text);
    const bool centred = (line.attribute & kCentred) != 0 && width < columns;
    return std::string(centred ? (columns - width) / 2 : 0, ' ') + line.text;
}

}  // namespace

std::vector<Receipt> Machine::receipts_of(const CardTransaction& transaction, bool amount) const {
    const std::size_t columns = registration_.columns;
    const bool admin = transaction.kind == CardTransactionKind::day_end;
    std::vector<PrintLine> lines{{kCentred, options_.merchant},
                                 {kCentred, std::string(title_of(transaction.kind))}};
    const auto add = [&](std::string_view name, const std::string& value) {
        lines.push_back({0, both_ends(name, value, columns)});
    };
    if (amount) {
        add(options_.currency_name, euro(transaction.amount_minor));
    }
    add("Terminal-ID", options_.terminal_id);
    add("Trace-Nr.", fmt::format("{:06}", transaction.trace_number));
    if (admin) {
        return {{.type = ReceiptType::administration, .lines = std::move(lines)}};
    }
    add("Beleg-Nr.", fmt::format("{:04}", transaction.receipt_number));
    lines.push_back({0, transaction.card_name});
    lines.push_back({0, transaction.pan});
    if (transaction.kind == CardTransactionKind::reversal) {
        add("Storno zu Trace", fmt::format("{:06}", transaction.original_trace));
    }
    Receipt merchant{.type = ReceiptType::merchant, .lines = lines};
    Receipt customer{.type = ReceiptType::customer, .lines = std::move(lines)};
    merchant.lines.push_back({kCentred, "HÄNDLERBELEG"});
    customer.lines.push_back({kCentred, "KUNDENBELEG"});
    return {std::move(merchant), std::move(customer)};
}

void Machine::print_on_paper(const CardTransaction& transaction) {
    const bool admin = transaction.kind == CardTransactionKind::day_end;
    const bool elsewhere = admin ? registration_.till_prints_admin() : registration_.till_prints();
    std::vector<std::string> paper;
    for (const Receipt& receipt : receipts_of(transaction, true)) {
        for (const PrintLine& line : receipt.lines) {
            paper.push_back(on_paper(line, registration_.columns));
        }
        paper.emplace_back(elsewhere ? "---- printed by the till" : "----");
    }
    if (admin || !registration_.till_composes()) {
        static_cast<void>(keep(memory_.print(paper)));
    }
}

std::deque<Machine::Step> Machine::print_steps(const CardTransaction& transaction,
                                               Charset charset) {
    std::deque<Step> steps;
    const bool admin = transaction.kind == CardTransactionKind::day_end;
    if (!(admin ? registration_.till_prints_admin() : registration_.till_prints())) {
        return steps;
    }
    const bool amount = !take_quirk("receipt_without_amount", request_.command);
    const bool blocks = registration_.blocks && registration_.tlv;
    PrintLook look{.charset = charset};
    look.trailing_tlv = !blocks && take_quirk("trailing_tlv", request_.command).has_value();
    for (const Receipt& receipt : receipts_of(transaction, amount)) {
        if (!steps.empty() && take_quirk("hang_up_between_prints", request_.command)) {
            steps.push_back({.kind = Step::Kind::hang_up});
        }
        const std::vector<Apdu> prints =
            blocks ? std::vector{print_block(receipt, look)} : print_lines(receipt, look);
        for (const Apdu& apdu : prints) {
            steps.push_back({.kind = Step::Kind::print, .apdu = apdu});
        }
    }
    return steps;
}

StatusLook Machine::look_of(const Request& request) {
    StatusLook look;
    look.currency =
        request.currency().has_value() || (request.command == 0x0620 && registration_.done);
    look.long_trace = take_quirk("long_trace", request.command).has_value();
    look.tlv = registration_.tlv || request.has_tlv || look.long_trace;
    look.sync_id = sends_sync_ids();
    look.charset =
        take_quirk("wrong_charset", request.command) ? Charset::latin1 : registration_.charset;
    return look;
}

Apdu Machine::status_of(const CardTransaction& transaction, const StatusLook& look) const {
    const bool day_end = transaction.kind == CardTransactionKind::day_end;
    return status_apdu(transaction, options_.terminal_id, look,
                       day_end ? totals_before(transaction.number - 1) : base::Bytes{});
}

const CardTransaction* Machine::repeated(const Request& request, bool stale) const {
    const base::Bytes* which = find(request.tlv, 0x1F01);
    const unsigned wanted =
        which == nullptr || which->empty() ? 1U : base::to_unsigned(which->front());
    std::optional<std::uint64_t> number = request.receipt();
    if (const base::Bytes* from = find(request.tlv, 0x1F02)) {
        number = from_bcd(*from);
    }
    const auto& all = memory_.transactions();
    for (auto each = all.rbegin(); each != all.rend(); ++each) {
        const bool day_end = each->kind == CardTransactionKind::day_end;
        const bool right_kind = wanted == kLastDayEnd ? day_end
                                : wanted == kLastTransaction || wanted == kLastCustomer || number
                                    ? !day_end
                                    : wanted == 1;
        if (!stands(*each) || !right_kind || (number && *number != each->receipt_number)) {
            continue;
        }
        if (!std::exchange(stale, false)) {
            return &*each;
        }
    }
    return nullptr;
}

void Machine::repeat_receipt(const Request& request, os::Instant now) {
    constexpr unsigned kWithStatus = 1, kWithoutPrints = 2;
    if (take_quirk("repeat_empty", request.command)) {
        begin(request,
              {{.kind = Step::Kind::answer},
               {.kind = Step::Kind::completion, .apdu = completion_apdu()}},
              now);
        return;
    }
    const bool stale = take_quirk("repeat_stale", request.command).has_value();
    const CardTransaction* found = repeated(request, stale);
    if (found == nullptr) {
        refuse_by_abort(request, static_cast<std::uint8_t>(Code::not_possible), now);
        return;
    }
    std::deque<Step> steps{{.kind = Step::Kind::answer}};
    const StatusLook look = look_of(request);
    if ((request.service() & kWithStatus) != 0) {
        steps.push_back({.kind = Step::Kind::status, .apdu = status_of(*found, look)});
    }
    if ((request.service() & kWithoutPrints) == 0) {
        request_ = request;  // quirks of prints may be narrowed to this command
        for (Step& step : print_steps(*found, look.charset)) {
            steps.push_back(std::move(step));
        }
    }
    steps.push_back({.kind = Step::Kind::completion, .apdu = completion_apdu()});
    begin(request, std::move(steps), now);
}

void Machine::reprint(const Request& request, os::Instant now) {
    const CardTransaction* found = repeated(request, false);
    if (found == nullptr) {
        refuse_by_abort(request, static_cast<std::uint8_t>(Code::not_possible), now);
        return;
    }
    std::deque<Step> steps{{.kind = Step::Kind::answer}};
    for (Step& step : print_steps(*found, registration_.charset)) {
        steps.push_back(std::move(step));
    }
    steps.push_back({.kind = Step::Kind::completion, .apdu = completion_apdu()});
    begin(request, std::move(steps), now);
}

std::size_t Machine::day_begin(std::size_t end) const {
    const auto& all = memory_.transactions();
    while (end > 0 && all[end - 1].kind != CardTransactionKind::day_end) {
        --end;
    }
    return end;
}

/// BMP 60: first and last receipt, then count and amount of each of seven kinds of card.
base::Bytes Machine::totals_before(std::size_t end) const {
    constexpr std::size_t kKinds = 7, kMastercard = 2;
    constexpr std::int64_t kCountMax = 255;
    const auto& all = memory_.transactions();
    std::int64_t count = 0, sum = 0;
    std::uint16_t first = 0, last = 0;
    for (std::size_t i = day_begin(end); i < end; ++i) {
        const bool payment = all[i].kind == CardTransactionKind::payment;
        if (all[i].state != CardTransactionState::stored ||
            (!payment && all[i].kind != CardTransactionKind::refund)) {
            continue;
        }
        first = count++ == 0 ? all[i].receipt_number : first;
        last = all[i].receipt_number;
        sum += payment ? all[i].amount_minor : -all[i].amount_minor;
    }
    base::ByteWriter writer;
    writer.raw(bcd(first, 2)).raw(bcd(last, 2));
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        const bool ours = kind == kMastercard;
        writer.u8(static_cast<std::uint64_t>(ours ? std::min(count, kCountMax) : 0));
        writer.raw(bcd(static_cast<std::uint64_t>(ours ? std::max<std::int64_t>(sum, 0) : 0), 6));
    }
    return writer.take();
}

/// 06 50 ends the business day, 06 10 only tells its totals.
void Machine::day_end(const Request& request, os::Instant now) {
    implicit_reversal(request);
    const auto& all = memory_.transactions();
    CardTransaction record = new_transaction(now);
    record.kind = CardTransactionKind::day_end;
    record.number = memory_.next_number();
    record.receipt_number = memory_.counters().receipt;
    record.turnover_number = memory_.counters().turnover;
    record.pan.clear();
    record.card_name.clear();
    record.card_type = 0;
    for (std::size_t i = day_begin(all.size()); i < all.size(); ++i) {
        const bool stored = all[i].state == CardTransactionState::stored;
        const bool payment = all[i].kind == CardTransactionKind::payment;
        const bool refund = all[i].kind == CardTransactionKind::refund;
        record.amount_minor += !stored   ? 0
                               : payment ? all[i].amount_minor
                               : refund  ? -all[i].amount_minor
                                         : 0;
    }
    record.amount_minor = std::max<std::int64_t>(record.amount_minor, 0);
    const bool ends = request.command == 0x0650;
    if (ends) {
        Counters counters = memory_.counters();
        counters.trace = record.trace_number;
        counters.lock = counters.lock == 0xB1 || counters.lock == 0xF0 ? 0 : counters.lock;
        if (!keep(memory_.write({record}, counters))) {
            return;
        }
        print_on_paper(record);
    }
    request_ = request;
    const StatusLook look = look_of(request);
    std::deque<Step> steps{{.kind = Step::Kind::answer}};
    if (registration_.intermediate()) {
        steps.push_back({.kind = Step::Kind::message, .apdu = intermediate_apdu(kPleaseWait)});
    }
    steps.push_back({.kind = Step::Kind::pause, .time = options_.work_time});
    steps.push_back({.kind = Step::Kind::status, .apdu = status_of(record, look)});
    if (ends) {
        for (Step& step : print_steps(record, look.charset)) {
            steps.push_back(std::move(step));
        }
    }
    steps.push_back({.kind = Step::Kind::completion, .apdu = completion_apdu()});
    begin(request, std::move(steps), now);
}

}  // namespace tillhost::simulators::zvt
