#pragma once

#include <string>

#include "ipc/contract/shapes.h"
#include "ipc/contract/value.h"

namespace tillhost::sumpd::webpos {

/// Hex digits without the blanks that the contract's readable form has between bytes, as OpenAPI
/// and the WSDL promise them.
std::string plain_hex(std::string text);
/// The same for all bytes of a reply. What does not fit its shape stays as it is.
contract::Value with_plain_bytes(contract::Value value, const contract::TypeShape& shape);

}  // namespace tillhost::sumpd::webpos
