#pragma once

#include <string>
#include <variant>

#include "ipc/client/cpp/connection.h"
#include "ipc/client/tillctl/language.h"
#include "ipc/contract/licence.h"

// The verbs about licences. They speak to licd, the licence server, and need no devd.
namespace tillhost::tillctl {

class Console;
enum class Exit : int;
struct Invocation;

struct LicenceKeysVerb {};
struct LicenceConnectionsVerb {};
struct LoadLicenceVerb {
    std::string path;
    contract::LicenceKeyText file{};  ///< its content, once it was read
};
struct ActivateLicenceVerb {
    contract::ActivateLicenceRequest request;  ///< PIN "-": typed unseen
    std::string save;  ///< empty: under licd's name for it, here; "-": standard output
};
struct FreeLicencesVerb {
    contract::FreeLicencesRequest request;
};
struct SetLicenceVerb {
    contract::SetLicenceKeyRequest request;  ///< access code "-": typed unseen
};
struct RemoveLicenceVerb {
    std::string serial;
};
struct LicenceTraitsVerb {};
struct LicenceSettingsVerb {
    contract::SetLicenceSettingsRequest request;  ///< empty: only shown
};
struct LicenceActsVerb {
    contract::LicenceActsRequest request;
};
struct LicenceLogsVerb {
    std::string save;  ///< "-": standard output
};

using LicenceVerb =
    std::variant<LicenceKeysVerb, LicenceConnectionsVerb, LoadLicenceVerb, ActivateLicenceVerb,
                 FreeLicencesVerb, SetLicenceVerb, RemoveLicenceVerb, LicenceTraitsVerb,
                 LicenceSettingsVerb, LicenceActsVerb, LicenceLogsVerb>;

/// A code or PIN that stands so on the command line is typed unseen instead: what is written there
/// stays in the shell's history.
inline constexpr std::string_view kTypedUnseen = "-";
/// A file that is called so is standard output.
inline constexpr std::string_view kStandardOutput = "-";

/// Does what was asked of the licd that the invocation names and says what came of it, errors too.
/// Exit: done; usage (a field or a file is wrong); no_daemon (no licd); else failed. Nothing here
/// is ever in doubt: each verb may be repeated and then tells how things stand.
Exit run_licence(const LicenceVerb& verb, const Invocation& how, const os::Clock& clock,
                 Console& console);
/// The same over connections of the caller's.
Exit run_licence_over(client::Connector& connector, const LicenceVerb& verb, const Invocation& how,
                      const os::Clock& clock, Console& console);

// --- texts (texts_licence.cpp); each ends with a line end

std::string licence_keys_text(Language language, const contract::LicenceKeysReply& reply);
std::string licence_key_text(Language language, const contract::LicenceKey& key);
/// What was loaded, and what to do now.
std::string licence_loaded_text(Language language, const contract::LicenceKey& key);
std::string licence_connections_text(Language language,
                                     const contract::LicenceConnectionsReply& reply);
std::string licences_freed_text(Language language, const contract::FreeLicencesReply& reply,
                                bool accept_double_use);
std::string licence_traits_text(Language language, const contract::LicenceTraitsReply& reply);
/// `asked`: what was to be changed; nothing = they were only looked at.
std::string licence_settings_text(Language language, const contract::LicenceSettingsReply& reply,
                                  const contract::SetLicenceSettingsRequest& asked);
std::string licence_acts_text(Language language, const contract::LicenceActsReply& reply);
/// What to do with a request of an activation that stands in `path`.
std::string licence_request_text(Language language, const contract::ActivateLicenceReply& reply,
                                 const std::string& path);
/// Nothing is to be changed by it.
inline bool only_shows(const contract::SetLicenceSettingsRequest& request) {
    return request.changes.empty() && request.forget.empty() && !request.forget_all;
}
/// As error_text(), with advice about licd where the common one is about devd.
std::string licence_error_text(Language language, const base::Error& error,
                               const std::string& endpoint);

}  // namespace tillhost::tillctl
