#pragma once

#include <string>

#include "sumpd/people/people.h"
#include "sumpd/store/staging.h"

// How People edits: shared by its parts.
namespace tillhost::sumpd::people {

inline constexpr std::int64_t kImportRetryMs = 1000;

/// The object as it could come in a message: its bounds are the contract's. Faults: schema_invalid
/// with the field's own name ("login").
exchange::Outcome<exchange::Empty> check_bounds(const exchange::Object& object);

/// Refused as doc_conflict where somebody changed it meanwhile; `asked` 0 asks for nothing.
exchange::Outcome<exchange::Empty> check_version(std::int64_t asked, std::int64_t is);

template <class T>
exchange::Outcome<T> People::edit(const Body<T>& body) {
    std::int64_t next = 0;
    auto done = store_.transactions().run<T>([&](store::Sql& sql) -> exchange::Outcome<T> {
        if (store::is_importing(sql)) {
            return tl::unexpected(exchange::Fault{
                .code = exchange::FaultCode::too_many,
                .message = "a message of the accounting system is being applied; try again then",
                .retry_after_ms = kImportRetryMs});
        }
        next = store::visible_seq(sql) + 1;
        auto outcome = body(sql, next);
        if (outcome) {
            store::make_visible(sql, next);
        }
        return outcome;
    });
    if (done) {
        store_.changes().moved_to(next - 1);
    }
    return done;
}

}  // namespace tillhost::sumpd::people
