#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Translations as tables in the program. A text that stands in no table, lacks a language or a
// plural form does not compile: there is nothing to find at run time.
namespace tillhost::http {

enum class Language : std::uint8_t { en, ru, pl };
inline constexpr std::size_t kLanguages = 3;

/// "en", "ru", "pl": as in the lang attribute of HTML.
std::string_view code_of(Language language);
/// By its code, also with a region ("pl-PL"), in any case.
std::optional<Language> language_from(std::string_view code);

/// What a user chose once, else the best of Accept-Language (RFC 9110, section 12.5.4) that is
/// spoken here, else English. Any text is taken; at most its first 32 items are looked at.
Language language_of(std::string_view accept_language, std::optional<Language> remembered);

/// One row of a table. The English text is its key. A text for a number has its forms divided by
/// "|": two of English, three of Russian and Polish, in the order one, few, many, each with "{n}"
/// where the number stands ("{n} minute|{n} minutes").
struct Text {
    std::string_view en;
    std::string_view ru;
    std::string_view pl;
};

/// Which form a number takes, counted from 0: CLDR's one, few, many (English: one, other).
constexpr std::size_t plural_form(Language language, std::uint64_t number) {
    const std::uint64_t last = number % 10;
    const bool teens = number % 100 >= 11 && number % 100 <= 14;
    const bool few = last >= 2 && last <= 4 && !teens;
    switch (language) {
        case Language::en: return number == 1 ? 0 : 1;
        case Language::ru: return last == 1 && !teens ? 0 : (few ? 1 : 2);
        case Language::pl: return number == 1 ? 0 : (few ? 1 : 2);
    }
    return 0;
}

constexpr std::size_t forms_of(std::string_view text) {
    std::size_t forms = 1;
    for (const char c : text) {
        forms += c == '|' ? 1 : 0;
    }
    return forms;
}

/// Whether each row has all languages, each with its number of forms, and no key comes twice.
template <std::size_t count>
constexpr bool is_complete(const std::array<Text, count>& table) {
    for (std::size_t i = 0; i < count; ++i) {
        const Text& row = table[i];
        const std::size_t forms = forms_of(row.en) == 1 ? 1 : 3;
        if (row.en.empty() || row.ru.empty() || row.pl.empty() || forms_of(row.en) > 2 ||
            forms_of(row.ru) != forms || forms_of(row.pl) != forms) {
            return false;
        }
        for (std::size_t k = 0; k < i; ++k) {
            if (table[k].en == row.en) {
                return false;
            }
        }
    }
    return true;
}

std::string_view text_of(const Text& row, Language language);
std::string counted_text(const Text& row, Language language, std::uint64_t number);

/// The texts of one table: `using Words = Texts<kTable>; Words::say(Language::pl, "Sign in")`.
template <const auto& table>
class Texts final {
public:
    static_assert(is_complete(table), "a translation is missing, or a key comes twice");

    /// A key that is in the table: any other stops the compiler here.
    class Key {
    public:
        consteval Key(const char* en) : row_(index_of(en)) {}  // NOLINT: to be written as a text
        constexpr const Text& row() const { return table[row_]; }

    private:
        static consteval std::size_t index_of(std::string_view en) {
            for (std::size_t i = 0; i < table.size(); ++i) {
                if (table[i].en == en) {
                    return i;
                }
            }
            throw "this text is not in the table of translations";
        }
        std::size_t row_;
    };

    static std::string_view say(Language language, Key key) { return text_of(key.row(), language); }
    /// The form for the number, with the number in it.
    static std::string count(Language language, Key key, std::uint64_t number) {
        return counted_text(key.row(), language, number);
    }
};

}  // namespace tillhost::http
