#pragma once

#include <cstdint>
#include <string>

#include "hal/base/result.h"

// Steps of copying and restoring files of SQLite. Errors of each: system_failed, storage_full.
namespace tillhost::sumpd::maintenance {

/// Copies hold hashes of passwords.
inline constexpr unsigned kCopyMode = 0600;

std::string folder_of(const std::string& path);
bool is_there(const std::string& path);
base::Result<std::int64_t> file_bytes(const std::string& path);
base::Done sync_path(const std::string& path, bool is_folder);
/// Replaces a leftover of that name; follows no link.
base::Done make_empty(const std::string& path, unsigned mode);
/// Never replaces what is there. (A rename would.)
base::Done link_new(const std::string& from, const std::string& to);
base::Done rename_over(const std::string& from, const std::string& to);
/// Mode as make_empty() gives it; not synced.
base::Done copy_file(const std::string& from, const std::string& to, unsigned mode);
/// Also what SQLite may have left beside it.
base::Done remove_with_logs(const std::string& path);
/// Done by root it is still the folder's owner's.
base::Done give_to_owner(const std::string& path, const std::string& folder);

/// Removes what was not finished, with its logs. What cannot be removed is found by the next one.
class Unfinished final {
public:
    explicit Unfinished(std::string path) : path_(std::move(path)) {}
    ~Unfinished() { [[maybe_unused]] const auto removed = remove_with_logs(path_); }
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;

private:
    const std::string path_;
};

}  // namespace tillhost::sumpd::maintenance
