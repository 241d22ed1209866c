#pragma once

#include <string>
#include <string_view>

#include "ipc/contract/messages.h"

// The catalogue of what tillctl says in several languages. Verbs and settings keep their names:
// scripts and manuals rely on them.
namespace tillhost::tillctl {

enum class Language { english, russian, polish };

/// The texts of texts.def.
enum class Text {
#define T(name, english, russian, polish) name,
#include "ipc/client/tillctl/texts.def"
#undef T
};

/// Of LC_ALL, LC_MESSAGES and LANG the first that is set: ru… and pl… are those, all else English.
Language language_of(const char* lc_all, const char* lc_messages, const char* lang);
/// The same from this process's environment.
Language user_language();

/// The text; its {} are filled by fmt::format(fmt::runtime(…)).
std::string_view text(Language language, Text which);
/// A text of the contract in the language, in English where it is missing there.
std::string_view text(Language language, const contract::Texts& texts);

}  // namespace tillhost::tillctl
