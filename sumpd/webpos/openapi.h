#pragma once

#include <string_view>

namespace tillhost::sumpd::webpos {

/// schema/devices-1.openapi.json, as it is frozen in the tree: made by ipc/codegen/openapi.py from
/// the schema of the contract and routes.def, and compared with them by the test webpos_openapi.
std::string_view openapi_text();

}  // namespace tillhost::sumpd::webpos
