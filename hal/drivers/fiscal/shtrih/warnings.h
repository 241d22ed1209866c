#pragma once

#include <optional>
#include <vector>

#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::shtrih {

/// What warnings are made of; times are the registrar's own but for the clock's offset.
struct Signs {
    std::uint8_t storage_bits = 0;  ///< FF01h
    DateTime now{};
    std::optional<DateTime> expires_on{};       ///< FF03h
    std::optional<DateTime> unsent_since{};     ///< FF39h, where something is unsent
    std::optional<DateTime> shift_opened_at{};  ///< of an open shift
    std::int64_t clock_offset_s = 0;            ///< to the host's wall clock
};

inline constexpr std::int64_t kExpiresSoonDays = 30;
/// The storage stops after 30 days without the data operator.
inline constexpr std::int64_t kBacklogDays = 3;
/// A shift ends after 24 hours.
inline constexpr std::int64_t kShiftSoonHours = 23;
/// With a larger difference to its storage the registrar refuses documents (error 17h).
inline constexpr std::int64_t kClockDiffersSeconds = 300;

std::vector<contract::FiscalWarning> warnings_of(const Signs& signs);

/// YYYY-MM-DD
std::string day_text(const DateTime& time);

}  // namespace tillhost::drivers::shtrih
