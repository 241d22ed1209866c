#include "ipc/panel/texts.h"

#include <fmt/format.h>

#include <array>

namespace tillhost::panel {
namespace {

constexpr std::array kRows{
#define T(name, english, russian, polish) http::Text{english, russian, polish},
#include "ipc/panel/texts.def"
#undef T
};
static_assert(http::is_complete(kRows), "a translation is missing, or a text stands twice");

}  // namespace

std::string_view text(http::Language language, Text which) {
    return http::text_of(kRows[static_cast<std::size_t>(which)], language);
}

std::string text(http::Language language, Text which, std::string_view one) {
    return fmt::format(fmt::runtime(text(language, which)), one);
}

}  // namespace tillhost::panel
