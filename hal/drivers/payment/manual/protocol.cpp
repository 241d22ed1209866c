#include "hal/drivers/payment/manual/protocol.h"

#include <fmt/format.h>

#include "hal/base/money.h"

namespace tillhost::drivers::manual {

std::string task(std::string_view what, std::int64_t amount_minor, std::string_view currency) {
    constexpr int kDecimals = 2;
    return fmt::format("{} {} {}", what, base::minor_to_text(amount_minor, kDecimals), currency);
}

}  // namespace tillhost::drivers::manual
