#include "ipc/client/tillctl/language.h"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tillhost::tillctl {
namespace {

using Row = std::array<std::string_view, std::size(kLanguages)>;

constexpr auto kTexts = std::to_array<Row>({
#define T(name, english, russian, polish) {english, russian, polish},
#include "ipc/client/tillctl/texts.def"
#undef T
});

struct KeyedRow {
    std::string_view key;
    Row row;
};

constexpr auto kHelp = std::to_array<KeyedRow>({
#define H(key, english, russian, polish) {key, {english, russian, polish}},
#include "ipc/client/tillctl/texts_help.def"
#undef H
});

constexpr auto kErrors = std::to_array<KeyedRow>({
#define E(code, english, russian, polish) {#code, {english, russian, polish}},
#include "ipc/client/tillctl/texts_errors.def"
#undef E
});

template <class Rows>
std::string_view find(const Rows& rows, std::string_view key, Language language) {
    const auto found = std::find_if(std::begin(rows), std::end(rows),
                                    [key](const KeyedRow& one) { return one.key == key; });
    return found == std::end(rows) ? std::string_view()
                                   : found->row.at(static_cast<std::size_t>(language));
}

}  // namespace

Language language_of(const char* lc_all, const char* lc_messages, const char* lang) {
    for (const char* value : {lc_all, lc_messages, lang}) {
        if (value == nullptr || *value == '\0') {
            continue;
        }
        const std::string_view name(value);
        if (name.starts_with("ru")) {
            return Language::russian;
        }
        return name.starts_with("pl") ? Language::polish : Language::english;
    }
    return Language::english;
}

Language user_language() {
    return language_of(std::getenv("LC_ALL"), std::getenv("LC_MESSAGES"), std::getenv("LANG"));
}

std::optional<Language> language_named(std::string_view name) {
    if (name == "en") {
        return Language::english;
    }
    if (name == "ru") {
        return Language::russian;
    }
    return name == "pl" ? std::optional(Language::polish) : std::nullopt;
}

std::string_view text(Language language, Text which) {
    return kTexts.at(static_cast<std::size_t>(which)).at(static_cast<std::size_t>(language));
}

std::string_view text(Language language, const contract::Texts& texts) {
    const std::string& own = language == Language::russian  ? texts.ru
                             : language == Language::polish ? texts.pl
                                                            : texts.en;
    return own.empty() ? texts.en : own;
}

std::string_view help_of(Language language, std::string_view key) {
    return find(kHelp, key, language);
}

std::string_view advice_on(Language language, std::string_view error_code) {
    return find(kErrors, error_code, language);
}

}  // namespace tillhost::tillctl
