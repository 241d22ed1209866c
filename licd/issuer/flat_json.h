#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::licd::issuer {

inline constexpr int kJsonDepthMax = 8;

/// A value of a JSON object (RFC 8259) that has no objects in it: a text, a whole number, a list of
/// texts. Anything else is there and of no use.
using FlatValue = std::variant<std::monostate, std::string, std::int64_t, std::vector<std::string>>;
using FlatObject = std::map<std::string, FlatValue>;

/// Errors: bad_field(json), with the place in bytes: no JSON object, a name twice, deeper than
/// kJsonDepthMax, texts that are no UTF-8.
base::Result<FlatObject> read_flat_json(std::string_view text);

}  // namespace tillhost::licd::issuer
