#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "sumpd/store/audit.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::gateway {

/// Which of the shop's devices apps may see and use: all that an administrator has not hidden
/// (table device_choice). Any thread; only set_visible() waits for the disk.
class DeviceChoice final {
public:
    /// Reads the table. Both outlive it. Errors: storage_failed.
    static base::Result<std::unique_ptr<DeviceChoice>> open(store::Transactions& transactions,
                                                            const store::Audit& audit);

    bool is_visible(const std::string& device) const;
    /// Durable, and noted in the audit, when it returns. Faults: too_many, disk_full.
    exchange::Outcome<bool> set_visible(const std::string& device, bool is_visible,
                                        const std::string& login, const std::string& address);

private:
    DeviceChoice(store::Transactions& transactions, const store::Audit& audit)
        : transactions_(transactions), audit_(audit) {}

    store::Transactions& transactions_;
    const store::Audit& audit_;
    std::mutex writing_;  ///< one change at a time, held until it is on the disk
    mutable std::mutex mutex_;
    std::set<std::string> hidden_;  ///< under mutex_
};

}  // namespace tillhost::sumpd::gateway
