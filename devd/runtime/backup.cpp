#include "devd/runtime/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "devd/core/operation_book.h"
#include "hal/os/files.h"
#include "ipc/contract/envelope.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::OperationState;

constexpr mode_t kMode = 0640;
/// Hosts started by the lost part had epochs that this book does not know; none may come again.
constexpr std::uint64_t kEpochLeap = 1'000'000;

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

Done sync_path(const std::string& path, int flags) {
    const os::Descriptor fd(::open(path.c_str(), flags | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) {
        return os::system_error(path, errno);
    }
    return {};
}

bool is_there(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0;
}

Done make_empty(const std::string& path) {
    TRY(os::remove_file(path));
    const os::Descriptor fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode));
    if (!fd.valid()) {
        return os::system_error(path, errno);
    }
    return {};
}

/// What SQLite may have left beside a database.
Done remove_with_logs(const std::string& path) {
    for (const char* ending : {"", "-wal", "-shm", "-journal"}) {
        TRY(os::remove_file(path + ending));
    }
    return {};
}

}  // namespace

// --- the copy

Result<std::unique_ptr<BookBackup>> BookBackup::begin(BookTables& book, std::string path,
                                                      std::int64_t taken_at_ms) {
    if (!path.starts_with('/') || path.ends_with('/')) {
        return base::bad_field("path", "the absolute path of a new file");
    }
    if (is_there(path)) {
        return base::bad_field("path", "a new file: " + path + " is there already");
    }
    std::unique_ptr<BookBackup> backup(new BookBackup(std::move(path), taken_at_ms));
    const std::string part = backup->path_ + ".part";
    if (const Done made = make_empty(part); !made) {
        return base::bad_field("path", "in a folder that devd may write: " + made.error().detail);
    }
    backup->copy_ = TRY(book.copy_to(part));
    return backup;
}

BookBackup::~BookBackup() {
    copy_.reset();
    // What cannot be removed is found and removed by the next copy of that name.
    [[maybe_unused]] const Done removed = remove_with_logs(path_ + ".part");
}

Result<std::optional<std::uint64_t>> BookBackup::step() {
    if (!TRY(copy_->step(kBackupPagesPerStep))) {
        return std::optional<std::uint64_t>();
    }
    return std::optional(TRY(finish()));
}

Result<std::uint64_t> BookBackup::finish() {
    const std::string part = path_ + ".part";
    {
        const auto tables = TRY(BookTables::open(part));
        TRY(tables->begin());
        TRY(tables->set_fact(kFactBackupTaken, taken_at_ms_));
        TRY(tables->commit());
        tables->empty_log();
    }
    TRY(sync_path(part, O_RDONLY));
    struct stat found {};
    // A hard link never replaces what came there meanwhile.
    if (::stat(part.c_str(), &found) != 0 || ::link(part.c_str(), path_.c_str()) != 0) {
        return os::system_error(path_, errno);
    }
    TRY(os::remove_file(part));
    TRY(sync_path(folder_of(path_), O_RDONLY | O_DIRECTORY));
    return static_cast<std::uint64_t>(found.st_size);
}

// --- the restore

namespace {

Done copy_file(const std::string& from, const std::string& to) {
    const os::Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!source.valid()) {
        return make_error(ErrorCode::config_invalid, os::system_error(from, errno).detail);
    }
    TRY(make_empty(to));
    const os::Descriptor target(::open(to.c_str(), O_WRONLY | O_CLOEXEC));
    char block[65536];
    ssize_t count = 0;
    while ((count = ::read(source.get(), block, sizeof block)) > 0) {
        for (ssize_t written = 0; written < count;) {
            const ssize_t more =
                ::write(target.get(), block + written, static_cast<std::size_t>(count - written));
            if (more < 0) {
                return os::system_error(to, errno);
            }
            written += more;
        }
    }
    if (count < 0) {
        return os::system_error(from, errno);
    }
    return {};
}

/// What happened to it after the copy was taken is not known: nothing of it is begun again.
void put_in_doubt(core::OperationRow& row) {
    const auto error = contract::to_contract(
        make_error(ErrorCode::book_restored,
                   "it was not settled when the copy was taken; look whether the device made its "
                   "document, and decide",
                   base::Effect::unknown));
    row.error = error;
    row.version += 1;
    row.state = row.command && core::is_money(*row.command) ? OperationState::in_doubt
                                                            : OperationState::failed;
}

