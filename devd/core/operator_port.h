#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "devd/core/book_store.h"
#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::core {

/// An operation came into a state; nothing in it is a secret (no content, no contact, no mark).
struct OperationNote {
    base::OperationId id;
    std::string device;   ///< empty for a tombstone
    std::string command;  ///< name of its case; empty for a tombstone
    std::string client;
    contract::OperationState state = contract::OperationState::unspecified;
    std::int64_t attempt = 0;
    std::int64_t version = 0;
    std::string error;     ///< code; empty if there is none
    std::string decision;  ///< a person's note, if a person settled it
};

/// What the runtime does for the people who run devd. Called on the core's thread.
class OperatorPort {
public:
    virtual ~OperatorPort() = default;
    /// The figures, as a watcher reads them.
    virtual std::string metrics_text() = 0;
    using Copied = std::function<void(base::Result<contract::BackupReply>)>;
    /// Copies the book to a new file; `done` is called later. Errors, by `done` or at once:
    /// retry_later (a copy is under way), bad_field (path), backup_failed.
    virtual base::Done back_up(const std::string& path, Copied done) = 0;
    struct AuditPage {
        std::vector<AuditRow> rows;
        std::string former_hash;
        std::uint64_t last = 0;
    };
    using Read = std::function<void(base::Result<AuditPage>)>;
    /// Reads records of the audit; `done` is called later. Errors, by `done` or at once:
    /// retry_later (too many are reading), storage_failed.
    virtual base::Done read_audit(std::uint64_t first, std::size_t limit, Read done) = 0;
    /// Once for each change of state, when it is durable, in the order of the changes.
    virtual void on_operation(const OperationNote& note) = 0;
};

}  // namespace tillhost::devd::core
