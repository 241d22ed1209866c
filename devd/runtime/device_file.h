#pragma once

#include <string>
#include <vector>

#include "devd/core/core.h"

// Devices that clients made: one file a device below $TILLHOST_STATE_DIR/devices.d, in the form of
// the administrator's own (config.h), so that it can be moved there. Nobody but devd may read them:
// they hold the values of secrets.
namespace tillhost::devd::runtime {

std::string device_file_path(const std::string& state_folder, const std::string& id);

/// The device as TOML.
std::string device_file_text(const core::DeviceConfig& device);

/// Writes the file as one step, and makes the folder if it is not there. Blocks for two syncs.
/// Errors: system_failed, storage_full.
base::Done write_device_file(const std::string& state_folder, const core::DeviceConfig& device);

/// Errors: system_failed.
base::Done remove_device_file(const std::string& state_folder, const std::string& id);

/// Names of the files in FOLDER/devices.d; a folder that is not there holds none.
/// Errors: config_invalid.
base::Result<std::vector<std::string>> device_files(const std::string& folder);
/// The first line of a file. Errors: those of os::read_file.
base::Result<std::string> read_secret(const std::string& path);

}  // namespace tillhost::devd::runtime
