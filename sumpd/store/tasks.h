#pragma once

#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/documents.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

inline constexpr std::size_t kTasksPageMax = 500;

/// A task as an administrator sees it.
struct TaskRow {
    std::string id{};
    std::string store_id{};  ///< empty: of all stores
    exchange::Task task{};
    std::string holder_id{};    ///< device that works on it; empty: nobody
    std::string holder_name{};  ///< as people call it
    std::int64_t locked_until_ms = 0;
};

/// A result that came from a device which did not hold the task: it is stored like others.
struct UnlockedResult {
    std::string doc_id{};
    std::string task_id{};
    std::string device_id{};
    std::string holder_id{};  ///< who held the task then; empty: nobody
    std::int64_t received_ms = 0;
};

/// Which device works on which task. Any thread; each call blocks for the disk.
class Tasks final {
public:
    Tasks(Transactions& transactions, const Audit& audit, const os::Clock& clock)
        : transactions_(transactions), audit_(audit), clock_(clock) {}

    /// The task is the device's alone until then; asked again by its holder it is renewed. Faults:
    /// not_found (no such task, or a deleted one), task_locked (naming the holder), too_many,
    /// disk_full, internal.
    exchange::Outcome<exchange::LockTaskResponse> lock(const AskingDevice& device,
                                                       const exchange::LockTask& request);
    /// Gives it back; one that the device does not hold is fine. Faults: too_many, internal.
    exchange::Outcome<exchange::Empty> release(const AskingDevice& device,
                                               const exchange::ReleaseTask& request);

    /// All tasks behind `after` (an id; empty: from the beginning), by id; a lock whose time is
    /// over is none. At most kTasksPageMax. Faults: too_many, internal.
    exchange::Outcome<std::vector<TaskRow>> page(const std::string& after, std::size_t limit);
    /// Results of devices that did not hold the task, the newest first, at most kTasksPageMax.
    /// Faults: too_many, internal.
    exchange::Outcome<std::vector<UnlockedResult>> unlocked(std::size_t limit);
    /// By an administrator, whoever holds it. Faults: not_found (nobody does), too_many, internal.
    exchange::Outcome<exchange::Empty> free(const std::string& task_id, const std::string& login,
                                            const std::string& address);

private:
    Transactions& transactions_;
    const Audit& audit_;
    const os::Clock& clock_;
};

}  // namespace tillhost::sumpd::store
