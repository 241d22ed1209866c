#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "simulators/core/fiscal_control.h"
#include "simulators/core/plain_options.h"

namespace tillhost::simulators::fiscal {

/// One family of the list in simulators/fiscal/CMakeLists.txt.
struct FamilyEntry {
    std::string_view name;  ///< "fiscal/shtrih", as its driver is named
    base::Result<std::unique_ptr<FiscalSimulator>> (*make)(const PlainOptions& options);
};

/// All families of this build, in the order of the list.
std::span<const FamilyEntry> families();
/// The family of that name, or nullptr.
const FamilyEntry* find_family(std::string_view name);

}  // namespace tillhost::simulators::fiscal
