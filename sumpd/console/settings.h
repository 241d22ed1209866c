#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::console {

/// Where the value of a setting comes from; the console's goes before the file's.
enum class SettingSource : std::uint8_t { normal, file, console };

/// One setting as it stands.
struct SettingFact {
    std::string name{};   ///< as in sumpd.toml: "api.port"
    std::string value{};  ///< what is wanted; holds from the next start if needs_restart
    SettingSource source = SettingSource::normal;
    std::string otherwise{};  ///< what it would be without the console's word
    SettingSource otherwise_source = SettingSource::normal;
    std::string normal{};  ///< the default
    bool changeable = false;
    bool needs_restart = false;  ///< sumpd works with another value until it is started again
    bool is_live = false;        ///< a change holds at once
    std::int64_t min = 0;        ///< of a number; max 0: it is none
    std::int64_t max = 0;
    std::vector<std::string> choices{};  ///< the only values; none = any
};

/// Who changes something, for the audit.
struct Editor {
    std::string login{};
    std::string address{};
};

struct SettingChange {
    std::string name{};
    std::string value{};
};

/// The settings of a running sumpd: what sumpd.toml says, and before it what was set here. Any
/// thread.
class Settings {
public:
    virtual ~Settings() = default;
    /// In the order of the form.
    virtual std::vector<SettingFact> told() = 0;
    /// All changes or none; durable when it returns, and noted in the audit. `forget`: names that
    /// go back to the file. Faults: schema_invalid with the name of the setting and what it may be,
    /// disk_full, too_many.
    virtual exchange::Outcome<exchange::Empty> change(const Editor& who,
                                                      const std::vector<SettingChange>& changes,
                                                      const std::vector<std::string>& forget) = 0;
};

}  // namespace tillhost::sumpd::console
