#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/text.h"
#include "hal/drivers/payment/zvt/errors.h"
#include "hal/drivers/payment/zvt/evidence.h"
#include "hal/drivers/payment/zvt/terminal.h"
#include "hal/drivers/payment/zvt/visit.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::Done;
using base::Effect;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// Bounds of the class (docs/ipc/payment_terminal.md).
constexpr std::size_t kTextBytesMax = 500;
constexpr std::size_t kCardNameBytesMax = 64;
constexpr std::size_t kIdBytesMax = 32;
constexpr std::size_t kCardNumberMax = 32;

base::Error doubtful(base::Error error) {
    error.effect = Effect::unknown;
    error.reaction = base::Reaction::reconnect;
    return error;
}

base::Error unclear(std::string detail) {
    return doubtful(make_error(ErrorCode::unexpected_answer, std::move(detail)));
}

/// The cardholder's check by tag 1F10.
contract::CardholderCheck check_of(const std::optional<std::uint8_t>& told) {
    using contract::CardholderCheck;
    constexpr std::uint8_t kLast = 7;
    constexpr CardholderCheck kChecks[kLast + 1] = {
        CardholderCheck::none,
        CardholderCheck::signature,
        CardholderCheck::pin,
        CardholderCheck::pin,
        CardholderCheck::pin,
        CardholderCheck::pin_and_signature,
        CardholderCheck::pin_and_signature,
        CardholderCheck::pin_and_signature,
    };
    return told && *told <= kLast ? kChecks[*told] : CardholderCheck::unknown;
}

/// --MM-DDTHH:MM:SS; the terminal tells no year.
std::string time_text(const StatusInfo& info) {
    constexpr std::int64_t kHundred = 100;
    if (!info.date || !info.time) {
        return {};
    }
    return fmt::format("--{:02}-{:02}T{:02}:{:02}:{:02}", *info.date / kHundred,
                       *info.date % kHundred, *info.time / (kHundred * kHundred),
                       *info.time / kHundred % kHundred, *info.time % kHundred);
}

/// Never whole: a number that the terminal did not mask keeps its last four digits.
std::string masked(std::string number) {
    constexpr std::size_t kShown = 4;
    number = number.substr(0, kCardNumberMax);
    if (number.find('*') == std::string::npos && number.size() > kShown) {
        std::fill(number.begin(), number.end() - kShown, '*');
    }
    return number;
}

Bytes id_of(const StatusInfo& info) {
    // One that does not fit cannot be mirrored; "none known" is sent instead.
    return info.id && info.id->size() <= kIdBytesMax ? *info.id : Bytes();
}

/// What the terminal says of a money operation: made durable before each acknowledgement, and at
/// the end judged, made durable, and only then acknowledged.
class MoneyListener final : public Listener {
public:
    struct Context {
        const MoneyCall& call;
        device::Gate& gate;
        const contract::Identity& identity;
        std::string_view currency;
        Charset charset;
        KnownBugs bugs;
        const std::optional<StatusInfo>& before;  ///< the terminal's last transaction until now
    };
    explicit MoneyListener(const Context& context)
        : context_(context), collector_(context.charset, is_payment()), prints_(context.gate) {}

    Done on_result(base::ByteView apdu, const StatusInfo& info) override {
        const bool repeat = std::equal(apdu.begin(), apdu.end(), last_.begin(), last_.end());
        if (!repeat && !context_.bugs.acknowledge_before_durable) {
            TRY(keep_result(context_.gate, apdu));
        }
        last_.assign(apdu.begin(), apdu.end());
        approved_before_ = approved_before_ || (info_ && info_->approved() && !repeat);
        info_ = info;
        return {};
    }

    Done on_printed(base::ByteView apdu, const Printed& printed) override {
        collector_.add(printed);
        return context_.bugs.acknowledge_before_durable ? Done() : prints_.take(apdu, printed);
    }

    Done on_end(const Ending& ending) override {
        outcome_ = judge(ending);
        return context_.bugs.acknowledge_before_durable ? Done() : keep_outcome();
    }
    Done keep_outcome() {
        return *outcome_ ? context_.gate.persist(contract::Record(**outcome_)) : Done();
    }

    /// Of something before. A result is not acknowledged: it is for whoever asked for it.
    Done on_stray(base::ByteView, const Apdu& message) override {
        return message.is(Command::result) ? not_asked_for() : Done();
    }

    /// After the end.
    Result<contract::OperationResult> take_outcome() { return std::move(*outcome_); }

private:
    bool is_payment() const { return context_.call.kind != contract::TransactionKind::end_of_day; }

