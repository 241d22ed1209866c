#pragma once

#include <cstdint>
#include <string>

#include "hal/base/result.h"

namespace tillhost::base {

/// An amount of goods: units × 10^-scale, exact. 0.485 kg is {485, 3}.
struct Quantity {
    static constexpr int kScaleMax = 6;  ///< micro-units, as registrars take
    static constexpr std::int64_t kUnitsMax = 1'000'000'000'000;

    std::int64_t units = 0;
    int scale = 0;

    /// Errors: bad_field(quantity) when negative, zero, out of bounds or with too many decimals.
    static Result<Quantity> make(std::int64_t units, int scale);
    /// The same quantity in units of 10^-6; always exact.
    std::int64_t micro() const;
    std::string to_text() const;

    friend bool operator==(const Quantity&, const Quantity&) = default;
};

}  // namespace tillhost::base
