#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "simulators/core/random.h"

namespace tillhost::simulators::exchange {

std::string base64_of(std::string_view bytes);
/// Errors: malformed. Line breaks between are taken.
base::Result<std::string> base64_read(std::string_view text);

/// As the contract writes it: 2026-11-27T10:00:00.000+00:00.
std::string moment_of(std::int64_t unix_ms);
/// Unix milliseconds, or nothing where it is none. Errors: malformed.
base::Result<std::int64_t> moment_read(std::string_view text);

/// A UUID of version 7 in lower case.
std::string make_uuid(std::int64_t unix_ms);

/// "12.50" of 1250.
std::string money_of(std::int64_t minor);
/// Minor units of "12.50", "12.5" or "12". Errors: malformed.
base::Result<std::int64_t> money_read(std::string_view text);

/// FNV-1a; for comparing what two sides hold, not against anybody who means harm.
std::uint64_t fingerprint(std::string_view text);

/// %XX for all but letters, digits and -._~
std::string url_escaped(std::string_view text);
/// Errors: malformed.
base::Result<std::string> url_read(std::string_view text);

}  // namespace tillhost::simulators::exchange