    Result<contract::OperationResult> judge(const Ending& ending) const {
        if (ending.kind == Ending::Kind::refused) {
            return refusal(ending);
        }
        const bool approved = info_ && info_->approved();
        if (approved_before_ && !approved) {
            return unclear("the terminal approved and then said otherwise");
        }
        if (info_ && info_->result && !approved) {
            return refusal(*info_->result,
                           words_of(context_.charset, info_->charset, info_->text, kTextBytesMax));
        }
        if (ending.kind == Ending::Kind::aborted) {
            return info_ ? Result<contract::OperationResult>(
                               unclear("the terminal told a result and then broke off"))
                         : Result<contract::OperationResult>(refused_at_end(ending));
        }
        if (ending.code != 0) {  // no 04 0F, or one that says the opposite
            return unclear(fmt::format("the terminal ended with {:02X}h", ending.code));
        }
        return is_payment() ? judge_payment() : judge_end_of_day();
    }

    static base::Error refused_at_end(const Ending& ending) {
        if (ending.code == 0) {
            return make_error(ErrorCode::payment_declined, "the terminal broke off");
        }
        return refusal(ending);
    }

    Done check_terminal() const {
        if (info_->terminal_id.empty() || context_.identity.serial.empty() ||
            info_->terminal_id == context_.identity.serial) {
            return {};
        }
        return doubtful(make_error(ErrorCode::wrong_device,
                                   fmt::format("terminal {} tells the result, {} was asked",
                                               info_->terminal_id, context_.identity.serial)));
    }

    Result<contract::OperationResult> judge_payment() const {
        if (!info_ && context_.bugs.trust_completion) {
            StatusInfo assumed;
            assumed.amount = context_.call.amount;
            return contract::OperationResult(payment_result(
                context_.call, assumed, context_.identity, context_.currency, context_.charset));
        }
        if (!info_ || !info_->result) {
            return unclear("the terminal ended without a result");
        }
        TRY(check_terminal());
        // A till that is a procedure behind would take what was paid before for this payment.
        const bool numbered = info_->trace || info_->receipt;
        if (numbered && context_.before && is_same_transaction(*context_.before, *info_)) {
            return unclear("the terminal told the transaction before this one");
        }
        const MoneyCall& call = context_.call;
        if (!info_->amount) {
            return unclear("the terminal approved without naming an amount");
        }
        const bool less = call.allow_partial && *info_->amount > 0 && *info_->amount < call.amount;
        if (*info_->amount != call.amount && !less) {
            return unclear(fmt::format("the terminal approved {} where {} was asked (minor units)",
                                       *info_->amount, call.amount));
        }
        if (info_->currency && currency_name(*info_->currency) != context_.currency) {
            return unclear("the terminal approved in another currency than asked");
        }
        contract::PaymentResult result =
            payment_result(call, *info_, context_.identity, context_.currency, context_.charset);
        result.receipts = collector_.receipts();
        return contract::OperationResult(std::move(result));
    }

    Result<contract::OperationResult> judge_end_of_day() const {
        if (!info_) {
            return unclear("the terminal ended without its totals");
        }
        TRY(check_terminal());
        contract::EndOfDayResult result =
            end_of_day_result(*info_, context_.identity, context_.currency);
        result.receipts = collector_.receipts();
        return contract::OperationResult(std::move(result));
    }

    Context context_;
    ReceiptCollector collector_;
    std::optional<StatusInfo> info_;
    Bytes last_;                    ///< the last 04 0F as it came
    bool approved_before_ = false;  ///< one before the last approved
    PrintKeeper prints_;
    std::optional<Result<contract::OperationResult>> outcome_;
};

/// The book's last result, if it is this terminal's. The numbers of another one, which stood here
/// meanwhile, say nothing of what this one keeps.
std::optional<contract::OperationResult> booked_here(const device::Gate& gate,
                                                     const contract::Identity& identity) {
    auto booked = gate.last_result();
    if (!booked) {
        return booked;
    }
    const auto* payment = std::get_if<contract::PaymentResult>(&*booked);
    const auto* day = std::get_if<contract::EndOfDayResult>(&*booked);
    const std::string& terminal = payment != nullptr ? payment->terminal_id
                                  : day != nullptr   ? day->terminal_id
                                                     : identity.serial;
    return terminal.empty() || terminal == identity.serial ? booked : std::nullopt;
}

/// The id that the terminal is told: the one of the last result in the book, unless the terminal
/// itself has another one by now. To tell it an old one would take a payment back (PA00P015
/// chapter 4), which is never done in passing; "none known" changes nothing.
std::optional<Bytes> id_to_tell(const std::optional<StatusInfo>& last,
                                const std::optional<contract::OperationResult>& booked,
                                const KnownBugs& bugs) {
    Bytes trusted;
    if (booked) {
        if (const auto* payment = std::get_if<contract::PaymentResult>(&*booked)) {
            trusted = payment->trusted_id;
        } else if (const auto* day = std::get_if<contract::EndOfDayResult>(&*booked)) {
            trusted = day->trusted_id;
        }
    }
    const bool told = last && last->id;
    if (told && !bugs.forget_trusted_id) {
        return *last->id == trusted ? trusted : Bytes();
    }
    return trusted.empty() ? std::nullopt : std::optional(trusted);
}

}  // namespace

