#pragma once

#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Bodies of conflicts that wait for a decision, of one device; one above it is not kept, and its
/// app is told `retry`.
inline constexpr std::int64_t kQuarantinePerDeviceMax = 1000;

/// An app that has shown its key, and the store that its session is for.
struct AskingDevice {
    exchange::Uuid id{};
    std::string store_id{};  ///< empty: none; then only objects for all stores are given
};

/// Documents from apps. Any thread; each call blocks for the disk.
class Documents final {
public:
    Documents(Transactions& transactions, const os::Clock& clock)
        : transactions_(transactions), clock_(clock) {}

    /// Takes documents in the order given, all in one commit; each has its answer at its place:
    /// `stored` (durable), `duplicate` with the first ReceivedAt, `conflict` (id or DeviceSeq is
    /// another document's; this body is kept in quarantine), `rejected` again with the accounting
    /// system's reason. Also told: which DeviceSeq this device lacks, the lowest
    /// exchange::kMissingRangesMax ranges. `flags` are those of each document, blanks between, to
    /// be kept beside it; a document beyond their end has none. Faults: too_many, disk_full,
    /// internal.
    exchange::Outcome<exchange::PutDocumentsResponse> put(
        const AskingDevice& device, const exchange::PutDocuments& request,
        const std::vector<std::string>& flags = {});

    /// Of any device's documents: an app that was enrolled anew asks for its old ones. Faults:
    /// too_many, internal.
    exchange::Outcome<exchange::GetDocumentStatusResponse> status(
        const exchange::GetDocumentStatus& request);

private:
    Transactions& transactions_;
    const os::Clock& clock_;
};

}  // namespace tillhost::sumpd::store
