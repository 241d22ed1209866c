#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "hal/os/log.h"
#include "sumpd/console/settings.h"
#include "sumpd/runtime/config.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::runtime {

/// The settings of a running sumpd: what sumpd.toml says, and before it what was set in the console
/// (table setting of sumpd.db). sumpd never writes to the configuration folder. Any thread.
class Settings final : public console::Settings {
public:
    /// Reads both. What was set in the console and is no good any more is not used; the log says
    /// so. Errors: those of sumpd.toml (config.h), storage_failed.
    static base::Result<std::unique_ptr<Settings>> open(const std::string& config_folder,
                                                        const std::string& state_folder);

    /// What sumpd works with.
    const Config& config() const { return running_; }
    /// What was set in the console and is not used goes to the log.
    void say_fault(const os::Logger& logger) const;

    /// Called with what is wanted when a setting that holds at once has changed.
    using Apply = std::function<void(const Config& wanted)>;
    /// From now on changes can be made. Both outlive it.
    void attach(store::Store& store, const os::Clock& clock, Apply apply);

    std::vector<console::SettingFact> told() override;
    exchange::Outcome<exchange::Empty> change(const console::Editor& who,
                                              const std::vector<console::SettingChange>& changes,
                                              const std::vector<std::string>& forget) override;

private:
    Settings() = default;

    SettingTexts file_;
    SettingTexts running_texts_;
    Config running_;
    std::string fault_;
    store::Store* store_ = nullptr;
    const os::Clock* clock_ = nullptr;
    Apply apply_;
    std::mutex mutex_;
    SettingTexts own_;  ///< under mutex_
};

}  // namespace tillhost::sumpd::runtime
