#pragma once

#include <functional>
#include <map>
#include <utility>

#include "devd/core/book_store.h"

namespace tillhost::devd::core {

/// Holds back whatever depends on the book until that part of the book is on disk: replies, `go`,
/// `persisted`. The one place where "nothing is visible before it is durable" is kept.
class Outbox final {
public:
    /// `leaky` lets everything out at once: a known bug for the simulation.
    Outbox(const BookStore& store, bool leaky) : store_(store), leaky_(leaky) {}

    /// Runs the action when `position` is durable: now if it is. Actions of one position run in
    /// the order they were given.
    template <class Action>
    void at(Position position, Action&& action) {
        if (is_out(position)) {
            action();
        } else {
            waiting_.emplace(position, std::forward<Action>(action));
        }
    }
    /// Whether what depends on `position` may be seen.
    bool is_out(Position position) const { return leaky_ || position <= store_.durable(); }
    /// The durable position has moved.
    void flush();
    bool empty() const { return waiting_.empty(); }

private:
    const BookStore& store_;
    const bool leaky_;
    std::multimap<Position, std::function<void()>> waiting_;
};

}  // namespace tillhost::devd::core
