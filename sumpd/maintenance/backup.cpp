#include "sumpd/maintenance/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "hal/database/database.h"
#include "hal/os/descriptor.h"
#include "hal/os/files.h"
#include "sumpd/maintenance/file_steps.h"
#include "sumpd/maintenance/kept_files.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::maintenance {

using base::Done;
using base::Result;

namespace {

constexpr std::string_view kPrefix = "sumpd-";
constexpr std::string_view kEnding = ".db";
constexpr std::string_view kPart = ".part";
constexpr std::size_t kTimeLetters = 15;  // 20261127-200838

/// The copy says in itself that it is one: it is not opened before a restore.
Done mark_and_check(const std::string& path, const std::string& folder, std::int64_t now_ms) {
    const auto copy = TRY(database::Database::open(path, store::kApplicationId));
    TRY(copy->check());
    TRY(copy->begin());
    TRY(
        copy->run("INSERT INTO meta VALUES ('copy_taken_ms', :a) ON CONFLICT (name)"
                  " DO UPDATE SET text = excluded.text",
                  {std::to_string(now_ms)}));
    TRY(keep_files(*copy, folder));
    TRY(copy->commit());
    return copy->empty_log();
}

Done copy_database(const std::string& folder, const std::string& to,
                   const std::function<bool(std::int64_t, std::int64_t)>& go_on) {
    const auto source =
        TRY(database::Database::open_to_read(folder + "/sumpd.db", store::kApplicationId));
    const auto size = TRY(source->query("PRAGMA page_size", "i"));
    const std::int64_t page = std::get<std::int64_t>(size.at(0).at(0));
    return source->copy_to(to, [&](std::int64_t done, std::int64_t total) {
        return go_on(done * page, total * page);
    });
}

/// Of a name in UTC; 0: it is none of ours.
std::int64_t time_of(const std::string& name) {
    std::tm parts{};
    const std::string text = name.substr(std::min(kPrefix.size(), name.size()), kTimeLetters);
    const char* end = ::strptime(text.c_str(), "%Y%m%d-%H%M%S", &parts);
    return end != nullptr && *end == '\0' ? std::int64_t{::timegm(&parts)} * 1000 : 0;
}

}  // namespace

std::string backup_name(std::int64_t now_ms, std::string_view why) {
    const std::time_t seconds = now_ms / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    std::strftime(text.data(), text.size(), "%Y%m%d-%H%M%S", &parts);
    return fmt::format("{}{}-{}{}", kPrefix, text.data(), why, kEnding);
}

Result<std::int64_t> take_backup(const std::string& folder, const std::string& path,
                                 std::int64_t now_ms,
                                 const std::function<bool(std::int64_t, std::int64_t)>& go_on) {
    if (!path.starts_with('/') || path.ends_with('/')) {
        return base::bad_field("path", "the absolute path of a new file");
    }
    if (is_there(path)) {
        return base::bad_field("path", "a new file: " + path + " is there already");
    }
    const std::string part = path + std::string(kPart);
    const Unfinished unfinished(part);
    if (const Done made = make_empty(part, kCopyMode); !made) {
        return base::bad_field("path", "in a folder that can be written: " + made.error().detail);
    }
    TRY(copy_database(folder, part, go_on));
    TRY(mark_and_check(part, folder, now_ms));
    TRY(sync_path(part, false));
    const std::int64_t bytes = TRY(file_bytes(part));
    TRY(link_new(part, path));
    TRY(os::remove_file(part));
    TRY(sync_path(folder_of(path), true));
    return bytes;
}

Result<std::vector<BackupFile>> list_backups(const std::string& folder) {
    std::vector<BackupFile> found;
    const std::size_t why_at = kPrefix.size() + kTimeLetters + 1;
    for (const std::string& name : TRY(os::list_files(folder, std::string(kEnding)))) {
        const std::int64_t taken_ms = name.starts_with(kPrefix) ? time_of(name) : 0;
        if (taken_ms == 0 || name.size() < why_at + kEnding.size()) {
            continue;
        }
        found.push_back({.name = name,
                         .taken_ms = taken_ms,
                         .bytes = file_bytes(folder + "/" + name).value_or(0),
                         .why = name.substr(why_at, name.size() - why_at - kEnding.size())});
    }
    std::reverse(found.begin(), found.end());  // names are in the order of their times
    return found;
}

Done prune_backups(const std::string& folder, std::int64_t kept) {
    for (const std::string& name : TRY(os::list_files(folder, std::string(kPart)))) {
        TRY(remove_with_logs(folder + "/" + name));
    }
    const auto copies = TRY(list_backups(folder));
    for (auto i = static_cast<std::size_t>(std::max<std::int64_t>(kept, 1)); i < copies.size();
         ++i) {
        TRY(os::remove_file(folder + "/" + copies[i].name));
    }
    return {};
}

}  // namespace tillhost::sumpd::maintenance