contract::PaymentResult payment_result(const MoneyCall& call, const StatusInfo& info,
                                       const contract::Identity& identity,
                                       std::string_view currency, Charset charset) {
    contract::PaymentResult result;
    result.amount_minor = info.amount.value_or(0);
    result.requested_minor = call.amount;
    result.currency = info.currency ? currency_name(*info.currency) : currency;
    if (result.currency.empty()) {
        result.currency = currency;
    }
    constexpr std::int64_t kAmountMax = 999'999'999'999;
    result.tip_minor = info.tip <= kAmountMax ? info.tip : 0;
    result.receipt_number = info.receipt.value_or(0);
    constexpr std::int64_t kNumberMax = 999'999'999;
    result.trace_number = std::min(info.trace.value_or(0), kNumberMax);
    result.turnover_number = info.turnover.value_or(0);
    result.terminal_id = info.terminal_id.empty() ? identity.serial : info.terminal_id;
    result.merchant_id = info.merchant_id;
    result.card_name = words_of(charset, info.charset, info.card_name, kCardNameBytesMax);
    result.card_number = masked(info.card_number);
    result.authorisation_code = info.authorisation;
    result.paid_at = time_text(info);
    result.cardholder_check = check_of(info.cardholder_check);
    result.text = words_of(charset, info.charset, info.text, kTextBytesMax);
    result.trusted_id = id_of(info);
    return result;
}

contract::EndOfDayResult end_of_day_result(const StatusInfo& info,
                                           const contract::Identity& identity,
                                           std::string_view currency) {
    contract::EndOfDayResult result;
    result.terminal_id = info.terminal_id.empty() ? identity.serial : info.terminal_id;
    result.closed_at = time_text(info);
    result.currency = currency;
    for (const CardTotals& row : info.totals.value_or(std::vector<CardTotals>())) {
        contract::CardTotal total;
        total.card_name = row.name;
        total.count = row.count;
        total.amount_minor = row.amount;
        result.amount_minor += row.amount;
        result.totals.push_back(std::move(total));
    }
    result.amount_minor = info.amount.value_or(result.amount_minor);
    constexpr std::int64_t kNumberMax = 999'999'999;
    result.trace_number = std::min(info.trace.value_or(0), kNumberMax);
    result.trusted_id = id_of(info);
    return result;
}

Done Terminal::check_currency(std::string_view currency) const {
    if (currency == settings_.currency) {
        return {};
    }
    return make_error(ErrorCode::wrong_currency,
                      fmt::format("currency: the terminal is set to {}", settings_.currency));
}

/// The terminal that is there can be named, and is the one that is meant.
Done Terminal::check_terminal(const MoneyCall& call) const {
    if (identity_.serial.empty()) {
        // A result names it, and would be refused as another terminal's.
        return make_error(ErrorCode::device_not_ready, "the terminal does not say its number");
    }
    if (!call.terminal.empty() && call.terminal != identity_.serial) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("terminal_id: terminal {} made the payment, {} is connected; "
                                      "connect that one, or pay the money back with a refund",
                                      call.terminal, identity_.serial));
    }
    return {};
}

/// The terminal before the operation. Where it tells nothing, the numbers of the book's last
/// result stand in, so that an old payment of the same amount is not taken for a new one.
Result<contract::PaymentMarker> Terminal::mark(const MoneyCall& call,
                                               const std::optional<StatusInfo>& last,
                                               const device::Gate& gate) {
    contract::PaymentMarker marker;
    marker.identity = identity_;
    marker.amount_minor = call.amount;
    marker.currency = settings_.currency;
    marker.started_at_ms = clock_.unix_ms();
    const auto booked = booked_here(gate, identity_);
    if (last) {
        marker.last_receipt_number = last->receipt.value_or(0);
        constexpr std::int64_t kNumberMax = 999'999'999;
        marker.last_trace_number = std::min(last->trace.value_or(0), kNumberMax);
        marker.last_turnover_number = last->turnover.value_or(0);
        marker.last_transaction = write_fingerprint(*last);
    } else if (booked) {
        if (const auto* payment = std::get_if<contract::PaymentResult>(&*booked)) {
            marker.last_receipt_number = payment->receipt_number;
            marker.last_trace_number = payment->trace_number;
            marker.last_turnover_number = payment->turnover_number;
        }
    }
    marker.trusted_id = id_to_tell(last, booked, bugs_).value_or(Bytes());
    return marker;
}

