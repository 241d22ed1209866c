#pragma once

#include <string_view>

namespace tillhost::sumpd::webpos {

/// schema/devices-1.wsdl, as it is frozen in the tree: made by ipc/codegen/wsdl.py from the schema
/// of the contract and routes.def, and compared with them by the test webpos_wsdl.
std::string_view wsdl_text();

}  // namespace tillhost::sumpd::webpos
