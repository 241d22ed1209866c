#include "ipc/client/tillctl/dialogue.h"

#include <algorithm>
#include <array>

#include "ipc/client/tillctl/texts.h"
#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr auto kBack = std::to_array<std::string_view>({"<", "back", "назад", "wstecz"});
constexpr auto kYes = std::to_array<std::string_view>({"y", "yes", "д", "да", "t", "tak"});
constexpr auto kNo = std::to_array<std::string_view>({"n", "no", "н", "нет", "nie"});

template <class Words>
bool holds(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string trimmed(std::string_view line) {
    const std::size_t begin = line.find_first_not_of(kBlanks);
    return begin == std::string_view::npos
               ? ""
               : std::string(line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1));
}

}  // namespace

void say(const AdminContext& to, Text which) { to.console.out(text(to.language, which)); }

Answer ask(const AdminContext& to, std::string_view prompt, bool secret) {
    const auto line = to.console.ask(prompt, secret);
    if (!line) {
        return Move::gives_up;
    }
    std::string answer = trimmed(*line);
    return holds(kBack, answer) ? Answer(Move::back) : Answer(std::move(answer));
}

std::optional<bool> ask_whether(const AdminContext& to, std::string_view prompt, bool otherwise,
                                Move& move) {
    while (true) {
        const Answer answer = ask(to, prompt);
        if (const auto* elsewhere = std::get_if<Move>(&answer)) {
            move = *elsewhere;
            return std::nullopt;
        }
        const auto& word = std::get<std::string>(answer);
        if (word.empty()) {
            return otherwise;
        }
        if (holds(kYes, word) || holds(kNo, word)) {
            return holds(kYes, word);
        }
        to.console.err(text(to.language, Text::no_such_choice));
    }
}

std::string objection(Language language, const base::Error& error) {
    return "  " +
           (error.code == base::ErrorCode::bad_field ? error.detail : error_line(language, error)) +
           "\n";
}

}  // namespace tillhost::tillctl