Result<contract::OperationResult> Terminal::run_money(const MoneyCall& call, device::Gate& gate,
                                                      os::Deadline deadline) {
    const Visit visit(*this, &gate);
    const auto last = TRY(ask_last(Repeat::last, deadline));
    TRY(ensure_connected(deadline));
    TRY(check_terminal(call));
    const contract::PaymentMarker marker = TRY(mark(call, last, gate));
    const Bytes command = call.command(id_to_tell(last, booked_here(gate, identity_), bugs_));
    TRY(gate.persist(contract::Record(contract::Marker(marker))));
    if (gate.take_abort()) {
        return make_error(ErrorCode::payment_cancelled, "broken off before the terminal was asked");
    }
    MoneyListener listener({call, gate, identity_, settings_.currency, charset(), bugs_, last});
    Dialogue dialogue(*link_, clock_, settings_.timeouts, charset(), gate_);
    Call procedure{command, call.step};
    procedure.money = true;
    procedure.breakable = true;
    auto ending = dialogue.run(procedure, listener, deadline);
    if (!ending && ending.error().effect == Effect::unknown && bugs_.resend_on_timeout) {
        drop();
        TRY(ensure_connected(deadline));
        Dialogue again(*link_, clock_, settings_.timeouts, charset(), gate_);
        ending = again.run(procedure, listener, deadline);
    }
    if (!ending) {
        drop();
        return ending.error().effect == Effect::none ? ending.error() : doubtful(ending.error());
    }
    if (bugs_.acknowledge_before_durable) {
        TRY(listener.keep_outcome());
    }
    gate.take_abort();  // a wish that came too late
    auto outcome = listener.take_outcome();
    if (!outcome && (outcome.error().effect == Effect::unknown ||
                     outcome.error().device_code == kCodeNotRegistered)) {
        drop();
    }
    return outcome;
}

Result<contract::PaymentResult> Terminal::pay(const MoneyCall& call, device::Gate& gate,
                                              os::Deadline deadline) {
    auto result = TRY(run_money(call, gate, deadline));
    return std::get<contract::PaymentResult>(std::move(result));
}

Result<contract::PaymentResult> Terminal::authorise(const contract::Authorise& command,
                                                    device::Gate& gate, os::Deadline deadline) {
    TRY(check_currency(command.currency));
    MoneyCall call;
    call.amount = command.amount_minor;
    call.allow_partial = command.allow_partial;
    call.step = "payment";
    call.command = [&](const std::optional<Bytes>& id) {
        return write_payment({command.amount_minor, currency_number(command.currency),
                              kTerminalDecides, id, command.allow_partial});
    };
    return pay(call, gate, deadline);
}

Result<contract::PaymentResult> Terminal::reverse(const contract::Reverse& command,
                                                  device::Gate& gate, os::Deadline deadline) {
    constexpr std::int64_t kReceiptMax = 9999;
    TRY(check_currency(command.currency));
    if (command.receipt_number < 1 || command.receipt_number > kReceiptMax) {
        return base::bad_field("receipt_number", "1 to 9999, from the payment's result");
    }
    MoneyCall call;
    call.kind = contract::TransactionKind::reversal;
    call.amount = command.amount_minor;
    call.step = "reversal";
    call.terminal = command.terminal_id;
    call.command = [&](const std::optional<Bytes>& id) {
        const Payment payment{command.amount_minor, currency_number(command.currency), {}, id};
        return write_reversal(settings_.password, command.receipt_number, payment);
    };
    return pay(call, gate, deadline);
}

Result<contract::PaymentResult> Terminal::refund(const contract::Refund& command,
                                                 device::Gate& gate, os::Deadline deadline) {
    TRY(check_currency(command.currency));
    MoneyCall call;
    call.kind = contract::TransactionKind::refund;
    call.amount = command.amount_minor;
    call.step = "refund";
    call.command = [&](const std::optional<Bytes>& id) {
        return write_refund(settings_.password,
                            {command.amount_minor, currency_number(command.currency), {}, id});
    };
    return pay(call, gate, deadline);
}

Result<contract::EndOfDayResult> Terminal::end_of_day(const contract::EndOfDay&, device::Gate& gate,
                                                      os::Deadline deadline) {
    MoneyCall call;
    call.kind = contract::TransactionKind::end_of_day;
    call.step = "end of day";
    call.command = [&](const std::optional<Bytes>& id) {
        return write_end_of_day(settings_.password, id);
    };
    auto result = TRY(run_money(call, gate, deadline));
    return std::get<contract::EndOfDayResult>(std::move(result));
}

}  // namespace tillhost::drivers::zvt
