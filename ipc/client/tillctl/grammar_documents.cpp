#include "hal/base/money.h"
#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kFontMax = 9;
constexpr std::int64_t kFeedLinesMax = 255;

/// A verb that hands over a command; `words` fills it.
template <class Words>
void declare_command(CommandLine& line, Invocation& to, std::string_view name,
                     contract::Command command, Words words) {
    VerbGrammar verb = line.verb(name);
    auto filled = std::make_shared<SubmitVerb>();
    filled->command = std::move(command);
    take_hand_over(verb, filled->how);
    words(verb, filled);
    keep(verb, to, filled);
}

void declare_command(CommandLine& line, Invocation& to, std::string_view name,
                     contract::Command command) {
    declare_command(line, to, name, std::move(command), [](VerbGrammar&, const auto&) {});
}

void declare_receipts(CommandLine& line, Invocation& to) {
    VerbGrammar receipt = line.verb("receipt");
    auto sold = std::make_shared<ReceiptVerb>();
    take_hand_over(receipt, sold->how);
    receipt.text("FILE", "receipt.file", sold->path, Presence::required);
    keep(receipt, to, sold);

    VerbGrammar correction = line.verb("correction");
    auto mended = std::make_shared<CorrectionVerb>();
    take_hand_over(correction, mended->how);
    correction.text("FILE", "correction.file", mended->path, Presence::required);
    using contract::CorrectionBasis;
    take_enumerator(correction, "--basis", "correction.basis",
                    {CorrectionBasis::own_initiative, CorrectionBasis::by_order}, mended->basis,
                    Presence::required);
    correction.text("--date YYYY-MM-DD", "correction.date", mended->date, Presence::required);
    correction.text("--number NUMBER", "correction.number", mended->number);
    keep(correction, to, mended);
}

void declare_shift(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("shift");
    auto filled = std::make_shared<SubmitVerb>();
    auto cashier = std::make_shared<contract::Cashier>();
    auto action = std::make_shared<std::string>();
    take_hand_over(verb, filled->how);
    verb.choice(
        "ACTION", "shift.action", {"open", "close"},
        [action](const std::string& word) {
            *action = word;
            return Problem();
        },
        Presence::required);
    verb.text("--cashier NAME", "cashier", cashier->name);
    verb.text("--tax-id DIGITS", "tax_id", cashier->tax_id);
    verb.chosen([&to, filled, cashier, action, language = verb.language()] {
        const bool named = !cashier->name.empty();
        if (!named && !cashier->tax_id.empty()) {
            return "--tax-id: " + std::string(text(language, Text::needs_cashier));
        }
        const auto who = named ? std::optional(*cashier) : std::nullopt;
        filled->command = *action == "open" ? contract::Command(contract::OpenShift{who})
                                            : contract::Command(contract::CloseShift{who});
        to.verb = std::move(*filled);
        return Problem();
    });
}

void take_cash(VerbGrammar& verb, const std::shared_ptr<SubmitVerb>& filled) {
    auto direction = std::make_shared<std::string>();
    verb.choice(
        "DIRECTION", "cash.direction", {"in", "out"},
        [direction](const std::string& word) {
            *direction = word;
            return Problem();
        },
        Presence::required);
    verb.take(
        "AMOUNT", "cash.amount",
        [filled, direction, language = verb.language()](const std::string& word) {
            const auto amount = base::Money::from_text(word, base::Currency::rub());
            if (!amount) {
                return tillctl::filled(language, Text::amount_wanted, word);
            }
            const std::string currency(amount->currency().code());
            if (*direction == "in") {
                filled->command = contract::CashIn{amount->minor(), currency};
            } else {
                filled->command = contract::CashOut{amount->minor(), currency};
            }
            return Problem();
        },
        Presence::required);
}

void take_lines(VerbGrammar& verb, const std::shared_ptr<SubmitVerb>& filled) {
    auto& command = std::get<contract::PrintText>(filled->command);
    verb.take_all(
        "TEXT", "print.text",
        [filled](const std::vector<std::string>& lines) {
            std::get<contract::PrintText>(filled->command).lines = lines;
            return Problem();
        },
        Presence::required);
    verb.number("--font NUMBER", "print.font", 0, kFontMax, command.font);
}

void take_barcode(VerbGrammar& verb, const std::shared_ptr<SubmitVerb>& filled) {
    using contract::Symbology;
    auto& command = std::get<contract::PrintBarcode>(filled->command);
    take_enumerator(verb, "SYMBOLOGY", "barcode.symbology",
                    {Symbology::ean13, Symbology::ean8, Symbology::code39, Symbology::code128,
                     Symbology::itf, Symbology::codabar, Symbology::upc_a, Symbology::qr,
                     Symbology::data_matrix, Symbology::pdf417, Symbology::aztec},
                    command.symbology, Presence::required);
    verb.text("PAYLOAD", "barcode.payload", command.payload, Presence::required);
}

void declare_paper(CommandLine& line, Invocation& to) {
    declare_command(line, to, "print", contract::PrintText{}, take_lines);
    declare_command(line, to, "barcode", contract::PrintBarcode{}, take_barcode);
    declare_command(line, to, "copy", contract::PrintCopy{});
    declare_command(line, to, "continue", contract::ContinuePrint{});
    declare_command(line, to, "feed", contract::FeedPaper{},
                    [](VerbGrammar& verb, const std::shared_ptr<SubmitVerb>& filled) {
                        verb.number("LINES", "feed.lines", 1, kFeedLinesMax,
                                    std::get<contract::FeedPaper>(filled->command).lines,
                                    Presence::required);
                    });
    VerbGrammar document = line.verb("print-document");
    auto printed = std::make_shared<PrintDocumentVerb>();
    take_hand_over(document, printed->how);
    document.text("FILE", "print-document.file", printed->path, Presence::required);
    keep(document, to, printed);
    VerbGrammar cut = line.verb("cut");
    auto filled = std::make_shared<SubmitVerb>();
    auto full = std::make_shared<bool>(false);
    take_hand_over(cut, filled->how);
    cut.flag("--full", "cut.full", *full);
    cut.chosen([&to, filled, full] {
        filled->command = contract::CutPaper{!*full};
        to.verb = std::move(*filled);
        return Problem();
    });
    declare_command(line, to, "drawer", contract::OpenDrawer{});
}

}  // namespace

void take_hand_over(VerbGrammar& verb, HandOver& how) {
    verb.text("DEVICE", "device", how.device, Presence::required);
    take_how(verb, how);
}

void take_how(VerbGrammar& verb, HandOver& how) {
    take_id(verb, "--id UUID", "id", how.operation_id);
    verb.text("--sale-ref TEXT", "sale_ref", how.sale_ref);
    verb.flag("--force", "force", how.force);
}

void declare_documents(CommandLine& line, Invocation& to) {
    declare_shift(line, to);
    declare_receipts(line, to);
    declare_command(line, to, "cash", {}, take_cash);
    declare_command(line, to, "report", contract::XReport{},
                    [](VerbGrammar& verb, const std::shared_ptr<SubmitVerb>&) {
                        verb.choice(
                            "KIND", "report.x", {"x"}, [](const std::string&) { return Problem(); },
                            Presence::required);
                    });
    declare_paper(line, to);
}

}  // namespace tillhost::tillctl
