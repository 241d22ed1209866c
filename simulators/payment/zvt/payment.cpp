// Money: cards, the host's answer, what is pending and what stands.
#include <algorithm>
#include <array>

#include "simulators/payment/zvt/machine.h"

namespace tillhost::simulators::zvt {
namespace {

constexpr std::uint8_t kInsertCard = 0x0A, kPleaseWait = 0x0E, kWrongPin = 0x15;  // of 04 FF
constexpr std::uint8_t kCardMinutes = 3;

constexpr std::string_view kPan = "************4771";
constexpr std::string_view kCardName = "MASTERCARD";
constexpr std::uint8_t kCardType = 6;

constexpr os::Duration kSilentReversal = std::chrono::seconds(10);

template <class Number>
Number after(Number number, std::uint32_t last) {
    return number >= last ? Number{1} : static_cast<Number>(number + 1);
}

std::uint64_t before(std::uint64_t number) { return number <= 1 ? kReceiptMax : number - 1; }

std::uint8_t code_of(Code code) { return static_cast<std::uint8_t>(code); }

/// The card of an amount, where nobody has put one in: README.md has the table.
struct AmountCard {
    std::string_view outcome = "approved";
    std::uint8_t code = 0;
    std::int64_t seconds = 0;
};
AmountCard card_of_amount(std::int64_t amount) {
    constexpr std::int64_t kFirst = 9000, kPinDecimal = 55;
    constexpr std::int64_t kOther = 9001, kSlow = 9002, kPart = 9003;
    const std::int64_t whole = amount / 100, cents = amount % 100;
    if (whole == kFirst && cents != 0) {
        return {.outcome = cents == kPinDecimal ? "wrong_pin" : "declined",
                .code = static_cast<std::uint8_t>(cents)};
    }
    if (whole == kOther) {
        constexpr std::array<std::string_view, 4> kWords{"approved", "cancelled", "unreadable",
                                                         "pin_retry"};
        return {.outcome = kWords[static_cast<std::size_t>(cents) % kWords.size()]};
    }
    if (whole == kSlow) {
        return {.seconds = cents};
    }
    return {.outcome = whole == kPart ? "partial" : "approved"};
}

}  // namespace

Machine::Card Machine::next_card(std::int64_t amount) {
    if (!cards_.empty()) {
        Card card = cards_.front();
        cards_.pop_front();
        ++fired_;
        return card;
    }
    const AmountCard card = card_of_amount(amount);
    return {.outcome = std::string(card.outcome),
            .code = card.code,
            .total = amount / 2,
            .host_time = std::chrono::seconds(card.seconds)};
}

void Machine::start_payment(const Request& request, os::Instant now) {
    if (request.amount().value_or(0) <= 0) {
        emit(refusal_apdu(Code::not_possible));
        return;
    }
    if (request.currency().value_or(options_.currency) != options_.currency) {
        refuse_by_abort(request, code_of(Code::currency), now);
        return;
    }
    implicit_reversal(request);
    card_ = next_card(*request.amount());
    std::deque<Step> steps{{.kind = Step::Kind::answer}};
    if (registration_.intermediate()) {
        steps.push_back(
            {.kind = Step::Kind::message, .apdu = intermediate_apdu(kInsertCard, kCardMinutes)});
    }
    steps.push_back({.kind = Step::Kind::pause, .time = options_.card_time});
    steps.push_back({.kind = Step::Kind::card_in});
    begin(request, std::move(steps), now, true);
}

void Machine::start_reversal(const Request& request, os::Instant now) {
    if (!request.receipt()) {
        emit(refusal_apdu(Code::not_possible));
        return;
    }
    implicit_reversal(request);
    card_ = {};
    begin(request, {{.kind = Step::Kind::answer}, {.kind = Step::Kind::card_in}}, now);
}

/// The till mirrors the last number that it trusts: one less than ours means that it has never
/// seen our last transaction (PA00P015, chapter on synchronisation).
void Machine::implicit_reversal(const Request& request) {
    const auto trusted = request.sync_id();
    const auto& all = memory_.transactions();
    const auto last = std::find_if(all.rbegin(), all.rend(), [](const CardTransaction& each) {
        return each.state == CardTransactionState::stored ||
               each.state == CardTransactionState::reversed;
    });
    if (!sends_sync_ids() || !trusted || last == all.rend() ||
        last->kind == CardTransactionKind::day_end || last->state != CardTransactionState::stored ||
        last->receipt_number != memory_.counters().receipt ||
        *trusted != before(last->receipt_number)) {
        return;
    }
    std::vector<CardTransaction> changed = with_original(*last);
    changed[0].state = CardTransactionState::auto_reversed;
    if (changed.size() > 1) {
        changed[1].state = CardTransactionState::stored;
    }
    Counters counters = memory_.counters();
    counters.receipt = static_cast<std::uint16_t>(*trusted);
    static_cast<void>(keep(memory_.write(changed, counters)));
}

void Machine::card_in() {
    abortable_ = false;
    const bool cancelled = card_.outcome == "cancelled";
    if (cancelled || card_.outcome == "unreadable") {
        count_done();
        decline(code_of(cancelled ? Code::cancelled : Code::unreadable));
        return;
    }
    add_host_steps();
}

void Machine::add_host_steps() {
    if (registration_.intermediate()) {
        steps_.push_back({.kind = Step::Kind::message, .apdu = intermediate_apdu(kPleaseWait)});
    }
    const os::Duration time =
        card_.host_time > os::Duration::zero() ? card_.host_time : options_.host_time;
    steps_.push_back({.kind = Step::Kind::pause, .time = time});
    steps_.push_back({.kind = Step::Kind::decide});
}

void Machine::decide(os::Instant now) {
    if (card_.outcome == "pin_retry") {
        retry_pin();
        return;
    }
    count_done();
    if (request_.command == 0x0630) {
        decide_reversal(now);
        return;
    }
    if (card_.outcome == "wrong_pin") {
        if (registration_.intermediate()) {
            steps_.push_back({.kind = Step::Kind::message, .apdu = intermediate_apdu(kWrongPin)});
        }
        decline(code_of(Code::wrong_pin));
        return;
    }
    const bool part = card_.outcome == "partial" && request_.takes_part();
    if (card_.outcome != "approved" && !part) {
        decline(card_.code != 0 ? card_.code : code_of(Code::declined));
        return;
    }
    CardTransaction transaction = new_transaction(now);
    transaction.kind =
        request_.command == 0x0631 ? CardTransactionKind::refund : CardTransactionKind::payment;
    transaction.amount_minor = *request_.amount();
    if (part) {
        transaction.amount_minor = std::min(transaction.amount_minor, card_.total);
    }
    if (const auto other = take_quirk("other_amount", request_.command)) {
        transaction.amount_minor += std::max<std::int64_t>(other->code, 1);
    }
    approve(transaction, now);
}

/// The host says 55, the terminal tells it and asks for the PIN again.
void Machine::retry_pin() {
    card_.outcome = "approved";
    steps_.push_back({.kind = Step::Kind::status,
                      .apdu = failed_status_apdu(code_of(Code::wrong_pin), options_.terminal_id,
                                                 request_.amount(), request_.currency())});
    if (registration_.intermediate()) {
        steps_.push_back({.kind = Step::Kind::message, .apdu = intermediate_apdu(kWrongPin)});
    }
    steps_.push_back({.kind = Step::Kind::pause, .time = options_.card_time});
    add_host_steps();
}

void Machine::decide_reversal(os::Instant now) {
    const CardTransaction* original = find_original(*request_.receipt());
    if (original == nullptr) {
        decline(code_of(Code::no_reversal));
        return;
    }
    if (original->state == CardTransactionState::reversed) {
        decline(code_of(Code::already_reversed));
        return;
    }
    if (request_.amount().value_or(original->amount_minor) != original->amount_minor) {
        decline(code_of(Code::wrong_amount));
        return;
    }
    CardTransaction transaction = new_transaction(now);
    transaction.kind = CardTransactionKind::reversal;
    transaction.amount_minor = original->amount_minor;
    transaction.original_trace = original->trace_number;
    approve(transaction, now);
}

CardTransaction Machine::new_transaction(os::Instant now) const {
    const Counters& counters = memory_.counters();
    return {.receipt_number = after(counters.receipt, kReceiptMax),
            .trace_number = after(counters.trace, kTraceMax),
            .turnover_number = after(counters.turnover, kTraceMax),
            .currency = options_.currency,
            .date_time_ms = clock_ms(now),
            .pan = std::string(kPan),
            .card_name = std::string(kCardName),
            .card_type = kCardType};
}

/// From here on the host has moved money. It is on disk before the till hears of it.
void Machine::approve(const CardTransaction& transaction, os::Instant now) {
    Counters counters = memory_.counters();
    counters.pending = transaction;
    counters.trace = transaction.trace_number;
    if (!keep(memory_.set(counters))) {
        return;
    }
    if (const auto silent = take_quirk("silent_reversal", request_.command)) {
        reversing_until_ =
            now + (silent->ms > 0 ? std::chrono::milliseconds(silent->ms) : kSilentReversal);
        end_procedure();
        return;
    }
    const StatusLook look = look_of(request_);
    const Step status{.kind = Step::Kind::status, .apdu = status_of(transaction, look)};
    steps_.push_back(status);
    if (take_quirk("status_twice", request_.command)) {
        steps_.push_back(status);
    }
    for (Step& step : print_steps(transaction, look.charset)) {
        steps_.push_back(std::move(step));
    }
    steps_.push_back({.kind = Step::Kind::commit});
    steps_.push_back({.kind = Step::Kind::completion, .apdu = completion_apdu()});
}

void Machine::decline(std::uint8_t code) {
    const bool before_host = code == code_of(Code::cancelled) || code == code_of(Code::unreadable);
    steps_.push_back(
        {.kind = Step::Kind::status,
         .apdu = failed_status_apdu(code, options_.terminal_id,
                                    before_host ? std::nullopt : request_.amount(),
                                    before_host ? std::nullopt : request_.currency())});
    const bool completes = take_quirk("decline_by_completion", request_.command).has_value();
    steps_.push_back(
        {.kind = Step::Kind::completion, .apdu = completes ? completion_apdu() : abort_apdu(code)});
}

void Machine::count_done() {
    ++counts_[request_.command].done;
    ++counts_[0].done;
}

void Machine::commit() {
    Counters counters = memory_.counters();
    if (!counters.pending) {
        return;
    }
    CardTransaction transaction = *counters.pending;
    transaction.number = memory_.next_number();
    counters.pending.reset();
    counters.receipt = transaction.receipt_number;
    counters.turnover = transaction.turnover_number;
    if (keep(memory_.write(with_original(transaction), counters))) {
        print_on_paper(transaction);
    }
}

const CardTransaction* Machine::find_original(std::uint16_t receipt) const {
    const auto& all = memory_.transactions();
    for (std::size_t i = all.size(); i > day_begin(all.size()); --i) {
        const CardTransaction& each = all[i - 1];
        const bool money =
            each.kind == CardTransactionKind::payment || each.kind == CardTransactionKind::refund;
        const bool stands = each.state == CardTransactionState::stored ||
                            each.state == CardTransactionState::reversed;
        if (money && stands && each.receipt_number == receipt) {
            return &each;
        }
    }
    return nullptr;
}

std::vector<CardTransaction> Machine::with_original(const CardTransaction& transaction) const {
    std::vector<CardTransaction> changed{transaction};
    if (transaction.kind != CardTransactionKind::reversal) {
        return changed;
    }
    const auto& all = memory_.transactions();
    const auto original = std::find_if(all.rbegin(), all.rend(), [&](const CardTransaction& each) {
        return each.trace_number == transaction.original_trace &&
               each.kind != CardTransactionKind::reversal;
    });
    if (original != all.rend()) {
        changed.push_back(*original);
        changed.back().state = CardTransactionState::reversed;
    }
    return changed;
}

/// Somebody uses the terminal's own keys.
base::Done Machine::local_sale(std::int64_t total, os::Instant now) {
    if (active_ || reversing_until_) {
        return base::make_error(base::ErrorCode::wrong_state, "the terminal is busy");
    }
    CardTransaction transaction = new_transaction(now);
    transaction.amount_minor = total;
    transaction.local = true;
    transaction.number = memory_.next_number();
    Counters counters = memory_.counters();
    counters.receipt = transaction.receipt_number;
    counters.trace = transaction.trace_number;
    counters.turnover = transaction.turnover_number;
    return memory_.write({transaction}, counters);
}

}  // namespace tillhost::simulators::zvt
