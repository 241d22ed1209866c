#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/client/tillctl/language.h"

// How a command line is declared and read. Verbs say here which words they take, by topic
// (grammar_*.cpp); help, mistakes and their languages are the same for all of them.
namespace tillhost::tillctl {

/// What is wrong with a word, in the person's language; empty: nothing.
using Problem = std::string;

enum class Presence : std::uint8_t { optional, required };

/// One verb while it is declared. Words are named in capitals and stand in the order of their
/// declaration; options are "--NAME", with what they take behind a blank ("--note TEXT"). `help` is
/// a key of texts_help.def. What is filled must live until the command line was read.
class VerbGrammar final {
public:
    using Take = std::function<Problem(const std::string& word)>;
    using TakeAll = std::function<Problem(const std::vector<std::string>& words)>;

    void text(std::string_view name, std::string_view help, std::string& to,
              Presence presence = Presence::optional);
    void take(std::string_view name, std::string_view help, Take take,
              Presence presence = Presence::optional);
    /// A word that may be repeated; an option takes one each time it stands there.
    void take_all(std::string_view name, std::string_view help, TakeAll take,
                  Presence presence = Presence::optional);
    /// One of these words.
    void choice(std::string_view name, std::string_view help, std::vector<std::string> words,
                Take take, Presence presence = Presence::optional);
    void number(std::string_view name, std::string_view help, std::int64_t min, std::int64_t max,
                std::int64_t& to, Presence presence = Presence::optional);
    void flag(std::string_view name, std::string_view help, bool& to);

    /// A verb below this one ("registers" below "query"), of which one must be chosen. Its help
    /// has the key "VERB.NAME".
    VerbGrammar below(std::string_view name);
    /// What is done when all words are taken and this is the verb.
    void chosen(std::function<Problem()> then);

    Language language() const;

    /// How it is kept inside (command_line.cpp).
    struct Part;
    explicit VerbGrammar(Part& part) : part_(&part) {}

private:
    Part* part_;
};

/// What is printed instead of doing something: help, or why the command line is wrong.
struct Explanation {
    std::string text;
    bool is_help = false;  ///< asked for: standard output, success
};

/// A whole command line. Declare first, then read once.
class CommandLine final {
public:
    /// `program` is its name and the key of its help.
    CommandLine(std::string_view program, Language language);
    ~CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    /// The program itself; its options may stand before and behind a verb.
    VerbGrammar common();
    /// Verbs declared from now on are shown under this heading.
    void group(Text heading);
    VerbGrammar verb(std::string_view name);

    /// Fills what was declared and runs the chosen verb's end, or explains.
    std::optional<Explanation> read(int argc, const char* const* argv);

    /// Every verb, and those below others with a blank ("query registers"), as declared.
    std::vector<std::string> verbs() const;

private:
    struct Whole;
    std::unique_ptr<Whole> whole_;
};

}  // namespace tillhost::tillctl
