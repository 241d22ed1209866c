#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "licd/keys/fields.h"

namespace tillhost::licd::keys {

inline constexpr std::int64_t kCountMax = 100'000;
inline constexpr std::int64_t kOfflineMaxS = 30 * 86'400;

enum class CountType : std::uint8_t { counted, uncounted };
/// What takes one of a counted licence: each instance of a program, or each workstation once.
enum class SeatMode : std::uint8_t { instance, station, uncounted };
std::string_view name_of(CountType type);
std::string_view name_of(SeatMode mode);

/// "3", "3.1" or "3.1.20" of a program.
struct Version {
    std::array<std::int64_t, 3> parts{};
    /// Errors: bad_field(version).
    static base::Result<Version> read(std::string_view text);
    friend auto operator<=>(const Version&, const Version&) = default;
};

/// ">=3.0,<4.0", one half of it, or empty for every version.
struct VersionRange {
    std::optional<Version> from;   ///< and all above
    std::optional<Version> below;  ///< and not this one
    std::string text;              ///< as it stands in the file
    /// Errors: bad_field(version range).
    static base::Result<VersionRange> read(std::string_view text);
    bool contains(const Version& version) const;
};

/// One named licence of a key.
struct LicenceLine {
    std::string name;  ///< "till.base"
    CountType type = CountType::uncounted;
    std::int64_t count = 0;  ///< of a counted one, from 1
    SeatMode mode = SeatMode::uncounted;
    /// The first instant at which it is past its last day, which is one in UTC; nothing: never.
    std::optional<std::int64_t> until_s;
    VersionRange versions;
    std::vector<std::string> features;
    /// How long a program may go on when the server does not answer.
    std::int64_t offline_ok_s = 0;

    bool has(std::string_view feature) const;
};

/// Of the line "L number …" without its signature.
/// Errors: key_damaged; wrong_version (an unknown critical field).
base::Result<LicenceLine> read_licence_line(std::string_view text, std::size_t line_number);
/// The line without its signature. `number` counts the licences of a key from 1.
std::string write_licence_line(const LicenceLine& line, std::size_t number);
/// From words as an operator writes them, "name=till.base count=20 mode=station until=2027-12-31";
/// type may be left out, and mode, which is then station. A field that is not known is refused
/// here, since a misspelt count would make a licence without bound. Errors: bad_field, naming the
/// words.
base::Result<LicenceLine> licence_line_from_words(std::string_view words);

}  // namespace tillhost::licd::keys
