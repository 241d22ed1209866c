#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "simulators/core/fiscal_store.h"

namespace tillhost::simulators {

/// What every family of registrars understands; enough for a test that knows no family.
struct PlainOptions {
    std::string serial{};  ///< empty: the family's own example
    std::uint64_t seed = 1;
    /// The device's clock where Instant is zero, milliseconds since 1970, no zone.
    std::int64_t clock_ms_at_zero = 1'780'000'000'000;
    /// Shared, because the memory outlives the simulator; a new one in memory if null.
    std::shared_ptr<FiscalStore> store{};
};

}  // namespace tillhost::simulators
