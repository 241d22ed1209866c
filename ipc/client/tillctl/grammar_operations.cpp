#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kDocumentNumberMax = 4'294'967'295;
constexpr std::int64_t kVersionMax = 9'007'199'254'740'991;
constexpr std::int64_t kListMax = 1000;
constexpr std::int64_t kTerminalNumberMax = 999'999'999;

/// What a person reads from a terminal's paper.
void take_entry(VerbGrammar& verb, DecideVerb& filled, contract::PaymentEntry& entry) {
    verb.text("--amount AMOUNT", "decide.amount", filled.amount);
    verb.text("--amount-again AMOUNT", "decide.amount_again", filled.amount_again);
    verb.text("--currency CODE", "decide.currency", entry.currency);
    verb.number("--receipt NUMBER", "payment.receipt", 0, kTerminalNumberMax, entry.receipt_number);
    verb.text("--authorisation TEXT", "decide.authorisation", entry.authorisation_code);
    verb.text("--card TEXT", "decide.card", entry.card_name);
    verb.text("--reference TEXT", "payment.reference", entry.reference);
}

void declare_decide(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("decide");
    auto filled = std::make_shared<DecideVerb>();
    auto* decision = &filled->decision;
    take_id(verb, "ID", "operation.id", decision->operation_id, Presence::required);
    take_enumerator(verb, "VERDICT", "decide.verdict",
                    {contract::Verdict::executed, contract::Verdict::not_executed},
                    decision->verdict, Presence::required);
    verb.number("--version NUMBER", "decide.version", 0, kVersionMax, decision->version,
                Presence::required);
    verb.number("--document NUMBER", "decide.document", 0, kDocumentNumberMax,
                decision->fiscal_document_number);
    verb.text("--note TEXT", "decide.note", decision->note, Presence::required);
    verb.text("--device DEVICE", "operation.device", decision->device);
    verb.flag("--force", "decide.force", decision->force);
    auto entry = std::make_shared<contract::PaymentEntry>();
    take_entry(verb, *filled, *entry);
    verb.chosen([&to, filled, entry, language = verb.language()] {
        const bool given = *entry != contract::PaymentEntry() || !filled->amount_again.empty();
        if (given && filled->amount.empty()) {
            return "--amount: " + std::string(text(language, Text::entry_wants_amount));
        }
        for (const auto& [name, word] : {std::pair{"--amount", &filled->amount},
                                         std::pair{"--amount-again", &filled->amount_again}}) {
            const Problem problem =
                word->empty() ? "" : amount_problem(language, *word, entry->currency);
            if (!problem.empty()) {
                return fmt::format("{}: {}", name, problem);
            }
        }
        if (!filled->amount.empty()) {
            filled->decision.payment = *entry;
        }
        to.verb = std::move(*filled);
        return Problem();
    });
}

}  // namespace

void take_id(VerbGrammar& verb, std::string_view name, std::string_view help, base::OperationId& id,
             Presence presence) {
    verb.take(
        name, help,
        [&id, language = verb.language()](const std::string& word) {
            const auto read = base::OperationId::from_text(word);
            if (!read) {
                return filled(language, Text::id_wanted, word);
            }
            id = *read;
            return Problem();
        },
        presence);
}

void declare_operations(CommandLine& line, Invocation& to) {
    VerbGrammar list = line.verb("operations");
    auto filled = std::make_shared<OperationsVerb>();
    list.text("--device DEVICE", "operations.device", filled->request.device);
    list.flag("--unsettled", "operations.unsettled", filled->request.unsettled_only);
    list.number("--limit NUMBER", "operations.limit", 1, kListMax, filled->request.limit);
    keep(list, to, filled);
    const std::pair<const char*, OnOperation> verbs[] = {{"operation", OnOperation::show},
                                                         {"resolve", OnOperation::resolve},
                                                         {"cancel", OnOperation::cancel},
                                                         {"settle", OnOperation::settle},
                                                         {"acknowledge", OnOperation::acknowledge}};
    for (const auto& [name, what] : verbs) {
        VerbGrammar verb = line.verb(name);
        auto one = std::make_shared<OperationVerb>();
        one->what = what;
        take_id(verb, "ID", "operation.id", one->operation_id, Presence::required);
        verb.text("--device DEVICE", "operation.device", one->device);
        keep(verb, to, one);
    }
    declare_decide(line, to);
}

}  // namespace tillhost::tillctl
