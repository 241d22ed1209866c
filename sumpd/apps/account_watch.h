#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#include "hal/os/log.h"
#include "sumpd/apps/registry.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::apps {

/// Keeps the registry's accounts those that the accounting system has sent last. Any thread.
class AccountWatch final {
public:
    /// All outlive it.
    AccountWatch(store::Store& store, Registry& registry, const os::Logger& logger)
        : store_(store), registry_(registry), logger_(logger) {}

    /// Before each request: reads them again if an import has moved what can be seen; else it costs
    /// nothing. What cannot be read now is tried at the next request.
    void look();
    /// Whether look() would cost nothing.
    bool is_current() const { return read_at_.load(std::memory_order_acquire) == newest(); }

private:
    std::int64_t newest() const { return store_.changes().newest(); }

    store::Store& store_;
    Registry& registry_;
    const os::Logger logger_;
    std::mutex reading_;
    std::atomic<std::int64_t> read_at_{-1};
};

}  // namespace tillhost::sumpd::apps
