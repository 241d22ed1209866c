#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "devd/core/core.h"
#include "hal/base/result.h"
#include "ipc/contract/messages.h"

// Settings of devices, judged by what their drivers say of themselves.
namespace tillhost::devd::runtime {

using Manifests = std::span<const contract::Manifest>;

/// The setting that says where a device's line is (transport/address.h).
inline constexpr std::string_view kPortSetting = "port";

/// The driver of that name, or nullptr.
const contract::Manifest* find_manifest(Manifests manifests, std::string_view driver);
/// Whether the driver speaks over the kind of line that the address names.
bool speaks_over(const contract::Manifest& manifest, std::string_view port);
/// "fiscal/shtrih, fiscal/toy": for error texts.
std::string driver_names(Manifests manifests);

/// The field of that name, or nullptr.
const contract::SettingField* find_field(const contract::Manifest& manifest, std::string_view name);
/// The names of its settings, for error texts; "none" if it has none.
std::string setting_names(const contract::Manifest& manifest);

/// Whether the value is one of the field. Errors: bad_field(field's name, what would be right).
base::Done check_setting(const contract::Manifest& manifest, const contract::SettingField& field,
                         std::string_view value);

/// Whether these settings are right as a whole: all known, none twice, none missing.
/// Errors: bad_field("settings.NAME", what would be right). The value of a secret is not repeated.
base::Done check_settings(const contract::Manifest& manifest,
                          const std::vector<contract::Setting>& settings);

/// What an address over such a line begins with: "serial", "hid", …
std::string_view address_kind(contract::LineKind line);

/// The first required setting that is not there, or nullptr.
const contract::SettingField* missing_setting(const contract::Manifest& manifest,
                                              const std::vector<contract::Setting>& settings);

/// The address of a port, with the driver's usual TCP port where it names none.
std::string whole_port(const contract::Manifest& manifest, const std::string& port);

/// The settings in the order of the manifest, without those of no value: an empty one is the
/// default. The port is whole.
std::vector<contract::Setting> in_order(const contract::Manifest& manifest,
                                        const std::vector<contract::Setting>& settings);

/// The value of a setting, or nothing.
const std::string* value_of(const std::vector<contract::Setting>& settings, std::string_view name);

/// What two addresses of the same line have in common: its device node, or host and port. Follows
/// links. The text itself if it is no address.
std::string line_of(const std::string& port);

/// a-z, 0-9, - and _, at most 64.
bool is_device_id(std::string_view text);

/// How long the driver says that its work takes.
core::WorkBudgets budgets_of(const contract::Manifest& manifest);

/// What a new device of that driver needs before it takes documents.
std::vector<contract::SetupStep> setup_of(const contract::Manifest& manifest);

}  // namespace tillhost::devd::runtime
