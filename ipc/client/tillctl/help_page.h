#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ipc/client/tillctl/language.h"

namespace tillhost::tillctl {

/// What the help on one verb, or on the program, shows.
struct HelpPage {
    struct Word {
        std::string label;  ///< as it is written: "FILE", "--note TEXT", "open|close"
        std::string help;
        bool is_option = false;
        bool is_required = false;
        bool is_repeated = false;
    };
    struct Below {
        std::string group;  ///< heading; empty: none
        std::string name;
        std::string summary;
    };
    std::string path{};  ///< "tillctl query registers"
    std::string summary{};
    std::vector<Word> words{};
    std::vector<Below> verbs{};
    std::string examples{};
    bool has_below = false;
    bool is_program = false;
};

/// The page as text, at most kHelpColumns wide where words can be broken.
std::string page_text(Language language, const HelpPage& page);

inline constexpr std::size_t kHelpColumns = 100;

}  // namespace tillhost::tillctl
