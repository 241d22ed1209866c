#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "ipc/client/tillctl/admin.h"

// Questions on a terminal, one a step. A person may answer, go one step back, or give up at any of
// them (Ctrl-D, Ctrl-C); what was answered lives in the dialogue alone until it is over.
namespace tillhost::tillctl {

/// Where the dialogue goes after a question.
enum class Move { on, back, gives_up };

/// An answer without blanks around it, or where the person goes instead of answering. "<" and
/// "back" go back.
using Answer = std::variant<std::string, Move>;

/// Says a text that has nothing to fill in.
void say(const AdminContext& to, Text which);
/// Asks in one line.
Answer ask(const AdminContext& to, std::string_view prompt, bool secret = false);

/// Asks until y or n, or their like in the language, is said; an empty answer is `otherwise`.
/// Nothing if the person goes back or gives up, and then `move` says which.
std::optional<bool> ask_whether(const AdminContext& to, std::string_view prompt, bool otherwise,
                                Move& move);

/// What devd says against a value, for the person who typed it.
std::string objection(Language language, const base::Error& error);

/// Asks step after step, of which there are `steps()`: `step(number)` moves on, back (before the
/// first there is nothing: it is asked again), or ends everything. False if the person gave up.
template <class Steps, class Step>
base::Result<bool> walk(const AdminContext& to, Steps steps, Step step) {
    for (std::size_t at = 0; at < steps();) {
        switch (TRY(step(at))) {
            case Move::on: ++at; break;
            case Move::gives_up: return false;
            case Move::back:
                if (at == 0) {
                    say(to, Text::nothing_before);
                } else {
                    --at;
                }
                break;
        }
    }
    return true;
}

}  // namespace tillhost::tillctl
