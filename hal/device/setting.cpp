#include "hal/device/setting.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace tillhost::device {

base::Error wrong_setting(std::string_view name, std::string_view expected) {
    return base::make_error(base::ErrorCode::config_invalid,
                            fmt::format("settings.{}: {}", name, expected));
}

base::Error unknown_setting(std::string_view name, std::span<const Page> pages) {
    std::string names;
    for (const Page& page : pages) {
        for (const Field& field : page.fields) {
            names += names.empty() ? "" : ", ";
            names += field.name;
        }
    }
    return wrong_setting(name, "not known; there are: " + names);
}

base::Result<std::int64_t> number_of(const contract::Setting& setting, std::int64_t min,
                                     std::int64_t max) {
    const char* const end = setting.value.data() + setting.value.size();
    std::int64_t number = 0;
    const auto [stop, problem] = std::from_chars(setting.value.data(), end, number);
    if (problem != std::errc() || stop != end || number < min || number > max) {
        return wrong_setting(setting.name, fmt::format("a whole number from {} to {}", min, max));
    }
    return number;
}

base::Result<std::size_t> choice_of(const contract::Setting& setting,
                                    std::initializer_list<std::string_view> words) {
    const auto* const found = std::find(words.begin(), words.end(), setting.value);
    if (found == words.end()) {
        return wrong_setting(setting.name, fmt::format("one of: {}", fmt::join(words, ", ")));
    }
    return static_cast<std::size_t>(found - words.begin());
}

base::Result<bool> is_first(const contract::Setting& setting, std::string_view first,
                            std::string_view second) {
    return TRY(choice_of(setting, {first, second})) == 0;
}

}  // namespace tillhost::device
