#pragma once

#include <string>
#include <string_view>

#include "ipc/http/texts.h"

// What a person reads in every panel.
namespace tillhost::panel {

enum class Text {
#define T(name, english, russian, polish) name,
#include "ipc/panel/texts.def"
#undef T
};

std::string_view text(http::Language language, Text which);
/// With `one` where "{}" stands.
std::string text(http::Language language, Text which, std::string_view one);

}  // namespace tillhost::panel
