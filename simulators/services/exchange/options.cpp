#include "simulators/services/exchange/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tillhost::simulators::exchange {
namespace {

base::Result<std::int64_t> number_in(std::string_view name, std::string_view text, std::int64_t min,
                                     std::int64_t max) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < min || number > max) {
        return base::bad_field(name, fmt::format("a number from {} to {}", min, max));
    }
    return number;
}

}  // namespace

base::Result<Options> Options::read(std::span<const std::string> words,
                                    std::span<const Option> known) {
    Options options;
    for (const Option& option : known) {
        options.values_.emplace(option.name, option.otherwise);
    }
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const auto found = options.values_.find(words[i]);
        if (found == options.values_.end()) {
            return base::bad_field(words[i], "an option that devsim FAMILY --help names");
        }
        if (i + 1 == words.size()) {
            return base::bad_field(words[i], "an option with a value behind it");
        }
        found->second = words[i + 1];
    }
    return options;
}

const std::string& Options::text(std::string_view name) const {
    static const std::string kNothing;
    const auto found = values_.find(name);
    return found == values_.end() ? kNothing : found->second;
}

base::Result<std::int64_t> Options::number(std::string_view name, std::int64_t min,
                                           std::int64_t max) const {
    return number_in(name, text(name), min, max);
}

base::Result<std::int64_t> key_number(const Value& keys, std::string_view name,
                                      std::int64_t otherwise, std::int64_t min, std::int64_t max) {
    return keys.has(name) ? number_in(name, keys.text_of(name), min, max) : otherwise;
}

base::Result<LineFaults> line_faults_of(const Options& options) {
    constexpr std::int64_t kPermille = 1000;
    const std::int64_t drop = TRY(options.number("--drop-permille", 0, kPermille));
    const std::int64_t cut = TRY(options.number("--cut-permille", 0, kPermille));
    return LineFaults{.drop_permille = static_cast<std::uint64_t>(drop),
                      .cut_permille = static_cast<std::uint64_t>(cut)};
}

base::Result<LineFaults> read_line_faults(const Value& keys) {
    constexpr std::int64_t kPermille = 1000, kSpeedMax = 1'000'000'000;
    LineFaults faults;
    faults.drop_permille =
        static_cast<std::uint64_t>(TRY(key_number(keys, "drop_permille", 0, 0, kPermille)));
    faults.cut_permille =
        static_cast<std::uint64_t>(TRY(key_number(keys, "cut_permille", 0, 0, kPermille)));
    faults.bytes_per_second = TRY(key_number(keys, "bytes_per_second", 0, 0, kSpeedMax));
    return faults;
}

std::string help_of(std::span<const Option> options) {
    std::string text;
    for (const Option& option : options) {
        text += fmt::format("  {:<18} {}{}\n", option.name, option.meaning,
                            option.otherwise.empty() ? "" : fmt::format(" ({})", option.otherwise));
    }
    return text;
}

}  // namespace tillhost::simulators::exchange
