#include "licd/runtime/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/os/files.h"
#include "licd/runtime/settings_table.h"

namespace tillhost::licd::runtime {

using base::Done;
using base::Result;
using contract::LicenceSettingSource;

namespace {

constexpr std::size_t kOwnBytesMax = 64 * 1024;
constexpr const char* kComment =
    "Written by licd: what an administrator set by the panel or tillctl. It goes before licd.toml.";

/// Errors: bad_field: there is no such setting, or it is not for the panel.
Result<const SettingRow*> changeable(std::string_view name) {
    const SettingRow* const row = find_setting(name);
    if (row == nullptr) {
        return unknown_setting(name);
    }
    if (row->change == Change::file_only) {
        return base::bad_field(name, "changed in licd.toml only");
    }
    return row;
}

Result<SettingTexts> load_own(const std::string& path) {
    SettingTexts texts = TRY(load_setting_texts(path));
    for (const auto& [name, text] : texts) {
        TRY(changeable(name));
    }
    return texts;
}

contract::LicenceSetting told_of(const SettingRow& row, const Config& wanted,
                                 const Config& running) {
    contract::LicenceSetting told;
    told.name = row.name;
    told.value = row.get(wanted);
    told.normal = row.get(Config());
    told.changeable = row.change != Change::file_only;
    told.needs_restart = told.value != row.get(running);
    told.min = row.min;
    told.max = row.max;
    told.choices.assign(row.choices.begin(), row.choices.end());
    return told;
}

}  // namespace

Result<std::unique_ptr<Settings>> Settings::open(const std::string& config_folder,
                                                 const std::string& state_folder,
                                                 const os::Logger& logger) {
    std::unique_ptr<Settings> settings(
        new Settings(config_folder + "/licd.toml", state_folder + "/settings.toml"));
    settings->file_texts_ = TRY(load_setting_texts(settings->file_));
    settings->wanted_ = TRY(make_config(settings->file_texts_));
    settings->read_own(logger);
    settings->running_ = settings->wanted_;
    return settings;
}

/// Licences are lent whatever became of this file.
void Settings::read_own(const os::Logger& logger) {
    auto texts = load_own(own_);
    auto config = texts ? make_config(file_texts_, *texts) : Result<Config>(texts.error());
    if (config) {
        own_texts_ = std::move(*texts);
        wanted_ = std::move(*config);
        return;
    }
    fault_ = config.error().detail;
    logger.error(
        "settings.toml is not used, licd.toml alone holds; mend it or restore the defaults",
        {{"file", own_}, {"error", base::to_text(config.error())}});
}

contract::LicenceSettingsReply Settings::told() const {
    return told(own_texts_, wanted_, running_);
}

contract::LicenceSettingsReply Settings::told(const SettingTexts& own, const Config& wanted,
                                              const Config& running) const {
    contract::LicenceSettingsReply reply;
    reply.file = file_;
    for (const SettingRow& row : settings_table()) {
        contract::LicenceSetting& told = reply.settings.emplace_back(told_of(row, wanted, running));
        told.source = own.contains(row.name)           ? LicenceSettingSource::panel
                      : file_texts_.contains(row.name) ? LicenceSettingSource::file
                                                       : LicenceSettingSource::normal;
    }
    return reply;
}

Result<SettingTexts> Settings::changed(const contract::SetLicenceSettingsRequest& request) const {
    SettingTexts texts = request.forget_all ? SettingTexts() : own_texts_;
    for (const std::string& name : request.forget) {
        TRY(changeable(name));
        texts.erase(name);
    }
    SettingTexts fresh;
    for (const contract::LicenceSettingChange& change : request.changes) {
        const SettingRow* const row = TRY(changeable(change.name));
        TRY(check_setting(*row, change.value));
        const bool forgotten = std::find(request.forget.begin(), request.forget.end(),
                                         change.name) != request.forget.end();
        if (forgotten || !fresh.emplace(change.name, change.value).second) {
            return base::bad_field(change.name, "named once, to be set or to be forgotten");
        }
    }
    for (const auto& [name, text] : fresh) {
        texts.insert_or_assign(name, text);
    }
    return texts;
}

/// What was there and could not be read is kept beside it.
Done Settings::keep(const SettingTexts& texts) {
    if (!fault_.empty()) {
        const base::Bytes damaged = TRY(os::read_file(own_, kOwnBytesMax));
        TRY(os::write_atomically(own_ + ".damaged", damaged));
    }
    TRY(os::write_atomically(own_, base::bytes_of(write_setting_texts(kComment, texts))));
    fault_.clear();
    return {};
}

Config Settings::applied(const Config& wanted, bool really) const {
    return apply_ ? apply_(wanted, really) : running_;
}

Result<contract::LicenceSettingsReply> Settings::set(
    const contract::SetLicenceSettingsRequest& request) {
    if (!fault_.empty() && !request.forget_all) {
        return base::make_error(
            base::ErrorCode::config_invalid,
            fmt::format("{} cannot be read ({}): mend it and restart licd, or restore the defaults",
                        own_, fault_));
    }
    const SettingTexts texts = TRY(changed(request));
    const Config wanted = TRY(make_config(file_texts_, texts));
    if (request.only_check) {
        return told(texts, wanted, applied(wanted, false));
    }
    TRY(keep(texts));
    own_texts_ = texts;
    wanted_ = wanted;
    running_ = applied(wanted, true);
    return told();
}

}  // namespace tillhost::licd::runtime
