#include <fmt/format.h>

#include "hal/base/money.h"
#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kNumberMax = 999'999'999;
constexpr std::int64_t kAmountMinorMax = 999'999'999'999;  // of a payment in the contract

void declare_sell(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("sell");
    auto filled = std::make_shared<SellVerb>();
    verb.text("FILE", "sell.file", filled->path, Presence::required);
    take_how(verb, filled->how);
    verb.text("--registrar DEVICE", "sell.registrar", filled->registrar);
    verb.text("--substitute DEVICE", "sell.substitute", filled->substitute);
    verb.text("--terminal DEVICE", "sell.terminal", filled->terminal);
    verb.text("--print DEVICE", "sell.print", filled->printer);
    verb.flag("--open-drawer", "sell.open_drawer", filled->open_drawer);
    verb.text("--drawer DEVICE", "sell.drawer", filled->drawer);
    keep(verb, to, filled);
}

/// The words of a payment are looked at when all of them are known.
void keep_payment(VerbGrammar& verb, Invocation& to, const std::shared_ptr<PayVerb>& filled) {
    verb.chosen([&to, filled, language = verb.language()] {
        if (filled->amount.empty() == filled->of.is_nil()) {
            return std::string(text(language, Text::reverse_wants));
        }
        if (!filled->currency.empty() && !base::Currency::from_code(filled->currency)) {
            return "--currency: " +
                   tillctl::filled(language, Text::currency_wanted, filled->currency);
        }
        const Problem problem = filled->amount.empty()
                                    ? ""
                                    : amount_problem(language, filled->amount, filled->currency);
        if (!problem.empty()) {
            return "AMOUNT: " + problem;
        }
        to.verb = std::move(*filled);
        return Problem();
    });
}

void declare_money(CommandLine& line, Invocation& to, std::string_view name, OnCard what) {
    VerbGrammar verb = line.verb(name);
    auto filled = std::make_shared<PayVerb>();
    filled->what = what;
    take_hand_over(verb, filled->how);
    verb.text("AMOUNT", "payment.amount", filled->amount, Presence::required);
    verb.text("--currency CODE", "payment.currency", filled->currency);
    verb.number("--start-within SECONDS", "payment.start_within", 1, kStartWithinMaxS,
                filled->start_within_s);
    keep_payment(verb, to, filled);
}

void declare_reverse(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("reverse");
    auto filled = std::make_shared<PayVerb>();
    filled->what = OnCard::take_back;
    take_hand_over(verb, filled->how);
    verb.text("AMOUNT", "reverse.amount", filled->amount);
    take_id(verb, "--of ID", "reverse.of", filled->of);
    verb.number("--receipt NUMBER", "payment.receipt", 0, kNumberMax,
                filled->numbers.receipt_number);
    verb.number("--trace NUMBER", "payment.trace", 0, kNumberMax, filled->numbers.trace_number);
    verb.text("--reference TEXT", "payment.reference", filled->numbers.reference);
    verb.text("--currency CODE", "payment.currency", filled->currency);
    keep_payment(verb, to, filled);
}

/// A command of a terminal without words of its own.
void declare_plain(CommandLine& line, Invocation& to, std::string_view name,
                   contract::Command command) {
    VerbGrammar verb = line.verb(name);
    auto filled = std::make_shared<SubmitVerb>();
    filled->command = std::move(command);
    take_hand_over(verb, filled->how);
    keep(verb, to, filled);
}

}  // namespace

Problem amount_problem(Language language, const std::string& word, const std::string& currency) {
    const auto known = base::Currency::from_code(currency);
    const auto amount = base::Money::from_text(word, known ? *known : base::Currency::rub());
    return amount && amount->minor() > 0 && amount->minor() <= kAmountMinorMax
               ? ""
               : filled(language, Text::payment_amount_wanted, word);
}

void declare_payments(CommandLine& line, Invocation& to) {
    declare_sell(line, to);
    declare_money(line, to, "pay", OnCard::charge);
    declare_reverse(line, to);
    declare_money(line, to, "refund", OnCard::pay_back);
    VerbGrammar abort = line.verb("abort");
    auto broken = std::make_shared<AbortVerb>();
    abort.text("WHAT", "abort.what", broken->what, Presence::required);
    keep(abort, to, broken);
    declare_plain(line, to, "end-of-day", contract::EndOfDay{});
    declare_plain(line, to, "diagnose", contract::Diagnose{});
    declare_plain(line, to, "initialise", contract::InitialiseTerminal{});
    VerbGrammar repeat = line.verb("repeat-receipt");
    auto filled = std::make_shared<SubmitVerb>();
    filled->command = contract::RepeatReceipt{};
    take_hand_over(repeat, filled->how);
    using contract::ReceiptChoice;
    take_enumerator(repeat, "WHICH", "repeat-receipt.which",
                    {ReceiptChoice::last, ReceiptChoice::merchant, ReceiptChoice::customer,
                     ReceiptChoice::end_of_day},
                    std::get<contract::RepeatReceipt>(filled->command).which);
    keep(repeat, to, filled);
}

}  // namespace tillhost::tillctl
