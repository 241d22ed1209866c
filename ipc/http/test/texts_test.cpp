// Claim: each language has its forms, a table with a gap does not compile, and a browser gets the
// best language that there is. Shown on tables with each gap, and on CLDR's examples of numbers.
#include "ipc/http/texts.h"

#include <gtest/gtest.h>

namespace tillhost::http {
namespace {

constexpr std::array<Text, 2> kTable = {{
    {"Sign in", "Войти", "Zaloguj się"},
    {"{n} minute|{n} minutes", "{n} минута|{n} минуты|{n} минут",
     "{n} minuta|{n} minuty|{n} minut"},
}};
using Words = Texts<kTable>;
constexpr char kMinutes[] = "{n} minute|{n} minutes";

constexpr std::array<Text, 1> kNoRussian = {{{"Yes", "", "Tak"}}};
constexpr std::array<Text, 1> kNoPolish = {{{"Yes", "Да", ""}}};
constexpr std::array<Text, 1> kFewForms = {{{"{n} a|{n} b", "{n} a|{n} b", "{n} a|{n} b|{n} c"}}};
constexpr std::array<Text, 1> kManyForms = {{{"a", "b|c|d", "e"}}};
constexpr std::array<Text, 2> kTwice = {{{"Yes", "Да", "Tak"}, {"Yes", "Да", "Tak"}}};
static_assert(is_complete(kTable));
static_assert(!is_complete(kNoRussian) && !is_complete(kNoPolish) && !is_complete(kFewForms));
static_assert(!is_complete(kManyForms) && !is_complete(kTwice));

TEST(Texts, AreSaidInEachLanguage) {
    EXPECT_EQ(Words::say(Language::en, "Sign in"), "Sign in");
    EXPECT_EQ(Words::say(Language::ru, "Sign in"), "Войти");
    EXPECT_EQ(Words::say(Language::pl, "Sign in"), "Zaloguj się");
}

TEST(Texts, CountInEachLanguage) {
    EXPECT_EQ(Words::count(Language::en, kMinutes, 1), "1 minute");
    EXPECT_EQ(Words::count(Language::en, kMinutes, 0), "0 minutes");
    EXPECT_EQ(Words::count(Language::en, kMinutes, 21), "21 minutes");
    for (const unsigned one : {1U, 21U, 101U, 1001U}) {
        EXPECT_EQ(plural_form(Language::ru, one), 0U) << one;
    }
    for (const unsigned few : {2U, 3U, 4U, 22U, 102U, 1034U}) {
        EXPECT_EQ(plural_form(Language::ru, few), 1U) << few;
        EXPECT_EQ(plural_form(Language::pl, few), 1U) << few;
    }
    for (const unsigned many : {0U, 5U, 11U, 12U, 13U, 14U, 19U, 20U, 25U, 111U, 112U, 1012U}) {
        EXPECT_EQ(plural_form(Language::ru, many), 2U) << many;
        EXPECT_EQ(plural_form(Language::pl, many), 2U) << many;
    }
    EXPECT_EQ(plural_form(Language::pl, 1), 0U);
    EXPECT_EQ(plural_form(Language::pl, 21), 2U);
    EXPECT_EQ(Words::count(Language::pl, kMinutes, 22), "22 minuty");
    EXPECT_EQ(Words::count(Language::ru, kMinutes, 11), "11 минут");
}

TEST(Texts, AreInTheLanguageOfTheBrowser) {
    const auto best = [](std::string_view accepted) { return language_of(accepted, {}); };
    EXPECT_EQ(best(""), Language::en);
    EXPECT_EQ(best("de"), Language::en);
    EXPECT_EQ(best("pl"), Language::pl);
    EXPECT_EQ(best("de-DE, ru-RU;q=0.5, PL-pl;q=0.8, en;q=0.3"), Language::pl);
    EXPECT_EQ(best("ru,pl"), Language::ru);
    EXPECT_EQ(best("pl;q=0, ru;q=0.001"), Language::ru);
    EXPECT_EQ(best("pl;q=0"), Language::en);
    EXPECT_EQ(best(";;,,q=,ru;q=x"), Language::ru);
    EXPECT_EQ(language_of("ru", Language::pl), Language::pl);
    std::string far;
    for (int i = 0; i < 32; ++i) {
        far += "de,";
    }
    EXPECT_EQ(best(far + "ru"), Language::en);
}

TEST(Texts, KnowTheirLanguagesByCode) {
    for (const Language language : {Language::en, Language::ru, Language::pl}) {
        EXPECT_EQ(language_from(code_of(language)), language);
    }
    EXPECT_EQ(language_from("PL-pl"), Language::pl);
    EXPECT_EQ(language_from("polish"), std::nullopt);
    EXPECT_EQ(language_from(""), std::nullopt);
}

}  // namespace
}  // namespace tillhost::http
