#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"

namespace tillhost::licd::keys {

inline constexpr std::int64_t kDayS = 86'400;

/// Seconds since 1970-01-01 UTC as "2026-11-22T10:00:00Z". From 1970 to 9999.
std::string instant_to_text(std::int64_t unix_s);
/// Errors: bad_field(instant): another form, a day that the calendar does not have.
base::Result<std::int64_t> instant_from_text(std::string_view text);

/// The day of an instant, in UTC: "2026-11-22".
std::string day_to_text(std::int64_t unix_s);
/// The first second of that day. Errors: bad_field(day).
base::Result<std::int64_t> day_from_text(std::string_view text);

}  // namespace tillhost::licd::keys
