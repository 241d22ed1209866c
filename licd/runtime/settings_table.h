#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "licd/runtime/config.h"

// Every setting of licd, once: what it is called, what it may be, and which member of Config it is.
// The file, the panel, tillctl and the page of settings are all made from this table.
namespace tillhost::licd::runtime {

/// A text that the contract can tell (LicenceSetting).
inline constexpr std::size_t kSettingBytesMax = 500;

/// Who may set it, and when it holds.
enum class Change : std::uint8_t {
    live,        ///< by the panel and tillctl, at once
    at_restart,  ///< by the panel and tillctl, from the next start
    file_only,   ///< by licd.toml alone: it opens licd to others, or names files on the machine
};

struct SettingRow {
    std::string_view name;  ///< "times.lease_s": the file's section and key; "log_level"
    Change change = Change::at_restart;
    /// Smallest and largest number; with max 0 it is no number.
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::span<const std::string_view> choices{};  ///< the only values; none = any
    std::size_t bytes_max = kSettingBytesMax;     ///< of a text
    /// Takes a text that check_setting() found good.
    void (*set)(Config& to, const std::string& text) = nullptr;
    std::string (*get)(const Config& from) = nullptr;
};

/// In the order of the form.
std::span<const SettingRow> settings_table();
/// nullptr: there is none of that name.
const SettingRow* find_setting(std::string_view name);
/// Errors: bad_field, naming the setting and what it may be.
base::Done check_setting(const SettingRow& row, const std::string& text);
/// The error for a name that is none, with those there are.
base::Error unknown_setting(std::string_view name);

}  // namespace tillhost::licd::runtime
