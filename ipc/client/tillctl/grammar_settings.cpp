#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kTableMax = 255;
constexpr std::int64_t kRowMax = 65'535;
constexpr std::string_view kNow = "now";

/// Each time the option stands there is one line more.
void take_lines(VerbGrammar& verb, std::string_view name, std::string_view help,
                std::vector<std::string>& to) {
    verb.take_all(name, help, [&to](const std::vector<std::string>& lines) {
        to = lines;
        return Problem();
    });
}

void declare_layout(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("layout");
    auto filled = std::make_shared<SubmitVerb>();
    auto layout = std::make_shared<contract::SetLayout>();
    auto cut = std::make_shared<contract::CutMode>(contract::CutMode::unspecified);
    take_hand_over(verb, filled->how);
    take_lines(verb, "--header LINE", "layout.header", layout->header);
    take_lines(verb, "--footer LINE", "layout.footer", layout->footer);
    take_enumerator(verb, "--cut", "layout.cut",
                    {contract::CutMode::none, contract::CutMode::full, contract::CutMode::partial},
                    *cut);
    take_lines(verb, "--payment NAME", "layout.payment", layout->payment_names);
    verb.chosen([&to, filled, layout, cut, language = verb.language()] {
        if (*cut != contract::CutMode::unspecified) {
            layout->auto_cut = *cut;
        }
        if (*layout == contract::SetLayout{}) {
            return std::string(text(language, Text::nothing_to_set));
        }
        filled->command = *layout;
        to.verb = std::move(*filled);
        return Problem();
    });
}

void declare_clock(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("clock");
    auto filled = std::make_shared<SubmitVerb>();
    take_hand_over(verb, filled->how);
    verb.take(
        "TIME", "clock.time",
        [filled](const std::string& word) {
            filled->command = contract::SetClock{word == kNow ? "" : word};
            return Problem();
        },
        Presence::required);
    keep(verb, to, filled);
}

void declare_table(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("write-table");
    auto filled = std::make_shared<SubmitVerb>();
    filled->command = contract::WriteTable{};
    auto& field = std::get<contract::WriteTable>(filled->command);
    take_hand_over(verb, filled->how);
    verb.number("TABLE", "query.table.table", 1, kTableMax, field.table, Presence::required);
    verb.number("ROW", "query.table.row", 1, kRowMax, field.row, Presence::required);
    verb.number("FIELD", "query.table.field", 1, kTableMax, field.field, Presence::required);
    verb.text("VALUE", "write-table.value", field.value, Presence::required);
    keep(verb, to, filled);
}

}  // namespace

void declare_settings(CommandLine& line, Invocation& to) {
    declare_layout(line, to);
    declare_clock(line, to);
    declare_table(line, to);
}

}  // namespace tillhost::tillctl
