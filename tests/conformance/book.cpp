#include "tests/conformance/book.h"

namespace tillhost::conformance {

base::Done Book::persist(const contract::Record& record) {
    if (refuses) {
        return base::make_error(base::ErrorCode::storage_full, "the book refuses");
    }
    const bool dies = kill_at > 0 && --kill_at == 0;
    if (dies && kill_before) {
        throw Killed{};
    }
    if (const auto* kept = std::get_if<contract::Marker>(&record)) {
        marker = *kept;
        evidence.clear();
    } else if (const auto* bytes = std::get_if<contract::Evidence>(&record)) {
        evidence.push_back(*bytes);
    } else {
        result = std::get<contract::OperationResult>(record);
    }
    if (dies) {
        throw Killed{};
    }
    return {};
}

contract::Pending Book::pending(const contract::Command& command) const {
    contract::Pending pending;
    pending.attempt = 1;
    pending.command = command;
    pending.marker = *marker;
    pending.evidence = evidence;
    return pending;
}

void Book::begin_next() {
    std::optional<contract::OperationResult> kept = result ? std::move(result) : std::move(last);
    *this = {};
    last = std::move(kept);
}

}  // namespace tillhost::conformance
