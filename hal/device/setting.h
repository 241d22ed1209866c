#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "hal/device/manifest.h"

// How a driver reads its settings. devd has checked them by the manifest; a driver that is made
// without devd, by a test or a tool, refuses what is wrong all the same.
namespace tillhost::device {

/// config_invalid: "settings.NAME: what would be right".
base::Error wrong_setting(std::string_view name, std::string_view expected);
/// The same of a setting that the driver does not have; names those that it has.
base::Error unknown_setting(std::string_view name, std::span<const Page> pages);

/// A whole number within these bounds. Errors: wrong_setting.
base::Result<std::int64_t> number_of(const contract::Setting& setting, std::int64_t min,
                                     std::int64_t max);
/// Which of these words it is, from 0. Errors: wrong_setting.
base::Result<std::size_t> choice_of(const contract::Setting& setting,
                                    std::initializer_list<std::string_view> words);
/// Whether it is the first of two words. Errors: wrong_setting.
base::Result<bool> is_first(const contract::Setting& setting, std::string_view first,
                            std::string_view second);

}  // namespace tillhost::device
