#pragma once

#include <string>
#include <vector>

#include "hal/base/result.h"
#include "hal/database/database.h"

// Certificates and keys of the server go with a copy (table kept_file, in copies only): apps know
// the server by its key, and would all have to be enrolled anew.
namespace tillhost::sumpd::maintenance {

/// A file that is larger is none of them.
inline constexpr std::size_t kKeptFileBytesMax = 64 * 1024;

/// All files of the folder that end in .crt or .key. Errors: system_failed.
base::Result<std::vector<std::string>> kept_file_names(const std::string& folder);
/// Within a transaction of the copy. Errors:
/// storage_failed, storage_full, system_failed, too_large.
base::Done keep_files(database::Database& copy, const std::string& folder);
/// Writes them in the place of those in the folder, and drops the table. Nothing where there is
/// none. Errors: as keep_files().
base::Done put_kept_files_back(const std::string& database, const std::string& folder);

}  // namespace tillhost::sumpd::maintenance
