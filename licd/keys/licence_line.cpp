#include "licd/keys/licence_line.h"

#include <fmt/format.h>

#include <algorithm>

#include "licd/keys/instant.h"

namespace tillhost::licd::keys {
namespace {

constexpr std::int64_t kVersionPartMax = 99'999;
constexpr std::string_view kNever = "never";
constexpr std::array kTypes{CountType::counted, CountType::uncounted};
constexpr std::array kModes{SeatMode::instance, SeatMode::station, SeatMode::uncounted};

template <class Kind, std::size_t Count>
std::optional<Kind> kind_from(std::string_view word, const std::array<Kind, Count>& all) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Kind kind) { return name_of(kind) == word; });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

constexpr std::array<std::string_view, 8> kFieldNames{"name",  "type", "count", "mode",
                                                      "until", "ver",  "feat",  "offline_ok_s"};

base::Done read_count(const Fields& fields, LicenceLine& line) {
    const auto type = kind_from(TRY(fields.need("type")), kTypes);
    if (!type) {
        return fields.fault("type is counted or uncounted");
    }
    line.type = *type;
    if (line.type == CountType::uncounted) {
        const std::string* const mode = fields.find("mode");
        const bool has_mode = mode != nullptr && *mode != name_of(SeatMode::uncounted);
        if (fields.find("count") != nullptr || has_mode) {
            return fields.fault("an uncounted licence has neither count nor mode");
        }
        return {};
    }
    line.count = TRY(fields.need_number("count", 1, kCountMax));
    const auto mode = kind_from(TRY(fields.need("mode")), kModes);
    if (!mode || *mode == SeatMode::uncounted) {
        return fields.fault("mode of a counted licence is instance or station");
    }
    line.mode = *mode;
    return {};
}

base::Done read_limits(const Fields& fields, LicenceLine& line) {
    const std::string until = TRY(fields.need("until"));
    if (until != kNever) {
        const auto day = day_from_text(until);
        if (!day) {
            return fields.fault("until is never or a day as 2027-12-31");
        }
        line.until_s = *day + kDayS;
    }
    if (const std::string* const range = fields.find("ver")) {
        auto versions = VersionRange::read(*range);
        if (!versions) {
            return fields.fault("ver is a range of versions as >=3.0,<4.0");
        }
        line.versions = std::move(*versions);
    }
    line.offline_ok_s = TRY(fields.number_or("offline_ok_s", 0, kOfflineMaxS, 0));
    return {};
}

}  // namespace

std::string_view name_of(CountType type) {
    switch (type) {
        case CountType::counted: return "counted";
        case CountType::uncounted: return "uncounted";
    }
    return "";
}

std::string_view name_of(SeatMode mode) {
    switch (mode) {
        case SeatMode::instance: return "instance";
        case SeatMode::station: return "station";
        case SeatMode::uncounted: return "uncounted";
    }
    return "";
}

base::Result<Version> Version::read(std::string_view text) {
    const auto wrong = [] { return base::bad_field("version", "up to three numbers, 3.1.20"); };
    const auto parts = split(text, '.');
    Version version;
    if (parts.empty() || parts.size() > version.parts.size()) {
        return wrong();
    }
    for (std::size_t at = 0; at < parts.size(); ++at) {
        const auto number = whole_number(parts[at]);
        if (!number || *number < 0 || *number > kVersionPartMax) {
            return wrong();
        }
        version.parts[at] = *number;
    }
    return version;
}

base::Result<VersionRange> VersionRange::read(std::string_view text) {
    VersionRange range{.from = {}, .below = {}, .text = std::string(text)};
    for (const std::string& part : split(text, ',')) {
        const bool is_from = part.starts_with(">=");
        auto& end = is_from ? range.from : range.below;
        if ((!is_from && !part.starts_with('<')) || end) {
            return base::bad_field("version range", ">=3.0,<4.0");
        }
        end = TRY(Version::read(std::string_view(part).substr(is_from ? 2 : 1)));
    }
    return range;
}

bool VersionRange::contains(const Version& version) const {
    return (!from || version >= *from) && (!below || version < *below);
}

bool LicenceLine::has(std::string_view feature) const {
    return std::find(features.begin(), features.end(), feature) != features.end();
}

base::Result<LicenceLine> read_licence_line(std::string_view text, std::size_t line_number) {
    const Fields fields = TRY(Fields::read(text, line_number));
    TRY(fields.understood(kFieldNames));
    LicenceLine line;
    line.name = TRY(fields.need("name"));
    if (fields.tag() != "L" || !is_name(line.name)) {
        return fields.fault("a licence has a name of letters, digits, dots, dashes");
    }
    TRY(read_count(fields, line));
    TRY(read_limits(fields, line));
    if (const std::string* const features = fields.find("feat")) {
        line.features = split(*features, ',');
        if (!std::all_of(line.features.begin(), line.features.end(), is_name)) {
            return fields.fault("feat is names with commas between");
        }
    }
    return line;
}

std::string write_licence_line(const LicenceLine& line, std::size_t number) {
    FieldWriter writer("L");
    writer.word(std::to_string(number)).put("name", line.name).put("type", name_of(line.type));
    if (line.type == CountType::counted) {
        writer.put("count", line.count).put("mode", name_of(line.mode));
    }
    writer.put("until", line.until_s ? day_to_text(*line.until_s - kDayS) : std::string(kNever));
    if (!line.versions.text.empty()) {
        writer.put("ver", line.versions.text);
    }
    if (!line.features.empty()) {
        writer.put("feat", joined(line.features, ','));
    }
    if (line.offline_ok_s != 0) {
        writer.put("offline_ok_s", line.offline_ok_s);
    }
    return writer.text();
}

base::Result<LicenceLine> licence_line_from_words(std::string_view words) {
    const auto wrong = [&](std::string_view why) {
        constexpr std::string_view kPlace = "line 1: ";  // of no file that the operator has
        why.remove_prefix(why.starts_with(kPlace) ? kPlace.size() : 0);
        return base::bad_field(fmt::format("line \"{}\"", words), std::string(why));
    };
    std::string text = fmt::format("L 1 {}", words);
    const auto given = Fields::read(text, 1);
    if (!given) {
        return wrong(given.error().detail);
    }
    if (given->words().size() > 1) {
        return wrong(fmt::format("\"{}\" is no field", given->words().at(1)));
    }
    if (const auto known = given->nothing_but(kFieldNames); !known) {
        return wrong(known.error().detail);
    }
    const bool counted = given->find("count") != nullptr;
    text += given->find("type") != nullptr ? "" : counted ? " type=counted" : " type=uncounted";
    text += !counted || given->find("mode") != nullptr ? "" : " mode=station";
    text += given->find("until") != nullptr ? "" : " until=never";
    auto line = read_licence_line(text, 1);
    if (!line) {
        return wrong(line.error().detail);
    }
    return line;
}

}  // namespace tillhost::licd::keys
