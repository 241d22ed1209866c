#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "sumpd/exchange/visitor.h"

// How single values are written: the same in XML and in JSON. Every reader here is total: any text
// is a value or nothing. What is written is canonical, one text for one value.
namespace tillhost::sumpd::exchange {

/// Whether both encodings can carry the text: well-formed UTF-8 of characters that XML 1.0 has. It
/// has no control characters but tab, line feed and carriage return, and no U+FFFE and U+FFFF.
bool is_carried(std::string_view text);
/// The text with U+FFFD for each character or broken byte that is not carried.
std::string made_carried(std::string_view text);

/// An optional sign and digits, within int64.
std::optional<std::int64_t> integer_from(std::string_view text);

/// At most two digits behind the point and within ±kMinorMax; written with exactly two.
std::optional<Amount> amount_from(std::string_view text);
std::string text_of(Amount amount);

/// At most three digits behind the point and within ±kMilliMax; written with exactly three.
std::optional<Measure> measure_from(std::string_view text);
std::string text_of(Measure measure);

/// ISO 8601 with date, time of at least seconds, and an offset or Z: of the years 1970 to 2199. Of
/// a fraction of a second whole milliseconds are kept. A time without an offset is nothing.
std::optional<Moment> moment_from(std::string_view text);
/// "2026-11-27T10:00:00.000+03:00"; a moment outside those years is moved to their edge.
std::string text_of(const Moment& moment);

/// 8-4-4-4-12 hex digits of either case, kept in lower case.
std::optional<Uuid> uuid_from(std::string_view text);

/// Base64 of RFC 4648 §4 with its "=". Blanks and line ends between are skipped, since 1C and .NET
/// break lines; nothing else is.
std::optional<base::Bytes> base64_from(std::string_view text);
std::string base64_of(base::ByteView bytes);

}  // namespace tillhost::sumpd::exchange
