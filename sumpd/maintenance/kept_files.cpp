#include "sumpd/maintenance/kept_files.h"

#include <string_view>

#include "hal/base/bytes.h"
#include "hal/os/files.h"
#include "sumpd/exchange/text_form.h"
#include "sumpd/maintenance/file_steps.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::maintenance {

using base::Done;

namespace {

constexpr unsigned kKeyMode = 0600;

/// What was kept is a name and no path.
bool is_ours(std::string_view name) {
    return name.find('/') == std::string_view::npos && !name.starts_with('.') &&
           (name.ends_with(".crt") || name.ends_with(".key"));
}

}  // namespace

base::Result<std::vector<std::string>> kept_file_names(const std::string& folder) {
    std::vector<std::string> names;
    for (const std::string& name : TRY(os::list_files(folder, ""))) {
        if (is_ours(name)) {
            names.push_back(name);
        }
    }
    return names;
}

Done keep_files(database::Database& copy, const std::string& folder) {
    TRY(copy.run("DROP TABLE IF EXISTS kept_file"));
    TRY(copy.run("CREATE TABLE kept_file (name TEXT PRIMARY KEY, content TEXT NOT NULL)"));
    for (const std::string& name : TRY(kept_file_names(folder))) {
        const auto bytes = TRY(os::read_file(folder + "/" + name, kKeptFileBytesMax));
        TRY(copy.run("INSERT INTO kept_file VALUES (:a, :b)", {name, exchange::base64_of(bytes)}));
    }
    return {};
}

Done put_kept_files_back(const std::string& path, const std::string& folder) {
    const auto database = TRY(database::Database::open(path, store::kApplicationId));
    const auto tables = TRY(database->query(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'kept_file'", "i"));
    if (std::get<std::int64_t>(tables.at(0).at(0)) == 0) {
        return {};
    }
    for (const auto& row : TRY(database->query("SELECT name, content FROM kept_file", "tt"))) {
        const std::string& name = std::get<std::string>(row[0]);
        const auto bytes = exchange::base64_from(std::get<std::string>(row[1]));
        if (is_ours(name) && bytes) {
            TRY(os::write_atomically(folder + "/" + name, *bytes, kKeyMode));
            TRY(give_to_owner(folder + "/" + name, folder));
        }
    }
    TRY(database->run("DROP TABLE kept_file"));
    return database->empty_log();
}

}  // namespace tillhost::sumpd::maintenance
