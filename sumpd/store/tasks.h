#pragma once

#include "hal/os/clock.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/documents.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Which device works on which task. Any thread; each call blocks for the disk.
class Tasks final {
public:
    Tasks(Transactions& transactions, const os::Clock& clock)
        : transactions_(transactions), clock_(clock) {}

    /// The task is the device's alone until then; asked again by its holder it is renewed. Faults:
    /// not_found (no such task, or a deleted one), task_locked (naming the holder), too_many,
    /// disk_full, internal.
    exchange::Outcome<exchange::LockTaskResponse> lock(const AskingDevice& device,
                                                       const exchange::LockTask& request);
    /// Gives it back; one that the device does not hold is fine. Faults: too_many, internal.
    exchange::Outcome<exchange::Empty> release(const AskingDevice& device,
                                               const exchange::ReleaseTask& request);

private:
    Transactions& transactions_;
    const os::Clock& clock_;
};

}  // namespace tillhost::sumpd::store
