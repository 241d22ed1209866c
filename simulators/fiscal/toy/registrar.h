#pragma once

#include <memory>
#include <string>

#include "simulators/core/fiscal_control.h"
#include "simulators/core/fiscal_store.h"
#include "simulators/core/plain_options.h"

namespace tillhost::simulators::toy {

/// Times of the protocol (README.md, "Frame").
inline constexpr os::Duration kByteTimeout = std::chrono::milliseconds(20);
inline constexpr os::Duration kReadTime = std::chrono::milliseconds(1);
inline constexpr os::Duration kRegisterTime = std::chrono::milliseconds(5);
inline constexpr std::int64_t kTotalMinorMax = 10'000'000'000'000;

struct ToyOptions {
    std::string serial = "TOY00001";  ///< 8 ASCII characters; longer is cut, shorter padded with 0
    std::uint64_t seed = 1;
    /// The device's clock where Instant is zero, milliseconds since 1970.
    std::int64_t clock_ms_at_zero = 1'780'000'000'000;
    /// Shared, because the memory outlives the simulator; a new one in memory if null.
    std::shared_ptr<FiscalStore> store{};
};

/// The toy registrar with its line (README.md holds the protocol). Errors: storage_failed when the
/// store holds something else.
base::Result<std::unique_ptr<FiscalSimulator>> make_toy_registrar(const ToyOptions& options);
/// The same, of what every family understands.
base::Result<std::unique_ptr<FiscalSimulator>> make_registrar(const PlainOptions& options);

}  // namespace tillhost::simulators::toy
