#pragma once

#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

namespace tillhost::base {

/// What the caller should do about an error. It classes an error; where it came from does not.
enum class Reaction : std::uint8_t {
    unspecified = 0,   ///< never sent; refused when received
    reject = 1,        ///< the request is wrong; the same request will fail again
    ask_operator = 2,  ///< a person must do something first (paper, cover, shift, decision)
    retry_later = 3,   ///< the same request may succeed later, unchanged
    reconnect = 4,     ///< the link is gone or confused; a new link may help
    report = 5,        ///< a fault of tillhost or of the machine; worth a bug report
};

/// May the device have acted on the failed request?
enum class Effect : std::uint8_t {
    unspecified = 0,  ///< never sent; refused when received
    none = 1,         ///< certainly not
    unknown = 2,      ///< perhaps: only resolve() may settle it
};

/// Stable error codes; the table with texts is error.def.
enum class ErrorCode : std::uint16_t {
    unspecified = 0,
#define X(name, number, reaction, text) name = number,
#include "hal/base/error.def"
#undef X
};

std::string_view name_of(ErrorCode code);
std::string_view name_of(Reaction reaction);
std::string_view name_of(Effect effect);

/// The sentence for people that stands beside the code in error.def.
std::string_view text_of(ErrorCode code);
Reaction reaction_of(ErrorCode code);

/// The code of that number or name, or nothing if none has it.
std::optional<ErrorCode> error_code_from(std::uint64_t number);
std::optional<ErrorCode> error_code_from(std::string_view name);

/// Why something did not succeed: what to do, what may have happened, and a sentence for people.
struct Error {
    ErrorCode code = ErrorCode::unspecified;
    Reaction reaction = Reaction::unspecified;
    Effect effect = Effect::unspecified;
    std::string detail;  ///< for people, never parsed; begins with the field if one is wrong
    std::uint32_t device_code = 0;  ///< the device's own number; 0 if it said nothing
    std::source_location where;     ///< for logs; not compared, not sent
};

/// An error with the reaction of its row. `effect` is none unless the device may have acted.
Error make_error(ErrorCode code, std::string detail, Effect effect = Effect::none,
                 std::source_location where = std::source_location::current());

/// A wrong field: `field` is its path ("lines[3].price_minor"), `expected` what would be right.
Error bad_field(std::string_view field, std::string_view expected,
                std::source_location where = std::source_location::current());

/// The same error one level up: `context` is put before the detail ("closing the shift: …").
Error with_context(Error error, std::string_view context);

/// One line for a log or a terminal: code, detail, device code.
std::string to_text(const Error& error);

}  // namespace tillhost::base
