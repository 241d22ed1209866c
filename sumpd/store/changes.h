#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "sumpd/exchange/operations.h"
#include "sumpd/store/documents.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Calls that may wait for a change at one time, each on a thread of its caller's; one more is
/// answered at once.
inline constexpr std::size_t kChangeWaitersMax = 32;

/// The feed of objects to apps, by the number of their last change. Any thread.
class Changes final {
public:
    /// Reads where the numbering stands. Errors: storage_failed.
    static base::Result<std::unique_ptr<Changes>> open(Transactions& transactions);

    /// What changed behind the cursor, oldest change first: objects for all stores and those for
    /// the device's, tombstones too, at most `max_bytes` of JSON (one object at least) and
    /// kPacketObjectsMax. `more` says that another call gives more at once. Where nothing is new it
    /// asks no disk, and waits up to wait_ms for something. Faults: bad_request (cursor),
    /// resync_required, too_many, internal.
    exchange::Outcome<exchange::GetChangesResponse> get(const AskingDevice& device,
                                                        const exchange::GetChanges& request);
    /// The same as its text in JSON. Objects are kept as they are told: they are put into it
    /// unread, which is what many apps that load everything at once are served by.
    exchange::Outcome<std::string> get_as_json(const AskingDevice& device,
                                               const exchange::GetChanges& request);

    /// The same where nothing is new for an app that does not wait; else nothing. From memory.
    std::optional<std::string> unmoved_as_json(const AskingDevice& device,
                                               const exchange::GetChanges& request) const;

    /// What can be seen now reaches up to there; told when it is durable. Never goes back.
    void moved_to(std::int64_t newest);
    /// Another numbering, of which all can be seen up to `newest`: apps have to read all again.
    void begin_anew(std::string epoch, std::int64_t newest);
    /// Ends all waits, now and later ones.
    void stop();

    std::int64_t newest() const;
    std::string epoch() const;

private:
    Changes(Transactions& transactions, std::string epoch, std::int64_t newest)
        : transactions_(transactions), epoch_(std::move(epoch)), newest_(newest) {}

    struct Found;
    exchange::Outcome<Found> find(const AskingDevice& device, const exchange::GetChanges& request);
    std::int64_t wait_beyond(std::int64_t seq, std::int64_t wait_ms);

    Transactions& transactions_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string epoch_;        // guarded by mutex_
    std::int64_t newest_;      // guarded by mutex_
    std::size_t waiters_ = 0;  // guarded by mutex_
    bool stop_ = false;        // guarded by mutex_
};

}  // namespace tillhost::sumpd::store
