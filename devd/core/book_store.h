#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/ids.h"
#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::core {

/// How far the book has been written: the number of the last change handed to the store.
/// A reply, an event or a go leaves only when the position it depends on is durable.
using Position = std::uint64_t;

/// All the book holds of one operation. `state` never_accepted is a tombstone.
struct OperationRow {
    base::OperationId id;
    std::string device;
    std::optional<contract::Command> command;  ///< absent in a tombstone
    std::string content_hash;                  ///< 64 hex digits over canonical values
    std::string client;
    std::string sale_ref;
    contract::OperationState state = contract::OperationState::unspecified;
    std::int64_t version = 0;
    std::int64_t attempt = 0;
    std::int64_t start_before_ms = 0;
    std::int64_t accepted_at_ms = 0;
    std::int64_t settled_at_ms = 0;
    std::uint64_t sequence = 0;  ///< order of acceptance; the queue of a device follows it
    bool acknowledged = false;
    std::optional<contract::Marker> marker;
    std::vector<contract::Evidence> evidence;
    std::optional<contract::OperationResult> result;
    std::optional<contract::Error> error;
    std::string decision;  ///< an operator's note; empty if the device settled it
    std::optional<base::OperationId> parent;  ///< the sale that it is a step of

    friend bool operator==(const OperationRow&, const OperationRow&) = default;
};

/// One record of the audit as it is kept (docs/formats/audit.md).
struct AuditRow {
    std::uint64_t number = 0;
    std::string text;  ///< JSON
    std::string hash;  ///< over the former hash and the text
    friend bool operator==(const AuditRow&, const AuditRow&) = default;
};

/// The newest record of the audit; at first there is none.
struct AuditTip {
    std::uint64_t number = 0;
    std::string hash = std::string(64, '0');
    friend bool operator==(const AuditTip&, const AuditTip&) = default;
};

/// What a start reads back: everything durable, nothing else.
struct BookImage {
    std::vector<OperationRow> operations;                            ///< any order
    std::vector<std::pair<std::string, std::uint64_t>> host_epochs;  ///< last epoch by device
    std::uint64_t retention_watermark_ms = 0;  ///< ids older than this are refused
    std::int64_t book_number = 0;              ///< made at random with the book; 0: has none
    /// 0: never restored; else the Unix time in ms of the last restore.
    std::int64_t book_epoch = 0;
    /// Set by a restore: unknown ids older than this may belong to the part that was lost.
    std::uint64_t restore_fence_ms = 0;
    AuditTip audit{};
};

/// One change, atomic.
struct BookChange {
    std::vector<OperationRow> put;          ///< whole rows, replacing those of the same id
    std::vector<base::OperationId> forget;  ///< rows past their retention
    std::optional<std::pair<std::string, std::uint64_t>> host_epoch;
    std::optional<std::uint64_t> retention_watermark_ms;
    std::vector<AuditRow> audit{};  ///< added behind those that are there
};

/// Where the book is kept. Called by the core's thread only; write() never blocks on the disk.
class BookStore {
public:
    virtual ~BookStore() = default;
    /// Queues a change and gives it the next position. Changes become durable in this order.
    /// A failed commit or sync ends the process: nobody is told what is not on disk.
    virtual Position write(BookChange change) = 0;
    /// The last position that is on disk.
    virtual Position durable() const = 0;
    /// False when the disk has too little room for new money operations; those already accepted
    /// can still be finished (from the ballast).
    virtual bool has_room() const = 0;
};

}  // namespace tillhost::devd::core
