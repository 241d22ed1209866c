#include "devd/runtime/book_tables.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "ipc/contract/decoder.h"
#include "ipc/msgpack.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// A page of the audit fits a frame, whatever its records hold.
constexpr std::size_t kAuditPageBytesMax = 512 * 1024;

constexpr std::string_view kWatermark = "retention_watermark_ms";

/// Migration n takes a book of version n to n + 1. Forward only; a released one never changes.
constexpr std::array<const char*, 3> kMigrations{
    R"sql(
CREATE TABLE operation (
    id TEXT NOT NULL PRIMARY KEY,
    device TEXT NOT NULL,
    state TEXT NOT NULL,
    kind TEXT NOT NULL,
    client TEXT NOT NULL,
    sale_ref TEXT NOT NULL,
    version INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    start_before_ms INTEGER NOT NULL,
    accepted_at_ms INTEGER NOT NULL,
    settled_at_ms INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    decision TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    command BLOB,
    marker BLOB,
    evidence BLOB,
    result BLOB,
    error BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE host_epoch (
    device TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE fact (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
    // A step of a sale names it.
    "ALTER TABLE operation ADD COLUMN parent TEXT NOT NULL DEFAULT '';",
    R"sql(
CREATE TABLE audit (
    number INTEGER NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
)sql"};

// A row is replaced in place: its page is written, no other row moves.
constexpr const char* kPut = R"sql(
INSERT INTO operation (id, device, state, kind, client, sale_ref, version, attempt, sequence,
    start_before_ms, accepted_at_ms, settled_at_ms, acknowledged, decision, content_hash,
    command, marker, evidence, result, error, parent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET device = excluded.device, state = excluded.state,
    kind = excluded.kind, client = excluded.client, sale_ref = excluded.sale_ref,
    version = excluded.version, attempt = excluded.attempt, sequence = excluded.sequence,
    start_before_ms = excluded.start_before_ms, accepted_at_ms = excluded.accepted_at_ms,
    settled_at_ms = excluded.settled_at_ms, acknowledged = excluded.acknowledged,
    decision = excluded.decision, content_hash = excluded.content_hash,
    command = excluded.command, marker = excluded.marker, evidence = excluded.evidence,
    result = excluded.result, error = excluded.error, parent = excluded.parent
)sql";
constexpr const char* kSelect = R"sql(
SELECT id, device, state, kind, client, sale_ref, version, attempt, sequence, start_before_ms,
    accepted_at_ms, settled_at_ms, acknowledged, decision, content_hash,
    command, marker, evidence, result, error, parent
FROM operation
)sql";

std::int64_t to_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t to_unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

template <class T>
std::optional<base::Bytes> blob_of(const std::optional<T>& value) {
    if (!value) {
        return std::nullopt;
    }
    return ipc::encode_msgpack(contract::to_value(*value));
}

std::optional<base::Bytes> blob_of(const std::vector<contract::Evidence>& evidence) {
    if (evidence.empty()) {
        return std::nullopt;
    }
    return ipc::encode_msgpack(contract::put(evidence, contract::Style::wire));
}

template <class T>
Done read_blob(const std::optional<base::Bytes>& blob, const char* column, std::optional<T>& to) {
    if (blob) {
        const contract::Value value = TRY(ipc::decode_msgpack(*blob));
        to = TRY(contract::from_value<T>(value, column));
    }
    return {};
}

Result<contract::OperationState> state_of(std::string_view name) {
    using contract::OperationState;
    constexpr auto kLast = static_cast<unsigned>(OperationState::never_accepted);
    for (unsigned number = 1; number <= kLast; ++number) {
        const auto state = static_cast<OperationState>(number);
        if (contract::name_of(state) == name) {
            return state;
        }
    }
    return base::bad_field("state", "a state's name");
}

Done read_evidence(const std::optional<base::Bytes>& blob, std::vector<contract::Evidence>& to) {
    if (!blob) {
        return {};
    }
    const contract::Value value = TRY(ipc::decode_msgpack(*blob));
    const auto* items = value.get_if<contract::Value::Array>();
    if (items == nullptr) {
        return base::bad_field("evidence", "an array");
    }
    for (const contract::Value& item : *items) {
        to.push_back(TRY(contract::from_value<contract::Evidence>(item, "evidence")));
    }
    return {};
}

Result<core::OperationRow> read_row(const Statement& row) {
    core::OperationRow operation;
    operation.id = TRY(base::OperationId::from_text(row.column_text(0)));
    operation.device = row.column_text(1);
    operation.state = TRY(state_of(row.column_text(2)));
    operation.client = row.column_text(4);
    operation.sale_ref = row.column_text(5);
    operation.version = row.column_integer(6);
    operation.attempt = row.column_integer(7);
    operation.sequence = to_unsigned(row.column_integer(8));
    operation.start_before_ms = row.column_integer(9);
    operation.accepted_at_ms = row.column_integer(10);
    operation.settled_at_ms = row.column_integer(11);
    operation.acknowledged = row.column_integer(12) != 0;
    operation.decision = row.column_text(13);
    operation.content_hash = row.column_text(14);
    TRY(read_blob(row.column_blob(15), "command", operation.command));
    TRY(read_blob(row.column_blob(16), "marker", operation.marker));
    TRY(read_evidence(row.column_blob(17), operation.evidence));
    TRY(read_blob(row.column_blob(18), "result", operation.result));
    TRY(read_blob(row.column_blob(19), "error", operation.error));
    if (const std::string parent = row.column_text(20); !parent.empty()) {
        operation.parent = TRY(base::OperationId::from_text(parent));
    }
    return operation;
}

Done migrate(Database& database) {
    const std::int64_t owner = TRY(database.integer("PRAGMA application_id"));
    const std::int64_t version = TRY(database.integer("PRAGMA user_version"));
    const std::int64_t tables = TRY(database.integer("SELECT count(*) FROM sqlite_schema"));
    const auto newest = static_cast<std::int64_t>(kMigrations.size());
    if (owner != kBookApplicationId && (owner != 0 || tables != 0)) {
        return make_error(ErrorCode::storage_failed, database.path() + ": not an operation book");
    }
    if (version < 0 || version > newest) {
        return make_error(ErrorCode::storage_failed,
                          fmt::format("{}: made by a newer devd (book version {}, this one knows "
                                      "{})",
                                      database.path(), version, newest));
    }
    for (std::int64_t step = version; step < newest; ++step) {
        const std::string sql = fmt::format(
            "BEGIN IMMEDIATE; {} PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT;",
            kMigrations[static_cast<std::size_t>(step)], kBookApplicationId, step + 1);
        TRY(database.run(sql));
    }
    return {};
}

}  // namespace

struct BookTables::Statements {
    Statement put;
    Statement forget;
    Statement epoch;
    Statement fact;
    Statement audit;
    Statement begin;
    Statement commit;
};

BookTables::BookTables(std::unique_ptr<Database> database, std::unique_ptr<Statements> statements)
    : database_(std::move(database)), statements_(std::move(statements)) {}
BookTables::~BookTables() = default;

Result<std::unique_ptr<BookTables>> BookTables::open(const std::string& path) {
    auto database = TRY(Database::open(path));
    TRY(migrate(*database));
    TRY(database->check());
    // One by one: see try-in-braces in docs/style.md.
    auto put = TRY(database->prepare(kPut));
    auto forget = TRY(database->prepare("DELETE FROM operation WHERE id = ?"));
    auto epoch =
        TRY(database->prepare("INSERT INTO host_epoch (device, epoch) VALUES (?, ?) "
                              "ON CONFLICT (device) DO UPDATE SET epoch = excluded.epoch"));
    auto fact =
        TRY(database->prepare("INSERT INTO fact (name, value) VALUES (?, ?) "
                              "ON CONFLICT (name) DO UPDATE SET value = excluded.value"));
    auto audit = TRY(database->prepare("INSERT INTO audit (number, text, hash) VALUES (?, ?, ?)"));
    auto begin = TRY(database->prepare("BEGIN IMMEDIATE"));
    auto commit = TRY(database->prepare("COMMIT"));
    auto statements = std::make_unique<Statements>(
        Statements{std::move(put), std::move(forget), std::move(epoch), std::move(fact),
                   std::move(audit), std::move(begin), std::move(commit)});
    return std::unique_ptr<BookTables>(new BookTables(std::move(database), std::move(statements)));
}

Result<core::BookImage> BookTables::load() {
    core::BookImage image;
    Statement rows = TRY(database_->prepare(kSelect));
    while (TRY(rows.step())) {
        auto row = read_row(rows);
        if (!row) {
            return make_error(ErrorCode::storage_failed,
                              fmt::format("{}: operation {}: {}", database_->path(),
                                          rows.column_text(0), base::to_text(row.error())));
        }
        image.operations.push_back(std::move(*row));
    }
    Statement epochs = TRY(database_->prepare("SELECT device, epoch FROM host_epoch"));
    while (TRY(epochs.step())) {
        image.host_epochs.emplace_back(epochs.column_text(0),
                                       to_unsigned(epochs.column_integer(1)));
    }
    image.retention_watermark_ms = to_unsigned(TRY(fact(kWatermark)).value_or(0));
    image.restore_fence_ms = to_unsigned(TRY(fact(kFactRestoreFence)).value_or(0));
    image.book_epoch = TRY(fact(kFactBookEpoch)).value_or(0);
    image.book_number = TRY(fact(kFactBookNumber)).value_or(0);
    image.audit = TRY(audit_tip());
    return image;
}

Result<core::AuditTip> BookTables::audit_tip() {
    Statement newest =
        TRY(database_->prepare("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"));
    core::AuditTip tip;
    if (TRY(newest.step())) {
        tip = {to_unsigned(newest.column_integer(0)), newest.column_text(1)};
    }
    return tip;
}

Result<core::OperatorPort::AuditPage> BookTables::read_audit(std::uint64_t first,
                                                             std::size_t limit) {
    core::OperatorPort::AuditPage page;
    page.last = TRY(audit_tip()).number;
    page.former_hash = core::AuditTip().hash;
    Statement rows = TRY(database_->prepare(
        "SELECT number, text, hash FROM audit WHERE number >= ? ORDER BY number LIMIT ?"));
    // The one before the first is read for its hash.
    const std::uint64_t from = first - (first > 1 ? 1 : 0);
    rows.integer(0, to_signed(from)).integer(1, static_cast<std::int64_t>(limit + first - from));
    std::size_t bytes = 0;
    while (bytes < kAuditPageBytesMax && TRY(rows.step())) {
        core::AuditRow row{to_unsigned(rows.column_integer(0)), rows.column_text(1),
                           rows.column_text(2)};
        if (row.number < first) {
            page.former_hash = std::move(row.hash);
        } else {
            bytes += row.text.size() + row.hash.size();
            page.rows.push_back(std::move(row));
        }
    }
    return page;
}

Result<std::optional<std::int64_t>> BookTables::fact(std::string_view name) {
    Statement fact = TRY(database_->prepare("SELECT value FROM fact WHERE name = ?"));
    fact.text(0, name);
    if (!TRY(fact.step())) {
        return std::optional<std::int64_t>();
    }
    return std::optional(fact.column_integer(0));
}

Done BookTables::set_fact(std::string_view name, std::int64_t value) {
    return statements_->fact.text(0, name).integer(1, value).run();
}

Result<std::unique_ptr<DatabaseCopy>> BookTables::copy_to(const std::string& path) {
    return database_->copy_to(path);
}

Done BookTables::begin() { return statements_->begin.run(); }
Done BookTables::commit() { return statements_->commit.run(); }
void BookTables::roll_back() {
    // An error here means that SQLite rolled back by itself: there is nothing left to undo.
    [[maybe_unused]] const auto done = database_->run("ROLLBACK");
}

void BookTables::empty_log() {
    // Not possible while somebody reads; then the log stays as it is, which harms nothing.
    [[maybe_unused]] const auto done = database_->run("PRAGMA wal_checkpoint(TRUNCATE)");
}

Done BookTables::put(const core::OperationRow& row) {
    const std::string id = row.id.to_text();
    const auto command = blob_of(row.command);
    const auto marker = blob_of(row.marker);
    const auto evidence = blob_of(row.evidence);
    const auto result = blob_of(row.result);
    const auto error = blob_of(row.error);
    const std::string parent = row.parent ? row.parent->to_text() : "";
    Statement& put = statements_->put;
    put.text(0, id).text(1, row.device).text(2, contract::name_of(row.state));
    put.text(3, row.command ? contract::case_of(*row.command) : std::string_view());
    put.text(4, row.client).text(5, row.sale_ref).integer(6, row.version);
    put.integer(7, row.attempt).integer(8, to_signed(row.sequence));
    put.integer(9, row.start_before_ms).integer(10, row.accepted_at_ms);
    put.integer(11, row.settled_at_ms).integer(12, row.acknowledged ? 1 : 0);
    put.text(13, row.decision).text(14, row.content_hash);
    put.blob(15, command).blob(16, marker).blob(17, evidence).blob(18, result).blob(19, error);
    put.text(20, parent);
    return put.run();
}

Done BookTables::apply(const core::BookChange& change) {
    for (const core::OperationRow& row : change.put) {
        TRY(put(row));
    }
    for (const base::OperationId& id : change.forget) {
        const std::string text = id.to_text();
        statements_->forget.text(0, text);
        TRY(statements_->forget.run());
    }
    for (const core::AuditRow& row : change.audit) {
        statements_->audit.integer(0, to_signed(row.number)).text(1, row.text).text(2, row.hash);
        TRY(statements_->audit.run());
    }
    if (change.host_epoch) {
        statements_->epoch.text(0, change.host_epoch->first);
        TRY(statements_->epoch.integer(1, to_signed(change.host_epoch->second)).run());
    }
    if (change.retention_watermark_ms) {
        TRY(set_fact(kWatermark, to_signed(*change.retention_watermark_ms)));
    }
    return {};
}

}  // namespace tillhost::devd::runtime
