#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/panel/parts.h"

namespace tillhost::panel {

/// One setting of a daemon on its page. Its inputs are called set.NAME (what is wanted), was.NAME
/// (what the page showed) and forget.NAME (the file's or the usual value shall hold again).
struct Setting {
    std::string_view name{};
    std::string_view label{};
    std::string value{};              ///< in the input, or shown where it cannot be changed
    std::string_view was{};           ///< as it holds
    std::string_view only_in_file{};  ///< why it cannot be changed here; empty: it can
    std::vector<Option> choices{};    ///< empty: typed
    std::int64_t min = 0;
    std::int64_t max = 0;  ///< 0: no number
    bool is_wrong = false;
    Markup words{};        ///< below it: what is wrong, what it is for, where it comes from
    std::string forget{};  ///< the label of the tick that forgets it; empty: none
};
Markup setting(const Setting& one);

}  // namespace tillhost::panel
