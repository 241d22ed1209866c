#pragma once

#include <memory>
#include <string>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/changes.h"
#include "sumpd/store/documents.h"
#include "sumpd/store/exchange.h"
#include "sumpd/store/quarantine.h"
#include "sumpd/store/server_key.h"
#include "sumpd/store/tasks.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// All that sumpd remembers, in one folder.
class Store final {
public:
    /// Opens or makes it, cleans up after a kill, and goes on with an import that was interrupted.
    /// The folder must be there and this process's alone (os::FileLock is the caller's). Errors:
    /// storage_failed, storage_full, system_failed, bad_field (server.key, see ServerKey).
    static base::Result<std::unique_ptr<Store>> open(const std::string& folder,
                                                     const os::Clock& clock,
                                                     const os::Logger& logger,
                                                     ExchangeSettings settings);
    /// Stops first.
    ~Store();

    /// Ends all waits, now and later ones, so that the threads that ask can end.
    void stop();

    Transactions& transactions() { return *transactions_; }
    Documents& documents() { return documents_; }
    Changes& changes() { return *changes_; }
    Tasks& tasks() { return tasks_; }
    Exchange& exchange() { return *exchange_; }
    Audit& audit() { return audit_; }
    Quarantine& quarantine() { return quarantine_; }
    /// Made at the first opening; told to apps when they enrol.
    const exchange::Uuid& server_id() const { return server_id_; }
    const ServerKey& key() const { return key_; }

private:
    Store(std::unique_ptr<Transactions> transactions, std::unique_ptr<Changes> changes,
          const os::Clock& clock, exchange::Uuid server_id, ServerKey key);

    std::unique_ptr<Transactions> transactions_;
    std::unique_ptr<Changes> changes_;
    Audit audit_;
    Documents documents_;
    Tasks tasks_;
    Quarantine quarantine_;
    exchange::Uuid server_id_;
    const ServerKey key_;
    std::unique_ptr<Exchange> exchange_;  ///< last: its thread uses the others
};

}  // namespace tillhost::sumpd::store
