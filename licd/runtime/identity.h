#pragma once

#include <cstdint>
#include <string>

#include "hal/os/signature.h"
#include "licd/runtime/licence_store.h"

namespace tillhost::licd::runtime {

/// The key by which this server signs leases, made at its first start and kept in a file of mode
/// 0600. Keys are bound to it: whoever loses it activates them anew. Errors: bad_field (no key in
/// the file, or others may read it), system_failed, storage_full.
base::Result<os::SigningKey> load_or_make_identity(const std::string& path);

/// The salt of access codes, made at the first start and kept by the store.
base::Bytes load_or_make_salt(LicenceStore& store);

base::Bytes random_bytes(std::size_t count);

/// This process as its own connections are known by.
struct OwnProcess {
    std::int64_t uid = 0;
    std::int64_t pid = 0;
    std::string user;  ///< its name; "uid 1000" if it has none
};
OwnProcess own_process();

}  // namespace tillhost::licd::runtime
