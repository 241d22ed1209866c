#include "ipc/http/texts.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipc/http/message.h"

namespace tillhost::http {
namespace {

constexpr std::array<std::string_view, kLanguages> kCodes = {"en", "ru", "pl"};
constexpr std::size_t kItemsMax = 32;
constexpr int kQualityMax = 1000;

std::string_view take_item(std::string_view& list, char mark) {
    const std::size_t end = std::min(list.find(mark), list.size());
    std::string_view item = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (item.starts_with(' ')) {
        item.remove_prefix(1);
    }
    while (item.ends_with(' ')) {
        item.remove_suffix(1);
    }
    return item;
}

/// "q=0.8" in thousandths; whatever is none of that is worth all.
int quality_of(std::string_view weight) {
    if (!weight.starts_with("q=0")) {
        return kQualityMax;
    }
    int quality = 0;
    int worth = kQualityMax / 10;
    for (const char c : weight.substr(std::min<std::size_t>(4, weight.size()))) {
        if (c < '0' || c > '9') {
            break;
        }
        quality += worth * (c - '0');
        worth /= 10;
    }
    return quality;
}

}  // namespace

std::string_view code_of(Language language) { return kCodes[static_cast<std::size_t>(language)]; }

std::optional<Language> language_from(std::string_view code) {
    const std::string_view main = code.substr(0, std::min(code.find('-'), code.size()));
    for (std::size_t i = 0; i < kLanguages; ++i) {
        if (same_name(main, kCodes[i])) {
            return static_cast<Language>(i);
        }
    }
    return std::nullopt;
}

Language language_of(std::string_view accept_language, std::optional<Language> remembered) {
    if (remembered) {
        return *remembered;
    }
    Language best = Language::en;
    int best_quality = 0;
    for (std::size_t i = 0; i < kItemsMax && !accept_language.empty(); ++i) {
        std::string_view item = take_item(accept_language, ',');
        const auto language = language_from(take_item(item, ';'));
        const int quality = quality_of(take_item(item, ';'));
        if (language && quality > best_quality) {
            best = *language;
            best_quality = quality;
        }
    }
    return best;
}

std::string_view text_of(const Text& row, Language language) {
    switch (language) {
        case Language::en: return row.en;
        case Language::ru: return row.ru;
        case Language::pl: return row.pl;
    }
    return row.en;
}

std::string counted_text(const Text& row, Language language, std::uint64_t number) {
    constexpr std::string_view kNumber = "{n}";
    std::string_view forms = text_of(row, language);
    std::string_view form = take_item(forms, '|');
    for (std::size_t i = plural_form(language, number); i > 0 && !forms.empty(); --i) {
        form = take_item(forms, '|');
    }
    std::string text(form);
    if (const std::size_t at = text.find(kNumber); at != std::string::npos) {
        text.replace(at, kNumber.size(), fmt::format("{}", number));
    }
    return text;
}

}  // namespace tillhost::http
