#include "ipc/client/tillctl/language.h"

#include <array>
#include <cstdlib>

namespace tillhost::tillctl {
namespace {

using Row = std::array<std::string_view, 3>;

constexpr auto kTexts = std::to_array<Row>({
#define T(name, english, russian, polish) {english, russian, polish},
#include "ipc/client/tillctl/texts.def"
#undef T
});

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
    static const Language language =
        language_of(std::getenv("LC_ALL"), std::getenv("LC_MESSAGES"), std::getenv("LANG"));
    return language;
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

}  // namespace tillhost::tillctl
