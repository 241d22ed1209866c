#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "devd/core/book_store.h"
#include "devd/core/operator_port.h"
#include "devd/runtime/database.h"

namespace tillhost::devd::runtime {

/// "tilb" in ASCII; stands in the file's header, so that file(1) and we know whose it is.
inline constexpr std::int64_t kBookApplicationId = 0x74'69'6C'62;

/// Names of facts. The watermark is in core::BookImage.
inline constexpr std::string_view kFactBookNumber = "book_number";
inline constexpr std::string_view kFactBookEpoch = "book_epoch";
inline constexpr std::string_view kFactRestoreFence = "restore_fence_ms";
/// In a copy: when it was begun, Unix time in ms.
inline constexpr std::string_view kFactBackupTaken = "backup_taken_at_ms";

/// The operation book's tables (docs/formats/operation-book.md): how rows become SQL and back.
class BookTables final {
public:
    /// Takes an open file to the newest schema. Errors: storage_failed (not an operation book, made
    /// by a newer version, damaged), storage_full.
    static base::Result<std::unique_ptr<BookTables>> open(const std::string& path);

    /// Everything in the book. Errors: storage_failed naming the operation whose row cannot be
    /// read.
    base::Result<core::BookImage> load();
    base::Done begin();
    /// Part of the transaction. Errors: storage_full, storage_failed.
    base::Done apply(const core::BookChange& change);
    /// Returns when it is on disk.
    base::Done commit();
    /// After an error of the above. A transaction that SQLite has ended already is fine.
    void roll_back();
    /// Begins a copy of the whole book, see DatabaseCopy.
    base::Result<std::unique_ptr<DatabaseCopy>> copy_to(const std::string& path);
    /// Records of the audit from a number on, with the hash before them.
    base::Result<core::OperatorPort::AuditPage> read_audit(std::uint64_t first, std::size_t limit);
    /// A number kept under a name of this file; nothing if it is not there.
    base::Result<std::optional<std::int64_t>> fact(std::string_view name);
    /// Part of the transaction.
    base::Done set_fact(std::string_view name, std::int64_t value);
    const std::string& path() const { return database_->path(); }
    /// Moves the write-ahead log into the file and cuts it to nothing, where that can be done now.
    void empty_log();

private:
    struct Statements;
    BookTables(std::unique_ptr<Database> database, std::unique_ptr<Statements> statements);
    base::Done put(const core::OperationRow& row);
    base::Result<core::AuditTip> audit_tip();

    std::unique_ptr<Database> database_;
    std::unique_ptr<Statements> statements_;

public:
    ~BookTables();
};

}  // namespace tillhost::devd::runtime
