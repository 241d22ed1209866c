// Claim: tillctl speaks the user's language, and every text has the same places to fill in each.
// Shown on the environment's forms, and by filling every text of the catalogue.
#include "ipc/client/tillctl/language.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tillhost::tillctl {
namespace {

TEST(Language, IsTheFirstThatTheEnvironmentNames) {
    EXPECT_EQ(language_of("ru_RU.UTF-8", "pl_PL", "de_DE"), Language::russian);
    EXPECT_EQ(language_of("", "pl_PL.UTF-8", "ru_RU"), Language::polish);
    EXPECT_EQ(language_of(nullptr, nullptr, "pl"), Language::polish);
    EXPECT_EQ(language_of("C", "ru_RU", "ru_RU"), Language::english);
    EXPECT_EQ(language_of(nullptr, nullptr, nullptr), Language::english);
}

TEST(Language, HasEveryTextWithTheSamePlaces) {
    constexpr std::string_view kRows[][3] = {
#define T(name, english, russian, polish) {english, russian, polish},
#include "ipc/client/tillctl/texts.def"
#undef T
    };
    for (const auto& row : kRows) {
        const std::string filled = fmt::format(fmt::runtime(row[0]), "A", "B");
        for (const std::string_view one : row) {
            const std::string other = fmt::format(fmt::runtime(one), "A", "B");
            ASSERT_FALSE(other.empty());
            EXPECT_EQ(other.ends_with('\n'), filled.ends_with('\n')) << other;
            EXPECT_EQ(std::count(one.begin(), one.end(), '{'),
                      std::count(row[0].begin(), row[0].end(), '{'))
                << one;
        }
    }
}

TEST(Language, FallsBackToEnglish) {
    EXPECT_EQ(text(Language::polish, contract::Texts{"Port", "Порт", ""}), "Port");
    EXPECT_EQ(text(Language::russian, contract::Texts{"Port", "Порт", ""}), "Порт");
}

}  // namespace
}  // namespace tillhost::tillctl
