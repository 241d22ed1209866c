#include "devd/core/outbox.h"

namespace tillhost::devd::core {

void Outbox::flush() {
    const Position durable = store_.durable();
    while (!waiting_.empty() && waiting_.begin()->first <= durable) {
        const std::function<void()> action = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        action();
    }
}

}  // namespace tillhost::devd::core