Done fence_off(BookTables& book, const os::Clock& clock, std::int64_t former_epoch,
               RestoreReport& report) {
    core::BookImage image = TRY(book.load());
    const std::int64_t now_ms = clock.unix_ms();
    report.taken_at_ms = TRY(book.fact(kFactBackupTaken)).value_or(0);
    if (now_ms < report.taken_at_ms) {
        return make_error(ErrorCode::config_invalid,
                          "this machine's clock stands before the time at which the copy was "
                          "taken: set it first");
    }
    const auto lead = std::chrono::duration_cast<std::chrono::milliseconds>(core::kIdLeadMax);
    report.book_epoch = std::max({now_ms, image.book_epoch + 1, former_epoch + 1});
    report.fence_ms =
        std::max(static_cast<std::uint64_t>(now_ms + lead.count()), image.restore_fence_ms);
    report.operations = image.operations.size();
    core::BookChange change;
    for (core::OperationRow& row : image.operations) {
        if (!core::is_final(row.state)) {
            put_in_doubt(row);
            report.for_person += row.state == OperationState::in_doubt ? 1 : 0;
            row.settled_at_ms = core::is_final(row.state) ? now_ms : 0;
            change.put.push_back(std::move(row));
        }
    }
    TRY(book.begin());
    TRY(book.apply(change));
    for (const auto& [device, epoch] : image.host_epochs) {
        core::BookChange leap;
        leap.host_epoch = {device, epoch + kEpochLeap};
        TRY(book.apply(leap));
    }
    TRY(book.set_fact(kFactBookEpoch, report.book_epoch));
    TRY(book.set_fact(kFactRestoreFence, static_cast<std::int64_t>(report.fence_ms)));
    TRY(book.commit());
    book.empty_log();
    return {};
}

/// The former book's epoch, and its log moved into its file, if it can be read at all.
std::int64_t close_former(const std::string& path) {
    auto former = BookTables::open(path);
    if (!former) {
        return 0;
    }
    (*former)->empty_log();
    const auto epoch = (*former)->fact(kFactBookEpoch);
    return epoch ? epoch->value_or(0) : 0;
}

/// Restored by root, the book is still of devd's user, as its folder is.
Done give_to_owner(const std::string& path, const std::string& folder) {
    struct stat owner {};
    if (::geteuid() != 0) {
        return {};
    }
    if (::stat(folder.c_str(), &owner) != 0 ||
        ::chown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
        return os::system_error(path, errno);
    }
    return {};
}

/// A log that stayed behind would be taken for the new file's.
Done keep_former(const std::string& path, RestoreReport& report) {
    report.former = fmt::format("{}.before-{}", path, report.book_epoch);
    if (::link(path.c_str(), report.former.c_str()) != 0) {
        return os::system_error(report.former, errno);
    }
    const std::string log = path + "-wal";
    if (is_there(log) && ::rename(log.c_str(), (report.former + "-wal").c_str()) != 0) {
        return os::system_error(log, errno);
    }
    return os::remove_file(path + "-shm");
}

}  // namespace

Result<RestoreReport> restore_book(const RestoreOptions& options, const os::Clock& clock) {
    const std::string path = options.folder + "/book.db";
    const std::string made = path + ".restored";
    RestoreReport report;
    TRY(remove_with_logs(made));
    if (!options.from.empty()) {
        TRY(copy_file(options.from, made));
    }
    if (!options.from.empty() &&
        is_there(options.from + "-wal")) {  // of a book whose devd did not end in order
        TRY(copy_file(options.from + "-wal", made + "-wal"));
    }
    const bool former = is_there(path);
    const std::int64_t former_epoch = former ? close_former(path) : 0;
    {
        const auto book = TRY(BookTables::open(made));
        TRY(fence_off(*book, clock, former_epoch, report));
    }
    TRY(give_to_owner(made, options.folder));
    TRY(sync_path(made, O_RDONLY));
    if (former) {
        TRY(keep_former(path, report));
    }
    if (::rename(made.c_str(), path.c_str()) != 0) {
        return os::system_error(path, errno);
    }
    TRY(sync_path(options.folder, O_RDONLY | O_DIRECTORY));
    return report;
}

}  // namespace tillhost::devd::runtime
