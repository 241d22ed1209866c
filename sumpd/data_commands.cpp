#include "sumpd/data_commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <string_view>

#include "hal/os/clock.h"
#include "hal/os/files.h"
#include "hal/os/journal.h"
#include "hal/os/log.h"
#include "sumpd/maintenance/audit_export.h"
#include "sumpd/maintenance/backup.h"

namespace tillhost::sumpd {

using base::Done;

namespace {

constexpr unsigned kFolderMode = 0750;

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// From the folder where whoever calls stands.
std::string absolute(const std::string& file) {
    std::error_code none;
    return std::filesystem::absolute(file, none).string();
}

}  // namespace

Done back_up(const std::string& folder, const std::string& file) {
    const os::SystemClock clock;
    const std::string path = absolute(file);
    const std::int64_t bytes = TRY(maintenance::take_backup(
        folder, path, clock.unix_ms(), [](std::int64_t, std::int64_t) { return true; }));
    print(
        fmt::format("{}: {} bytes. It holds hashes of passwords and the key of the server: keep "
                    "it as you keep the machine.\n",
                    path, bytes));
    return {};
}

Done restore(const std::string& folder, const std::string& file) {
    const os::SystemClock clock;
    const auto sink = os::open_log("sumpd");
    const os::Logger logger(*sink, os::Severity::warning);
    TRY(os::make_folder(folder, kFolderMode));
    const auto lock = TRY(os::FileLock::take(folder + "/lock"));
    const auto report = TRY(maintenance::restore(absolute(file), folder, clock, logger));
    print(fmt::format(
        "restored. Copy taken: {} (Unix ms; 0 = not told)\n"
        "documents that go to the accounting system again: {}; it knows them by DocId\n"
        "commands of which the device host is asked what became of them: {}\n"
        "messages to the accounting system have numbers from {} on\n"
        "former data: {}\n"
        "Now: start sumpd; let the accounting system send a full message; revoke again the apps "
        "and\n"
        "web tills that were revoked since the copy was taken. Apps are told to read all again.\n",
        report.taken_ms, report.documents_again, report.commands_asked, report.sent_no + 1,
        report.former.empty() ? "none" : report.former));
    return {};
}

Done audit(const std::string& folder, const std::string& what) {
    if (what == "verify") {
        const auto check = TRY(maintenance::verify_audit(folder));
        if (check.first_wrong != 0) {
            return base::make_error(base::ErrorCode::storage_failed,
                                    fmt::format("record {} of the audit does not fit: it or a "
                                                "record before it was changed",
                                                check.first_wrong));
        }
        print(
            fmt::format("{} records, all fit; newest hash {}\n", check.records, check.newest_hash));
        return {};
    }
    if (what != "export" && what != "export-csv") {
        return base::bad_field("--audit", "verify, export or export-csv");
    }
    const auto form =
        what == "export" ? maintenance::AuditForm::json_lines : maintenance::AuditForm::csv;
    TRY(maintenance::export_audit(folder, form, print));
    return {};
}

}  // namespace tillhost::sumpd
