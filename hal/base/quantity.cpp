#include "hal/base/quantity.h"

#include <fmt/format.h>

#include "hal/base/text.h"

namespace tillhost::base {

Result<Quantity> Quantity::make(std::int64_t units, int scale) {
    if (scale < 0 || scale > kScaleMax) {
        return bad_field("quantity", fmt::format("0 to {} decimals, not {}", kScaleMax, scale));
    }
    if (units <= 0 || units > kUnitsMax) {
        return bad_field("quantity", fmt::format("1 to {} units", kUnitsMax));
    }
    return Quantity{units, scale};
}

std::int64_t Quantity::micro() const {
    std::int64_t value = units;
    for (int i = scale; i < kScaleMax; ++i) {
        value *= 10;
    }
    return value;
}

std::string Quantity::to_text() const { return decimal_to_text(units, scale); }

}  // namespace tillhost::base
