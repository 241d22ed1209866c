#include "ipc/client/tillctl/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "hal/base/invariant.h"
#include "ipc/client/tillctl/help_page.h"

namespace tillhost::tillctl {
namespace {

constexpr std::size_t kChoicesInName = 4;  // more of them stand behind the help

struct Named {
    std::string name;      ///< "FILE", "--note"
    std::string argument;  ///< "TEXT"
    bool is_option() const { return name.starts_with('-'); }
};

Named named(std::string_view spec) {
    const std::size_t blank = spec.find(' ');
    return blank == std::string_view::npos
               ? Named{std::string(spec), ""}
               : Named{std::string(spec.substr(0, blank)), std::string(spec.substr(blank + 1))};
}

[[noreturn]] void refuse(const std::string& name, const Problem& problem) {
    throw CLI::ValidationError(name, problem);
}

}  // namespace

/// One verb, or the program itself.
struct VerbGrammar::Part {
    CLI::App* app = nullptr;
    Language language = Language::english;
    std::string key;  ///< of its help: "query.registers"
    HelpPage page;    ///< what its help shows
    Part* parent = nullptr;
    std::vector<std::unique_ptr<Part>> below;

    Part& make(std::string_view name, const std::string& help_key) {
        auto& made = *below.emplace_back(std::make_unique<Part>());
        made.app = app->add_subcommand(std::string(name));
        made.language = language;
        made.key = help_key;
        made.parent = this;
        made.page.path = page.path;
        for (const HelpPage::Word& word : page.words) {
            made.page.path +=
                word.is_required ? " " + word.label : "";  // it stands before the name
        }
        made.page.path += " " + std::string(name);
        made.page.summary = help(help_key);
        made.page.examples = help_of(language, help_key + ".examples");
        return made;
    }

    std::string help(std::string_view help_key) const {
        const std::string_view told = help_of(language, help_key);
        INVARIANT(!told.empty());
        return std::string(told);
    }

    void show(const Named& word, const std::string& label, const std::string& help_text,
              Presence presence, bool repeated) {
        page.words.push_back(
            {label, help_text, word.is_option(), presence == Presence::required, repeated});
    }

    CLI::Option* add(const Named& word, const Take& take, Presence presence) {
        CLI::Option* option = app->add_option_function<std::string>(
            word.name, [name = word.name, take](const std::string& given) {
                if (const Problem problem = take(given); !problem.empty()) {
                    refuse(name, problem);
                }
            });
        return option->required(presence == Presence::required);
    }
};

void VerbGrammar::take(std::string_view name, std::string_view help, Take take, Presence presence) {
    const Named word = named(name);
    part_->add(word, take, presence);
    part_->show(word, std::string(name), part_->help(help), presence, false);
}

void VerbGrammar::text(std::string_view name, std::string_view help, std::string& to,
                       Presence presence) {
    take(
        name, help,
        [&to](const std::string& word) {
            to = word;
            return Problem();
        },
        presence);
}

void VerbGrammar::take_all(std::string_view name, std::string_view help, TakeAll take,
                           Presence presence) {
    const Named word = named(name);
    CLI::Option* option = part_->app->add_option_function<std::vector<std::string>>(
        word.name,
        [plain = word.name, take = std::move(take)](const std::vector<std::string>& words) {
            if (const Problem problem = take(words); !problem.empty()) {
                refuse(plain, problem);
            }
        });
    option->required(presence == Presence::required);
    if (word.is_option()) {
        option->allow_extra_args(false);
    }
    part_->show(word, std::string(name), part_->help(help), presence, true);
}

void VerbGrammar::choice(std::string_view name, std::string_view help,
                         std::vector<std::string> known, Take take, Presence presence) {
    const Named word = named(name);
    const Language language = part_->language;
    part_->add(
        word,
        [known, language, take = std::move(take)](const std::string& given) {
            return std::find(known.begin(), known.end(), given) != known.end()
                       ? take(given)
                       : filled(language, Text::one_of, fmt::join(known, ", "), given);
        },
        presence);
    const bool in_name = known.size() <= kChoicesInName;
    const std::string choices = fmt::format("{}", fmt::join(known, "|"));
    const std::string label = !in_name           ? std::string(name)
                              : word.is_option() ? word.name + " " + choices
                                                 : choices;
    const std::string told = part_->help(help);
    part_->show(word, label, in_name ? told : fmt::format("{}: {}", told, fmt::join(known, ", ")),
                presence, false);
}

void VerbGrammar::number(std::string_view name, std::string_view help, std::int64_t min,
                         std::int64_t max, std::int64_t& to, Presence presence) {
    take(
        name, help,
        [min, max, &to, language = part_->language](const std::string& word) {
            const char* const end = word.data() + word.size();
            std::int64_t number = 0;
            const auto [stop, wrong] = std::from_chars(word.data(), end, number);
            if (wrong != std::errc() || stop != end || number < min || number > max) {
                return filled(language, Text::number_range, min, max, word);
            }
            to = number;
            return Problem();
        },
        presence);
}

void VerbGrammar::flag(std::string_view name, std::string_view help, bool& to) {
    part_->app->add_flag_callback(std::string(name), [&to] { to = true; });
    part_->show(named(name), std::string(name), part_->help(help), Presence::optional, false);
}

VerbGrammar VerbGrammar::below(std::string_view name) {
    part_->app->require_subcommand(0, 1);
    part_->page.has_below = true;
    Part& made = part_->make(name, part_->key + "." + std::string(name));
    part_->page.verbs.push_back({"", std::string(name), made.page.summary});
    return VerbGrammar(made);
}

void VerbGrammar::chosen(std::function<Problem()> then) {
    part_->app->callback([name = part_->page.path, then = std::move(then)] {
        if (const Problem problem = then(); !problem.empty()) {
            refuse(name, problem);
        }
    });
}

Language VerbGrammar::language() const { return part_->language; }

struct CommandLine::Whole {
    CLI::App app;
    VerbGrammar::Part root;
    std::string group;

