#include <algorithm>
#include <charconv>

#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kRegisterMax = 65'535;
constexpr std::size_t kRegistersMax = 256;  // of one kind in a question
constexpr std::int64_t kTableMax = 255;
constexpr std::int64_t kRowMax = 65'535;
constexpr std::size_t kMarkingBytesMax = 200;
constexpr std::int64_t kCheckSecondsMax = 60;
constexpr std::int64_t kMsPerSecond = 1000;

/// A whole number, or nothing.
std::optional<std::int64_t> number_in(std::string_view word) {
    std::int64_t number = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, wrong] = std::from_chars(word.data(), end, number);
    return wrong == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

/// "5" or "193-196" added to `to`; false if it is no such thing, or too much.
bool add_numbers(std::string_view word, std::vector<std::int64_t>& to) {
    const std::size_t dash = word.find('-');
    const auto first = number_in(word.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number_in(word.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last > kRegisterMax ||
        to.size() + static_cast<std::size_t>(*last - *first) + 1 > kRegistersMax) {
        return false;
    }
    for (std::int64_t number = *first; number <= *last; ++number) {
        to.push_back(number);
    }
    return true;
}

void take_registers(VerbGrammar& verb, std::string_view name, std::string_view help,
                    std::vector<std::int64_t>& to) {
    verb.take_all(name, help, [&to, language = verb.language()](const auto& words) {
        for (const std::string& word : words) {
            std::size_t begin = 0;
            while (begin <= word.size()) {
                const std::size_t comma = std::min(word.find(',', begin), word.size());
                if (!add_numbers(std::string_view(word).substr(begin, comma - begin), to)) {
                    return filled(language, Text::registers_wanted, word);
                }
                begin = comma + 1;
            }
        }
        return Problem();
    });
}

/// A code with \xHH and \\ in it; nothing if it is written wrong or has the wrong length.
std::optional<base::Bytes> marking_code(std::string_view word) {
    std::string code;
    while (!word.empty()) {
        if (word.front() != '\\') {
            code += word.front();
            word.remove_prefix(1);
        } else if (word.starts_with("\\\\")) {
            code += '\\';
            word.remove_prefix(2);
        } else {
            const auto byte = word.starts_with("\\x") && word.size() >= 4
                                  ? base::from_hex(word.substr(2, 2))
                                  : base::Result<base::Bytes>(base::Bytes());
            if (!byte || byte->size() != 1) {
                return std::nullopt;
            }
            code += static_cast<char>(byte->front());
            word.remove_prefix(4);
        }
    }
    return code.empty() || code.size() > kMarkingBytesMax ? std::nullopt
                                                          : std::optional(base::bytes_of(code));
}

/// A question below "query"; its fields are filled in the value that is returned.
class Questions final {
public:
    Questions(CommandLine& line, Invocation& to)
        : query_(line.verb("query")), to_(to), device_(std::make_shared<std::string>()) {
        query_.text("DEVICE", "device", *device_, Presence::required);
    }

    void plain(std::string_view name, contract::Query query, Show show = Show::all) {
        VerbGrammar verb = query_.below(name);
        keep(verb, std::make_shared<contract::Query>(std::move(query)), show);
    }
    /// With words of its own.
    template <class Q>
    std::pair<VerbGrammar, Q*> with_words(std::string_view name) {
        auto query = std::make_shared<contract::Query>(Q{});
        VerbGrammar verb = query_.below(name);
        keep(verb, query, Show::all);
        return {verb, &std::get<Q>(*query)};
    }
    /// Whether it would take the receipt of a file.
    void receipt() {
        VerbGrammar verb = query_.below("receipt");
        auto path = std::make_shared<std::string>();
        verb.text("FILE", "receipt.file", *path, Presence::required);
        verb.chosen([&to = to_, device = device_, path] {
            to.verb = QueryVerb{*device, contract::ReceiptCheckQuery{}, Show::all, *path};
            return Problem();
        });
    }
    Language language() const { return query_.language(); }

private:
    void keep(VerbGrammar& verb, std::shared_ptr<contract::Query> query, Show show) {
        verb.chosen([&to = to_, device = device_, query = std::move(query), show,
                     language = query_.language()] {
            const auto* registers = std::get_if<contract::RegistersQuery>(query.get());
            if (registers != nullptr && registers->cash.empty() && registers->operation.empty()) {
                return std::string(text(language, Text::no_registers));
            }
            to.verb = QueryVerb{*device, *query, show, {}};
            return Problem();
        });
    }

    VerbGrammar query_;
    Invocation& to_;
    std::shared_ptr<std::string> device_;
};

void declare_marking(Questions& questions) {
    using contract::MarkingPlan;
    auto [verb, query] = questions.with_words<contract::MarkingQuery>("marking");
    verb.take(
        "CODE", "query.marking.code",
        [asked = query, language = questions.language()](const std::string& word) {
            auto code = marking_code(word);
            if (!code) {
                return std::string(text(language, Text::marking_wanted));
            }
            asked->marking.code = std::move(*code);
            return Problem();
        },
        Presence::required);
    take_enumerator(
        verb, "--plan PLAN", "query.marking.plan",
        {MarkingPlan::piece_sold, MarkingPlan::measured_sold, MarkingPlan::piece_returned,
         MarkingPlan::measured_returned, MarkingPlan::unchanged},
        query->marking.plan);
    verb.take("--wait SECONDS", "query.marking.wait",
              [asked = query, language = questions.language()](const std::string& word) {
                  const auto seconds = number_in(word);
                  if (!seconds || *seconds < 0 || *seconds > kCheckSecondsMax) {
                      return filled(language, Text::number_range, 0, kCheckSecondsMax, word);
                  }
                  asked->wait_ms = *seconds * kMsPerSecond;
                  return Problem();
              });
}

}  // namespace

void declare_questions(CommandLine& line, Invocation& to) {
    Questions questions(line, to);
    questions.plain("status", contract::StatusQuery{});
    questions.plain("clock", contract::StatusQuery{}, Show::clock);
    questions.plain("memory", contract::FiscalMemoryQuery{});
    auto [registers, numbers] = questions.with_words<contract::RegistersQuery>("registers");
    take_registers(registers, "--cash NUMBERS", "query.registers.cash", numbers->cash);
    take_registers(registers, "--operation NUMBERS", "query.registers.operation",
                   numbers->operation);
    auto [table, place] = questions.with_words<contract::TableQuery>("table");
    table.number("TABLE", "query.table.table", 1, kTableMax, place->table, Presence::required);
    table.number("ROW", "query.table.row", 1, kRowMax, place->row, Presence::required);
    table.number("FIELD", "query.table.field", 1, kTableMax, place->field, Presence::required);
    questions.plain("layout", contract::LayoutQuery{});
    declare_marking(questions);
    questions.receipt();
    questions.plain("last", contract::LastTransactionQuery{});
    auto [echo, sent] = questions.with_words<contract::EchoQuery>("echo");
    echo.take(
        "TEXT", "query.echo.text",
        [asked = sent](const std::string& word) {
            asked->payload = base::bytes_of(word);
            return Problem();
        },
        Presence::required);
}

}  // namespace tillhost::tillctl
