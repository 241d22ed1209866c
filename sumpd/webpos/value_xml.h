#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "ipc/contract/shapes.h"
#include "ipc/contract/value.h"
#include "sumpd/exchange/node.h"

// The contract's values as XML: a field is an element of its name in urn:tillhost:devices:1, a list
// its element repeated, of a union one element of its cases. Enumerators are words, bytes hex
// digits, integers decimal; what is absent is left out.
namespace tillhost::sumpd::webpos {

/// Reads elements by what the schema says of them, in any order, and looks at no bounds: devd does.
/// As in JSON, fields that the schema does not have are ignored, and so is one with xsi:nil. Total
/// over any tree. Errors: bad_field with the path, and what would be right: an element of another
/// namespace, no number where one should be, a field that stands twice, text beside fields.
base::Result<contract::Value> value_from_xml(const exchange::Node& element,
                                             const contract::TypeShape& shape);

/// Appends the element; a list appends any number of them, nothing appends none. Characters that
/// XML does not have become U+FFFD.
void append_xml(std::string& text, std::string_view name, const contract::Value& value);

}  // namespace tillhost::sumpd::webpos
