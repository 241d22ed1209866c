#pragma once

#include <string>
#include <utility>
#include <vector>

#include "devd/core/book_store.h"
#include "hal/os/clock.h"

namespace tillhost::devd::core {

/// Refusals of one minute that get a record each; of the others their number is kept.
inline constexpr int kRefusalsPerMinuteMax = 60;

/// Who did what, for how much, with what result: a chain of records of which each holds the hash of
/// the one before it (ipc/schema/v1/audit.yaml, docs/formats/audit.md).
///
/// A record stands in the same change of the book as what it tells: either both are on disk or
/// neither is.
class Audit final {
public:
    Audit(const os::Clock& clock, AuditTip tip) : clock_(clock), tip_(std::move(tip)) {}

    /// Who is being served until the next call; empty: nobody, devd works by itself.
    void serve(std::string who, std::string client) {
        served_ = std::move(who);
        client_ = std::move(client);
    }
    /// Number and time are filled in, and who brought it about if it is not the record's own.
    void add(contract::AuditRecord record);
    /// An operation is about to come to its end.
    void settled(const OperationRow& row);
    /// Somebody asked for what he may not; many of them do not fill the disk.
    void refused(const std::string& who, std::string_view request, const base::Error& error);

    /// What the next change of the book has to hold.
    std::vector<AuditRow> take() { return std::exchange(waiting_, {}); }
    bool has_waiting() const { return !waiting_.empty(); }
    const AuditTip& tip() const { return tip_; }

private:
    const os::Clock& clock_;
    AuditTip tip_;
    std::string served_;  ///< as people are told
    std::string client_;  ///< the same as the book has it
    std::vector<AuditRow> waiting_;
    std::int64_t refusals_minute_ = 0;  ///< since 1970
    int refusals_ = 0;                  ///< in that minute
};

/// The hash of a record behind another one.
std::string audit_hash(const std::string& former, const std::string& text);

}  // namespace tillhost::devd::core
