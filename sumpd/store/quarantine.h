#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/documents.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Documents of a revoked device that wait for a decision; one more is answered `retry`.
inline constexpr std::int64_t kRescuedPerDeviceMax = 10'000;
inline constexpr std::size_t kQuarantinePageMax = 500;

/// Why a document stands aside.
enum class QuarantineReason : std::uint8_t {
    conflict,  ///< id or DeviceSeq is another document's
    rescued,   ///< of a device that was revoked
};

/// Names a document aside: several bodies may have one id.
struct QuarantinePlace {
    std::string doc_id{};
    std::string sha256{};  ///< of its body
};

/// A document that stands aside until an administrator decides.
struct QuarantineRow {
    QuarantinePlace place{};
    std::string device_id{};
    std::int64_t device_seq = 0;
    std::string kind{};
    std::string body{};  ///< JSON of the document
    QuarantineReason reason = QuarantineReason::conflict;
    std::string words{};  ///< the reason, for people
    std::int64_t at_ms = 0;
};

/// Documents aside. Any thread; each call blocks for the disk.
class Quarantine final {
public:
    Quarantine(Transactions& transactions, const Audit& audit, const os::Clock& clock)
        : transactions_(transactions), audit_(audit), clock_(clock) {}

    /// Takes documents of a revoked device whose rescue is open, all in one commit: `stored` (here,
    /// durable), `duplicate` (here, or among the documents, already), `conflict` (another one has
    /// its id), `rejected` (an administrator has discarded it), `retry` (kRescuedPerDeviceMax).
    /// Faults: too_many, disk_full, internal.
    exchange::Outcome<exchange::PutDocumentsResponse> rescue(const AskingDevice& device,
                                                             const exchange::PutDocuments& request);

    /// Those that wait, by id, behind the last one of the page before (empty: from the beginning).
    /// At most kQuarantinePageMax. Faults: too_many, internal.
    exchange::Outcome<std::vector<QuarantineRow>> waiting(const QuarantinePlace& after,
                                                          std::size_t limit);

    /// Makes it a document like others, which goes to the accounting system once; where another
    /// document has its DeviceSeq, without one. Faults: not_found (none waits under this id and
    /// hash), doc_conflict (another document has its id: the two cannot both stand), disk_full.
    exchange::Outcome<exchange::Empty> admit(const QuarantinePlace& which, const std::string& login,
                                             const std::string& address);
    /// It is kept, marked, and goes nowhere. Faults: not_found.
    exchange::Outcome<exchange::Empty> discard(const QuarantinePlace& which,
                                               const std::string& login,
                                               const std::string& address);

private:
    Transactions& transactions_;
    const Audit& audit_;
    const os::Clock& clock_;
};

}  // namespace tillhost::sumpd::store
