#pragma once

#include <map>
#include <string>
#include <vector>

#include "ipc/client/tillctl/dialogue.h"

namespace tillhost::tillctl {

/// A driver's settings as a person fills them in, one a step, each checked by devd as it is typed.
/// Asks devd and the person; changes nothing.
class SettingForm final {
public:
    /// Of a device that is not there yet.
    SettingForm(const AdminContext& to, const contract::Manifest& manifest);
    /// Of one that is, with its settings; a secret one has an empty value.
    SettingForm(const AdminContext& to, const contract::Manifest& manifest, std::string device,
                const std::vector<contract::Setting>& settings);

    std::size_t steps() const { return steps_.size(); }
    /// Asks for one setting. Errors: those of devd's requests.
    base::Result<Move> ask_for(std::size_t step);

    /// What differs from the settings as they were: set to a value, or back to the default.
    std::vector<contract::Setting> changes() const;
    std::vector<std::string> cleared() const;

private:
    struct Step {
        const contract::SettingPage* page;
        const contract::SettingField* field;
    };

    base::Result<Answer> ask_port(const contract::SettingField& field) const;
    Answer with_speed(const contract::Port& port) const;
    Answer ask_value(const contract::SettingField& field) const;
    base::Result<bool> take(const contract::SettingField& field, const std::string& answer);
    base::Result<bool> is_good(const contract::SettingField& field, const std::string& value);
    base::Result<contract::DeviceSettings> try_with(const std::string& name,
                                                    const std::string& value) const;
    base::Result<bool> may_use_port(const std::string& address) const;
    std::string shown(const contract::SettingField& field) const;
    const std::string* now(const std::string& name) const;

    const AdminContext& to_;
    const contract::Manifest& manifest_;
    std::string device_;  ///< empty: not there yet
    std::vector<Step> steps_;
    std::map<std::string, std::string> before_;
    std::map<std::string, std::string> values_;  ///< as they shall be
};

}  // namespace tillhost::tillctl
