#include "devd/runtime/device_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "devd/runtime/config.h"
#include "devd/runtime/settings.h"
#include "hal/os/files.h"
#include "ipc/text_tables.h"

namespace tillhost::devd::runtime {
namespace {

constexpr unsigned kFolderMode = 0700;
constexpr unsigned kFileMode = 0600;

}  // namespace

std::string device_file_path(const std::string& state_folder, const std::string& id) {
    return state_folder + "/devices.d/" + id + ".toml";
}

std::string device_file_text(const core::DeviceConfig& device) {
    std::string text = "# Made by devd for a client; change it with tillctl configure.\n";
    text += fmt::format("driver = {}\n", ipc::quoted(device.driver));
    if (!device.name.empty()) {
        text += fmt::format("name = {}\n", ipc::quoted(device.name));
    }
    std::string settings;
    for (const contract::Setting& setting : device.settings) {
        (setting.name == kPortSetting ? text : settings) +=
            fmt::format("{} = {}\n", setting.name, ipc::quoted(setting.value));
    }
    if (!device.setup_missing.empty()) {
        std::string steps;
        for (const contract::SetupStep step : device.setup_missing) {
            steps += (steps.empty() ? "" : ", ") + ipc::quoted(contract::name_of(step));
        }
        text += fmt::format("setup_missing = [{}]\n", steps);
    }
    return settings.empty() ? text : text + "\n[settings]\n" + settings;
}

base::Done write_device_file(const std::string& state_folder, const core::DeviceConfig& device) {
    TRY(os::make_folder(state_folder + "/devices.d", kFolderMode));
    return os::write_atomically(device_file_path(state_folder, device.id),
                                base::bytes_of(device_file_text(device)), kFileMode);
}

base::Done remove_device_file(const std::string& state_folder, const std::string& id) {
    return os::remove_file(device_file_path(state_folder, id));
}

base::Result<std::vector<std::string>> device_files(const std::string& folder) {
    if (::access((folder + "/devices.d").c_str(), F_OK) != 0 && errno == ENOENT) {
        return std::vector<std::string>();
    }
    auto names = os::list_files(folder + "/devices.d", ".toml");
    if (!names) {
        return base::make_error(base::ErrorCode::config_invalid, names.error().detail);
    }
    if (names->size() > kDevicesMax) {
        return base::make_error(
            base::ErrorCode::config_invalid,
            fmt::format("{}/devices.d: more than {} files", folder, kDevicesMax));
    }
    return std::move(*names);
}

base::Result<std::string> read_secret(const std::string& path) {
    const std::string text = base::string_of(TRY(os::read_file(path, kSecretBytesMax)));
    return text.substr(0, text.find('\n'));
}

}  // namespace tillhost::devd::runtime
