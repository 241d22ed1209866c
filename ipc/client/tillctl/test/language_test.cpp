// Claim: tillctl speaks English, Russian and Polish: no text, help or advice lacks one of them, and
// each has the same places to fill in. Shown on the environment's forms, on every row of the
// catalogue, and on the help of every verb.
#include "ipc/client/tillctl/language.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "ipc/client/tillctl/arguments.h"

namespace tillhost::tillctl {
namespace {

struct Row {
    std::string_view key;
    std::string_view texts[3];
};

constexpr Row kTexts[] = {
#define T(name, english, russian, polish) {#name, {english, russian, polish}},
#include "ipc/client/tillctl/texts.def"
#undef T
};
constexpr Row kHelp[] = {
#define H(key, english, russian, polish) {key, {english, russian, polish}},
#include "ipc/client/tillctl/texts_help.def"
#undef H
};
constexpr Row kErrors[] = {
#define E(code, english, russian, polish) {#code, {english, russian, polish}},
#include "ipc/client/tillctl/texts_errors.def"
#undef E
};

/// Whether a letter of the text is Cyrillic: its first byte in UTF-8 is D0 or D1.
bool has_cyrillic(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == 0xD0 || byte == 0xD1;
    });
}

/// The places to fill, in their order: "{}", "{0}", "{:#04x}".
std::vector<std::string> places_of(std::string_view text) {
    std::vector<std::string> places;
    for (std::size_t begin = text.find('{'); begin != std::string_view::npos;
         begin = text.find('{', begin + 1)) {
        places.emplace_back(text.substr(begin, text.find('}', begin) - begin + 1));
    }
    return places;
}

/// Nothing is missing, and the Russian and Polish ones are not the English one.
template <std::size_t N>
void expect_whole(const Row (&rows)[N]) {
    constexpr std::size_t kLongestSharedWord = 8;  // such as PORT, or a command to copy
    std::set<std::string_view> keys;
    for (const auto& [key, texts] : rows) {
        EXPECT_TRUE(keys.insert(key).second) << key << " stands there twice";
        for (const std::string_view text : texts) {
            EXPECT_FALSE(text.empty()) << key;
            EXPECT_EQ(text.ends_with('\n'), texts[0].ends_with('\n')) << key;
        }
        EXPECT_TRUE(has_cyrillic(texts[1])) << key << ": " << texts[1];
        EXPECT_FALSE(has_cyrillic(texts[0]) || has_cyrillic(texts[2])) << key;
        EXPECT_TRUE(texts[2] != texts[0] || texts[0].size() <= kLongestSharedWord) << key;
    }
}

TEST(Language, IsTheFirstThatTheEnvironmentNames) {
    EXPECT_EQ(language_of("ru_RU.UTF-8", "pl_PL", "de_DE"), Language::russian);
    EXPECT_EQ(language_of("", "pl_PL.UTF-8", "ru_RU"), Language::polish);
    EXPECT_EQ(language_of(nullptr, nullptr, "pl"), Language::polish);
    EXPECT_EQ(language_of("C", "ru_RU", "ru_RU"), Language::english);
    EXPECT_EQ(language_of(nullptr, nullptr, nullptr), Language::english);
}

TEST(Language, HasEveryText) {
    expect_whole(kTexts);
    for (const auto& [key, texts] : kTexts) {
        EXPECT_EQ(places_of(texts[1]), places_of(texts[0])) << key;
        EXPECT_EQ(places_of(texts[2]), places_of(texts[0])) << key;
    }
}

TEST(Language, HasHelpOnEveryVerbWithAnExample) {
    expect_whole(kHelp);
    const std::vector<std::string> verbs = all_verbs();
    EXPECT_GT(verbs.size(), 40U);
    for (const std::string& verb : verbs) {
        std::string key = verb;
        std::replace(key.begin(), key.end(), ' ', '.');
        for (const Language language : kLanguages) {
            std::vector<const char*> words{"tillctl"};
            std::string first = verb.substr(0, verb.find(' '));
            std::string second = verb.substr(std::min(first.size() + 1, verb.size()));
            words.push_back(first.c_str());
            if ((first == "query" || first == "dongle") && !second.empty()) {
                words.push_back("kassa");
            }
            if (!second.empty()) {
                words.push_back(second.c_str());
            }
            words.push_back("--help");
            const auto parsed =
                parse_arguments(static_cast<int>(words.size()), words.data(), language);
            const auto* page = std::get_if<Explanation>(&parsed);
            ASSERT_TRUE(page != nullptr && page->is_help) << verb;
            for (const std::string& part : {key, key + ".examples"}) {
                const std::string_view told = help_of(language, part);
                EXPECT_FALSE(told.empty()) << part;
                EXPECT_NE(page->text.find(told), std::string::npos) << part << "\n" << page->text;
            }
        }
    }
}

TEST(Language, SaysOfEveryErrorWhatToDo) {
    expect_whole(kErrors);
    constexpr base::ErrorCode kCodes[] = {
#define X(name, number, reaction, text) base::ErrorCode::name,
#include "hal/base/error.def"
#undef X
    };
    EXPECT_EQ(std::size(kCodes), std::size(kErrors));
    for (const base::ErrorCode code : kCodes) {
        EXPECT_FALSE(advice_on(Language::polish, base::name_of(code)).empty())
            << base::name_of(code);
    }
    EXPECT_TRUE(advice_on(Language::english, "of_a_newer_devd").empty());
}

TEST(Language, IsChosenByLang) {
    for (const std::vector<const char*>& words :
         {std::vector<const char*>{"tillctl", "--lang", "pl", "devices"},
          std::vector<const char*>{"tillctl", "devices", "--lang=pl"}}) {
        const auto parsed =
            parse_arguments(static_cast<int>(words.size()), words.data(), Language::russian);
        const auto* invocation = std::get_if<Invocation>(&parsed);
        ASSERT_NE(invocation, nullptr);
        EXPECT_EQ(invocation->language, Language::polish);
    }
    const char* const wrong[] = {"tillctl", "--lang", "de", "devices"};
    const auto refused = parse_arguments(4, wrong, Language::russian);
    const auto* explanation = std::get_if<Explanation>(&refused);
    ASSERT_NE(explanation, nullptr);
    EXPECT_NE(explanation->text.find("en, ru, pl"), std::string::npos) << explanation->text;
    EXPECT_TRUE(has_cyrillic(explanation->text)) << explanation->text;
}

TEST(Language, OfTheContractFallsBackToEnglish) {
    EXPECT_EQ(text(Language::polish, contract::Texts{"Port", "Порт", ""}), "Port");
    EXPECT_EQ(text(Language::russian, contract::Texts{"Port", "Порт", ""}), "Порт");
}

}  // namespace
}  // namespace tillhost::tillctl
