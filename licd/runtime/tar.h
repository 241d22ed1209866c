#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::licd::runtime {

struct TarFile {
    std::string_view name;  ///< at most 99 bytes
    std::string content;
};

inline constexpr std::size_t kTarBlockBytes = 512;

/// The bytes that files of these sizes make: a heading and whole blocks each, two blocks at the
/// end.
std::size_t tar_bytes(const std::vector<std::size_t>& sizes);

/// An archive in the format "ustar" of POSIX.1 (pax, "ustar Interchange Format"): plain files of
/// mode 0644 that belong to nobody.
base::Bytes make_tar(const std::vector<TarFile>& files, std::int64_t unix_s);

}  // namespace tillhost::licd::runtime
