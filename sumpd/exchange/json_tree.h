#pragma once

#include <string_view>

#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/node.h"

namespace tillhost::sumpd::exchange {

/// Reads one whole JSON text (RFC 8259, UTF-8 with or without BOM) of any kind of value.
/// Refused: too_large (bytes); bad_request with the byte's number where it is no JSON, is too deep,
/// has too many values or members, or a name stands twice in an object.
Outcome<Node> json_tree(std::string_view text, const TreeBounds& bounds);

}  // namespace tillhost::sumpd::exchange
