#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

#include "hal/base/error.h"
#include "ipc/contract/messages.h"

// The catalogue of what tillctl says, in every language. Verbs, settings and fields keep their
// names: scripts and manuals rely on them. What devd and drivers write for people is English; the
// advice on an error is of this catalogue.
namespace tillhost::tillctl {

enum class Language { english, russian, polish };
inline constexpr Language kLanguages[] = {Language::english, Language::russian, Language::polish};

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
/// Of "en", "ru" or "pl".
std::optional<Language> language_named(std::string_view name);

/// The text; its {} are filled by filled().
std::string_view text(Language language, Text which);
/// A text of the contract in the language, in English where it is missing there.
std::string_view text(Language language, const contract::Texts& texts);
/// Help on a verb ("receipt"), on a word or an option ("json", "status.ask"), or a verb's examples
/// ("receipt.examples"); empty if there is none.
std::string_view help_of(Language language, std::string_view key);
/// What an error of that code means and what to do about it; empty if the code is not known here.
std::string_view advice_on(Language language, std::string_view error_code);

/// The text with its {} filled.
template <class... Values>
std::string filled(Language language, Text which, const Values&... values) {
    return fmt::format(fmt::runtime(text(language, which)), values...);
}

}  // namespace tillhost::tillctl
