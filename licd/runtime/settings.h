#pragma once

#include <functional>
#include <memory>
#include <string>

#include "hal/os/log.h"
#include "ipc/contract/licence.h"
#include "licd/runtime/config.h"

namespace tillhost::licd::runtime {

/// The settings of a running licd: what licd.toml says, and before it what an administrator set by
/// the panel or tillctl. That stands in settings.toml of the state folder
/// (docs/formats/licence-settings.md); licd never writes to the configuration folder. For the
/// loop's thread.
class Settings final {
public:
    /// Says which configuration licd works with if `wanted` is to hold. With `really` it does from
    /// now on.
    using Apply = std::function<Config(const Config& wanted, bool really)>;

    /// Reads both files. A settings.toml that is no good, or does not go with licd.toml, is left
    /// alone and not used; the log says so. Errors: those of licd.toml (config.h).
    static base::Result<std::unique_ptr<Settings>> open(const std::string& config_folder,
                                                        const std::string& state_folder,
                                                        const os::Logger& logger);

    /// What licd works with.
    const Config& config() const { return running_; }
    /// Called for each change; without it all wait for the next start.
    void set_apply(Apply apply) { apply_ = std::move(apply); }

    contract::LicenceSettingsReply told() const;
    /// All changes or none; durable when it returns, which takes two syncs. Errors: bad_field,
    /// naming the setting and what it may be; config_invalid (settings.toml is no good: only
    /// forget_all is taken, which keeps its content beside it); storage_full, system_failed.
    base::Result<contract::LicenceSettingsReply> set(
        const contract::SetLicenceSettingsRequest& request);

private:
    Settings(std::string file, std::string own) : file_(std::move(file)), own_(std::move(own)) {}
    void read_own(const os::Logger& logger);
    base::Result<SettingTexts> changed(const contract::SetLicenceSettingsRequest& request) const;
    base::Done keep(const SettingTexts& texts);
    Config applied(const Config& wanted, bool really) const;
    contract::LicenceSettingsReply told(const SettingTexts& own, const Config& wanted,
                                        const Config& running) const;

    const std::string file_;  ///< licd.toml
    const std::string own_;   ///< settings.toml
    SettingTexts file_texts_;
    SettingTexts own_texts_;
    std::string fault_;  ///< of settings.toml
    Config wanted_;      ///< what licd works with after a restart
    Config running_;
    Apply apply_;
};

}  // namespace tillhost::licd::runtime
