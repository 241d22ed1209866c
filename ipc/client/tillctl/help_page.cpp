#include "ipc/client/tillctl/help_page.h"

#include <algorithm>

#include "hal/base/text.h"

namespace tillhost::tillctl {
namespace {

constexpr std::size_t kLabelColumns = 20;  // of words and options
constexpr std::size_t kIndent = 2;

std::size_t columns_of(std::string_view text) { return base::utf8_length(text); }

/// The text broken at blanks; lines behind the first begin at `indent`.
std::string wrapped(std::string_view text, std::size_t indent) {
    std::string told;
    std::size_t column = indent;
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, blank);
        const std::size_t width = columns_of(word);
        if (column > indent && column + 1 + width > kHelpColumns) {
            told += "\n" + std::string(indent, ' ');
            column = indent;
        } else if (column > indent) {
            told += ' ';
            ++column;
        }
        told += word;
        column += width;
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
    return told;
}

/// "  LABEL    help", the help on a line of its own if the label is long.
std::string entry(const std::string& label, const std::string& help) {
    const std::size_t indent = kIndent + kLabelColumns;
    std::string told = std::string(kIndent, ' ') + label;
    const std::size_t used = kIndent + columns_of(label);
    told += used < indent ? std::string(indent - used, ' ') : "\n" + std::string(indent, ' ');
    return told + wrapped(help, indent) + "\n";
}

std::string in_usage(const HelpPage::Word& word) {
    const std::string label = word.label + (word.is_repeated ? "…" : "");
    return word.is_required ? label : "[" + label + "]";
}

std::string usage_text(Language language, const HelpPage& page) {
    std::string told = fmt::format("{}: {}", text(language, Text::usage_is), page.path);
    bool has_options = false;
    for (const HelpPage::Word& word : page.words) {
        if (word.is_option && !word.is_required) {
            has_options = true;
        } else {
            told += " " + in_usage(word);
        }
    }
    if (page.has_below) {
        told += fmt::format(" {} …",
                            text(language, page.is_program ? Text::verb_word : Text::what_word));
    }
    if (has_options || page.is_program) {
        told += fmt::format(" [{}]", text(language, Text::options_word));
    }
    return told + "\n";
}

std::string words_text(const HelpPage& page, bool options) {
    std::string told;
    for (const HelpPage::Word& word : page.words) {
        if (word.is_option == options) {
            told += entry(word.label, word.help);
        }
    }
    return told.empty() ? told : "\n" + told;
}

std::string verbs_text(const HelpPage& page) {
    std::string told;
    std::string group;
    for (const HelpPage::Below& below : page.verbs) {
        if (told.empty() || below.group != group) {
            group = below.group;
            told += group.empty() ? "\n" : "\n" + group + ":\n";
        }
        told += entry(below.name, below.summary);
    }
    return told;
}

}  // namespace

std::string page_text(Language language, const HelpPage& page) {
    std::string told = fmt::format("{}: {}\n\n", page.path, page.summary);
    told += usage_text(language, page);
    told += words_text(page, false) + verbs_text(page);
    if (page.is_program) {
        told += fmt::format("\n{}:", text(language, Text::common_options));
    }
    told += words_text(page, true);
    if (!page.examples.empty()) {
        told += fmt::format("\n{}\n", page.examples);
    }
    return told;
}

}  // namespace tillhost::tillctl