    /// The verb that was named, as far as the reading came.
    const VerbGrammar::Part& named_part() const {
        const VerbGrammar::Part* part = &root;
        while (true) {
            const auto next = std::find_if(part->below.begin(), part->below.end(),
                                           [](const auto& one) { return one->app->parsed(); });
            if (next == part->below.end()) {
                return *part;
            }
            part = next->get();
        }
    }

    Explanation mistake(const std::string& what) const {
        const VerbGrammar::Part& part = named_part();
        return {fmt::format("tillctl: {}\n", what) +
                filled(root.language, Text::see_help, part.page.path)};
    }

    Explanation unexpected(const VerbGrammar::Part& part) const {
        const std::vector<std::string> rest = app.remaining(true);
        if (&part == &root && !rest.empty()) {
            return mistake(filled(root.language, Text::no_such_verb, rest.front()));
        }
        return mistake(filled(root.language, Text::word_unexpected, fmt::join(rest, " ")));
    }

    /// What the library found wrong, in the person's words.
    Explanation explained(const CLI::ParseError& error) const {
        const std::string what = error.what();
        if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
            return unexpected(named_part());
        }
        if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
            return mistake(
                filled(root.language, Text::word_missing, what.substr(0, what.rfind(" is "))));
        }
        if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
            return mistake(
                filled(root.language, Text::value_missing, what.substr(0, what.find(':'))));
        }
        return mistake(what);
    }

    /// A verb must be there, and one below where it has such.
    std::optional<Explanation> what_is_missing() const {
        const VerbGrammar::Part& part = named_part();
        if (part.below.empty()) {
            return std::nullopt;
        }
        if (&part == &root) {
            return Explanation{std::string(text(root.language, Text::verb_wanted))};
        }
        std::vector<std::string> names;
        for (const auto& one : part.below) {
            names.push_back(one->app->get_name());
        }
        return mistake(
            fmt::format("{}: {}", text(root.language, Text::what_word),
                        filled(root.language, Text::what_wanted, fmt::join(names, ", "))));
    }
};

CommandLine::CommandLine(std::string_view program, Language language)
    : whole_(std::make_unique<Whole>()) {
    whole_->app.name(std::string(program));
    whole_->app.require_subcommand(0, 1);
    whole_->app.fallthrough();
    VerbGrammar::Part& root = whole_->root;
    root.app = &whole_->app;
    root.language = language;
    root.key = program;
    root.page.path = program;
    root.page.summary = root.help(program);
    root.page.examples = help_of(language, std::string(program) + ".examples");
    root.page.has_below = true;
    root.page.is_program = true;
}

CommandLine::~CommandLine() = default;

VerbGrammar CommandLine::common() { return VerbGrammar(whole_->root); }

void CommandLine::group(Text heading) { whole_->group = text(whole_->root.language, heading); }

VerbGrammar CommandLine::verb(std::string_view name) {
    VerbGrammar::Part& made = whole_->root.make(name, std::string(name));
    whole_->root.page.verbs.push_back({whole_->group, std::string(name), made.page.summary});
    return VerbGrammar(made);
}

std::optional<Explanation> CommandLine::read(int argc, const char* const* argv) {
    try {
        whole_->app.parse(argc, argv);
        return whole_->what_is_missing();
    } catch (const CLI::CallForHelp&) {
        return Explanation{page_text(whole_->root.language, whole_->named_part().page), true};
    } catch (const CLI::ParseError& error) {
        return whole_->explained(error);
    }
}

std::vector<std::string> CommandLine::verbs() const {
    std::vector<std::string> names;
    for (const auto& verb : whole_->root.below) {
        names.push_back(verb->app->get_name());
        for (const auto& below : verb->below) {
            names.push_back(names.back().substr(0, names.back().find(' ')) + " " +
                            below->app->get_name());
        }
    }
    return names;
}

}  // namespace tillhost::tillctl
