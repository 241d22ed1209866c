#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ipc/contract/messages.h"
#include "ipc/http/texts.h"
#include "sumpd/exchange/operations.h"

// What a person reads in the console.
namespace tillhost::sumpd::console {

enum class Text {
#define T(name, english, russian, polish) name,
#include "sumpd/console/texts.def"
#undef T
};

std::string_view text(http::Language language, Text which);
/// With `one` and then `two` where "{}" stands.
std::string text(http::Language language, Text which, std::string_view one,
                 std::string_view two = {});

/// What an act leaves behind for the page after it: a text whose name begins with "did_". Nothing
/// for any other name.
std::optional<Text> note_from(std::string_view name);
std::string_view name_of(Text which);

std::string_view text_of(http::Language language, contract::DeviceState state);
std::string_view text_of(http::Language language, contract::SetupStep step);
std::string_view text_of(http::Language language, contract::CheckOutcome outcome);
std::string_view text_of(http::Language language, contract::PortReason reason);
std::string_view text_of(http::Language language, exchange::DeviceCommandState state);
/// Of what the driver says in three languages; English where it says nothing in this one.
std::string_view text_of(http::Language language, const contract::Texts& texts);

/// A moment of people, or "never" for 0.
std::string moment_text(http::Language language, std::int64_t unix_ms);
/// "12 345 678 bytes" shortened: "12.3 MB".
std::string bytes_text(std::int64_t bytes);

}  // namespace tillhost::sumpd::console
