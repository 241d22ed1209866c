#pragma once

#include <string>
#include <string_view>

#include "ipc/contract/licence.h"
#include "ipc/http/texts.h"

// What a person reads in the panel.
namespace tillhost::licd::web {

enum class Text {
#define T(name, english, russian, polish) name,
#include "licd/web/texts.def"
#undef T
};

std::string_view text(http::Language language, Text which);
/// With `one` and then `two` where "{}" stands.
std::string text(http::Language language, Text which, std::string_view one,
                 std::string_view two = {});

std::string_view text_of(http::Language language, contract::LicenceKeyState state);
std::string_view text_of(http::Language language, contract::LicenceLeaseState state);
/// Empty for none.
std::string_view text_of(http::Language language, contract::LicenceKeyReason reason);
/// "3 h 05 min", "2 min", "40 s", as the language writes them.
std::string duration_text(http::Language language, std::int64_t milliseconds);

}  // namespace tillhost::licd::web
