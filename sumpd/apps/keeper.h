#pragma once

#include <atomic>
#include <memory>

#include "hal/os/clock.h"
#include "hal/os/descriptor.h"
#include "hal/os/thread.h"
#include "sumpd/apps/account_watch.h"
#include "sumpd/apps/orders.h"
#include "sumpd/apps/registry.h"

namespace tillhost::sumpd::apps {

/// The thread behind the registry: looks for orders, and now and then lets the registry keep what
/// it has seen.
class Keeper final {
public:
    /// All outlive it. Errors: system_failed.
    static base::Result<std::unique_ptr<Keeper>> start(Registry& registry, AccountWatch& accounts,
                                                       Orders& orders, const os::Clock& clock);
    /// Lets the registry keep once more.
    ~Keeper();

private:
    Keeper(Registry& registry, AccountWatch& accounts, Orders& orders, const os::Clock& clock,
           os::Wakeup wake)
        : registry_(registry),
          accounts_(accounts),
          orders_(orders),
          clock_(clock),
          wake_(std::move(wake)) {}
    void run();

    Registry& registry_;
    AccountWatch& accounts_;
    Orders& orders_;
    const os::Clock& clock_;
    const os::Wakeup wake_;
    std::atomic<bool> stopping_{false};
    std::unique_ptr<os::Thread> thread_;  ///< last: it uses the others
};

}  // namespace tillhost::sumpd::apps
