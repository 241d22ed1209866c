#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "ipc/contract/value.h"

namespace tillhost::ipc {

/// JSON of a tree, for people and for scripts. `indent` blanks a level; negative = one line. Maps
/// keep their order. Bytes become hex digits (as Style::readable has them already), a number that
/// JSON does not have (NaN, infinite) becomes null, text that is not UTF-8 gets replacement
/// characters.
std::string to_json(const contract::Value& value, int indent);

/// Reads one whole JSON text (RFC 8259). A number with a fraction or an exponent becomes double, so
/// that the field's decoder can name it. The limits are those of msgpack.h: size, depth, entries,
/// items, values. A name that stands twice in an object is refused.
/// Errors, each with line and column (bytes, counted from 1): malformed, too_large.
base::Result<contract::Value> from_json(std::string_view text);

}  // namespace tillhost::ipc
