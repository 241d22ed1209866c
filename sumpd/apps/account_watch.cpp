#include "sumpd/apps/account_watch.h"

#include "sumpd/apps/registry_tables.h"

namespace tillhost::sumpd::apps {

void AccountWatch::look() {
    if (is_current()) {
        return;
    }
    const std::lock_guard lock(reading_);
    const std::int64_t newest = this->newest();
    if (read_at_.load(std::memory_order_acquire) == newest) {
        return;
    }
    auto accounts = read_accounts(store_.transactions());
    if (!accounts) {
        logger_.warning("the users cannot be read", {{"error", accounts.error().message}});
        return;
    }
    registry_.set_accounts(std::move(*accounts));
    read_at_.store(newest, std::memory_order_release);
}

}  // namespace tillhost::sumpd::apps
