#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/contract/licence.h"
#include "licd/runtime/licence_store.h"

namespace tillhost::licd::runtime {

/// Bytes of an archive, as the contract has it (LicenceLogs).
inline constexpr std::size_t kLogPackBytesMax = 900'000;
/// Bytes of its parts but for the log, which has what they leave.
inline constexpr std::size_t kPackedActsBytesMax = 200'000;
inline constexpr std::size_t kPackedKeysBytesMax = 200'000;
inline constexpr std::size_t kPackedSettingsBytesMax = 40'000;
/// The newest acts that are looked at for it.
inline constexpr std::size_t kPackedActsMax = 2000;

/// What goes into it.
struct LogPackParts {
    std::string version;
    std::int64_t unix_ms = 0;
    contract::LicenceSettingsReply settings{};
    std::vector<contract::LicenceKey> keys{};
    std::vector<ActRow> acts{};      ///< newest first
    std::vector<std::string> log{};  ///< oldest first
};

/// An archive for whoever is asked for help: version.txt, settings.txt, keys.txt, acts.txt and
/// log.txt. Nothing of it is a secret: no code, no PIN, nothing that the machine is known by. What
/// does not fit is left out, of acts and log the oldest.
contract::LicenceLogs pack_logs(const LogPackParts& parts);

}  // namespace tillhost::licd::runtime
