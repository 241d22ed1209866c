#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/contract/licence.h"
#include "ipc/http/html.h"
#include "ipc/panel/document.h"
#include "licd/web/texts.h"

// The pages as text: pure, from what licd answered. Every text that comes from outside is escaped
// here. No page needs script; the small one only renews the list of connections.
namespace tillhost::licd::web {

using panel::View;

enum class Tab { none, connections, keys, functions, settings };

inline constexpr std::size_t kConnectionsPerPage = 100;
inline constexpr std::size_t kActsPerPage = 50;

/// The whole document around the content of a page.
std::string document(const View& view, Tab tab, const http::Markup& content);

/// A page of leases; `after` is the number it began behind.
std::string connections_page(const View& view, const contract::LicenceConnectionsReply& reply,
                             std::int64_t after);
std::string keys_page(const View& view, const contract::LicenceKeysReply& reply);
/// One key; `request` is a request of activation that was just made.
std::string key_page(const View& view, const contract::LicenceKey& key,
                     const std::optional<contract::ActivateLicenceReply>& request);
std::string functions_page(const View& view, const contract::LicenceTraitsReply& traits);

/// Acts, newest first; `before` is the number it began below, 0 = the newest.
std::string acts_page(const View& view, const contract::LicenceActsReply& reply,
                      std::int64_t before);

/// The settings as forms, one a section.
struct SettingsForm {
    contract::LicenceSettingsReply reply{};
    /// What was typed and not taken, by the setting's name.
    std::map<std::string, std::string, std::less<>> typed{};
    std::string wrong{};  ///< the setting that was refused; empty = none
    std::string why{};    ///< what licd says of it
};
std::string settings_page(const View& view, const SettingsForm& form);
/// What restoring the defaults would change, and the question whether to do it.
std::string defaults_page(const View& view, const contract::LicenceSettingsReply& now,
                          const contract::LicenceSettingsReply& then);
/// A page that says only this.
std::string message_page(const View& view, std::string_view text);

}  // namespace tillhost::licd::web
